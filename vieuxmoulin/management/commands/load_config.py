"""Load `config/*.json` into sealed rows; `--dry-run` only says what would be done."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vieuxmoulin import configuration


class Command(BaseCommand):
    help = "Charge config/platforms.json, notifications.json, webhooks.json et templates.json (lecture stricte)."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("folder", nargs="?", default=str(Path(settings.BASE_DIR) / "config"))
        parser.add_argument("--dry-run", action="store_true", help="Vérifie sans rien écrire.")

    def handle(self, *args: Any, **options: Any) -> None:
        plan = configuration.read(Path(options["folder"]))
        if plan.problems:
            raise CommandError("Rien n'a été chargé :\n" + "\n".join(f"- {problem}" for problem in plan.problems))
        if options["dry_run"]:
            count = len(plan.accounts) + len(plan.providers) + len(plan.endpoints) + len(plan.templates)
            self.stdout.write(f"Configuration valable : {count} éléments seraient chargés.")
            return
        for line in configuration.apply(plan):
            self.stdout.write(line)
