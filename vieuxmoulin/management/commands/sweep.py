"""Do the minute sweep now, by hand: enqueue what is due, recover what a dead worker left."""

from typing import Any

from django.core.management.base import BaseCommand

from vieuxmoulin import sweep


class Command(BaseCommand):
    help = "Fait le balayage tout de suite, sans attendre beat."

    def handle(self, *args: Any, **options: Any) -> None:
        for name, number in sweep.sweep().items():
            if number:
                self.stdout.write(f"{name} : {number}")
