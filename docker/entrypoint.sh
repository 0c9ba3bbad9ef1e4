#!/bin/sh
# The roles of the image: api, worker QUEUES [celery options], beat, migrate; any other command is run as it is.
set -eu
role=${1:-api}
[ $# -eq 0 ] || shift
case "$role" in
api) exec gunicorn -c /app/vieuxmoulin/gunicorn_conf.py "$@" ;;
worker)
    queues=$1
    shift
    exec celery -A vieuxmoulin worker --loglevel "${LOG_LEVEL:-info}" --queues "$queues" \
        --hostname "worker@$(hostname)" --without-gossip --without-mingle "$@"
    ;;
beat) exec celery -A vieuxmoulin beat --loglevel "${LOG_LEVEL:-info}" --pidfile '' --max-interval 5 ;;
migrate)
    python manage.py migrate --noinput
    exec python manage.py schedule
    ;;
*) exec "$role" "$@" ;;
esac
