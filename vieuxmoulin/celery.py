"""The Celery application: its settings are the CELERY_* names of settings.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun, worker_init, worker_process_init
from django.db import close_old_connections
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vieuxmoulin.settings")

# A broker that holds the line and says no word: who queues something must not wait for it without end. By transport.
DUMB_AFTER_SECONDS = 3.0
AMQP = {"read_timeout": DUMB_AFTER_SECONDS, "write_timeout": DUMB_AFTER_SECONDS}
REDIS = {"socket_timeout": DUMB_AFTER_SECONDS}
DEADLINES = {"amqp": AMQP, "amqps": AMQP, "redis": REDIS, "rediss": REDIS}


class House(Celery):
    """Celery whose writing lines have a deadline; a worker that waits for work has none, and must not."""

    def connection_for_write(self, url: str | None = None, **options: Any) -> Any:
        address = url or self.conf.broker_write_url or ""
        deadlines = DEADLINES.get(address.partition(":")[0], {})
        given = {**deadlines, **(options.pop("transport_options", None) or {})}
        return super().connection_for_write(url, transport_options=given, **options)


app = House("vieuxmoulin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@worker_init.connect
@worker_process_init.connect
def get_ready(**_: Any) -> None:
    """Before the first task, in the worker and in each process that it forks."""
    # Here: Django is set up by now, and not when this file is read.
    from vieuxmoulin.warming import warm

    warm()


@worker_init.connect
def know_its_place(**_: Any) -> None:
    """Before its processes are forked, which take after it."""
    from django.conf import settings

    from vieuxmoulin.precedence import give_way

    give_way(settings.WORKER_NICE)


@task_prerun.connect
def drop_broken_connection(**_: Any) -> None:
    """A database that restarted cut every line; with CELERY_DB_REUSE_MAX, Celery would keep a dead one for long."""
    close_old_connections()
