"""How gunicorn serves the project, in embedded mode and in production: `gunicorn -c vieuxmoulin/gunicorn_conf.py`."""

import os
import signal

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vieuxmoulin.settings")

from django.conf import settings  # noqa: E402 - needs the line above

from vieuxmoulin import instance  # noqa: E402 - as above

wsgi_app = "vieuxmoulin.wsgi:application"
bind = os.environ.get("BIND") or f"127.0.0.1:{settings.PORT}"
worker_class = "gthread"
threads = int(os.environ.get("WEB_THREADS", "16"))
# Embedded: one process only, since the worker and the beat live in it.
workers = 1 if settings.EMBEDDED else int(os.environ.get("WEB_CONCURRENCY", "2"))
timeout = 60
graceful_timeout = 20
keepalive = 5
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "warning")
control_socket_disable = True
# Behind the proxy of docker/, the scheme comes from its header; nobody else may set it.
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")

_engine = None


def when_ready(server):
    """Say where this server is, for `./run demo`, for the tests, and for a second `./run`."""
    instance.write_facts(settings.VAR_DIR, url=f"http://127.0.0.1:{settings.PORT}", port=settings.PORT, pid=os.getpid())


def post_worker_init(worker):
    """Start the queue's threads beside the web ones, then tell the person at the keyboard."""
    global _engine
    from vieuxmoulin.warming import warm

    warm()
    if settings.EMBEDDED:
        from vieuxmoulin.embedded import Engine

        _engine = Engine()
        _engine.start()
    if os.environ.get("RUN_BANNER") and worker.age == 1:
        print(os.environ["RUN_BANNER"], flush=True)  # noqa: T201 - what `./run` shows
        from vieuxmoulin.demo import first_play

        first_play.start()


def worker_exit(server, worker):
    """Stop the queue's threads; also called in the main process for a worker that died, where there are none."""
    global _engine
    if _engine is None:
        return
    # Ctrl-C reaches this process from the terminal and again from gunicorn: the second must not cut the stop short.
    for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _engine.stop()
    _engine = None


def on_exit(server):
    """Forget the address of a server that is gone; logins stay."""
    instance.write_facts(settings.VAR_DIR, url=None, port=None, pid=None)
