"""Write the periodic jobs where beat reads them; running it again changes nothing but what schedule.py changed."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand
from django_celery_beat.models import CrontabSchedule, IntervalSchedule, PeriodicTask

from vieuxmoulin.schedule import JOBS, Job


class Command(BaseCommand):
    help = "Installe les tâches périodiques par défaut (sans effet si elles y sont déjà)."

    def handle(self, *args: Any, **options: Any) -> None:
        for job in JOBS:
            PeriodicTask.objects.update_or_create(
                name=job.name, defaults={"task": job.task, "description": job.reason, **_pace(job)}
            )
        self.stdout.write(f"{len(JOBS)} tâches périodiques en place.")


def _pace(job: Job) -> dict[str, Any]:
    if job.hours:
        crontab, _ = CrontabSchedule.objects.get_or_create(minute="0", hour=job.hours, timezone=settings.TIME_ZONE)
        return {"crontab": crontab, "interval": None}
    interval, _ = IntervalSchedule.objects.get_or_create(every=job.seconds, period=IntervalSchedule.SECONDS)
    return {"interval": interval, "crontab": None}
