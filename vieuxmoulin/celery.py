"""The Celery application: its settings are the CELERY_* names of settings.py."""

import os
from typing import Any

from celery import Celery
from celery.signals import task_prerun
from django.db import close_old_connections
from django_structlog.celery.steps import DjangoStructLogInitStep

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "vieuxmoulin.settings")

app = Celery("vieuxmoulin")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.steps["worker"].add(DjangoStructLogInitStep)
app.autodiscover_tasks()


@task_prerun.connect
def drop_broken_connection(**_: Any) -> None:
    """A database that restarted cut every line; with CELERY_DB_REUSE_MAX, Celery would keep a dead one for long."""
    close_old_connections()
