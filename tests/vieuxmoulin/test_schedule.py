"""The periodic jobs, written where beat reads them."""

import pytest
from django.core.management import call_command
from django_celery_beat.models import PeriodicTask

from vieuxmoulin.celery import app
from vieuxmoulin.schedule import JOBS

pytestmark = pytest.mark.django_db


def test_every_job_is_written_once_and_names_a_task_that_exists():
    app.loader.import_default_modules()
    call_command("schedule", verbosity=0)
    call_command("schedule", verbosity=0)

    written = dict(PeriodicTask.objects.filter(name__in=[job.name for job in JOBS]).values_list("name", "task"))

    assert written == {job.name: job.task for job in JOBS}
    assert set(written.values()) <= set(app.tasks)


def test_a_job_at_fixed_hours_follows_the_clock_of_the_restaurant():
    call_command("schedule", verbosity=0)

    crontab = PeriodicTask.objects.get(name="Épuisés redits le matin").crontab

    assert (crontab.hour, crontab.minute, str(crontab.timezone)) == ("6,10,17", "0", "Europe/Paris")


def test_a_job_that_changed_its_sort_of_pace_keeps_one():
    call_command("schedule", verbosity=0)
    row = PeriodicTask.objects.get(name="Ménage")
    row.crontab, row.interval = PeriodicTask.objects.get(name="Épuisés redits le matin").crontab, None
    row.save()

    call_command("schedule", verbosity=0)

    row.refresh_from_db()
    assert (row.crontab, row.interval.every) == (None, 86_400)
