"""Write the periodic jobs where beat reads them; running it again changes nothing but what schedule.py changed."""

from typing import Any

from django.core.management.base import BaseCommand
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from vieuxmoulin.schedule import JOBS


class Command(BaseCommand):
    help = "Installe les tâches périodiques par défaut (sans effet si elles y sont déjà)."

    def handle(self, *args: Any, **options: Any) -> None:
        for job in JOBS:
            interval, _ = IntervalSchedule.objects.get_or_create(every=job.seconds, period=IntervalSchedule.SECONDS)
            PeriodicTask.objects.update_or_create(
                name=job.name, defaults={"task": job.task, "interval": interval, "description": job.reason}
            )
        self.stdout.write(f"{len(JOBS)} tâches périodiques en place.")
