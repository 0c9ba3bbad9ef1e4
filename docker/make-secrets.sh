#!/bin/sh
# Make the secrets of a production instance once, in docker/secrets/; those that exist are kept.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
# The folder keeps other users of this machine out; the files must be readable by the users of the containers.
chmod 700 secrets
umask 333

random() { head -c "$1" /dev/urandom | base64 | tr -d '\n'; }
word() { random 48 | tr -dc 'A-Za-z0-9' | cut -c1-40; }
make() { # name, value: written once
    [ -s "secrets/$1" ] || printf '%s' "$2" >"secrets/$1"
    chmod 444 "secrets/$1"
}

make secret_key "$(word)$(word)"
make encryption_keys "k1:$(random 32)"
make blind_index_key "$(random 32)"
make webhook_secret "$(word)"
make postgres_password "$(word)"
make database_url "postgresql://communication:$(cat secrets/postgres_password)@db:5432/communication"
if ! [ -s secrets/broker_url ]; then
    password=$(word)
    make broker_url "amqp://communication:$password@rabbitmq:5672//"
    make rabbitmq_user "default_user = communication
default_pass = $password
"
fi
echo "Secrets prêts dans docker/secrets : à sauvegarder hors de cette machine."
