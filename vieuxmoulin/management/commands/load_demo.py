"""Fill an empty database with the restaurant of the demonstration, and keep the logins where `./run` reads them."""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vieuxmoulin.demo import first_play, restaurant


class Command(BaseCommand):
    help = "Charge la démonstration sur une base vide ; les données présentes ne changent pas."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("--facts", help="Fichier JSON où garder les accès (staff, api).")

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.SANDBOX:
            raise CommandError("La démonstration parle au bac à sable : mettez SANDBOX=on, ou passez-vous d'elle.")
        is_new = restaurant.load()
        facts = self._facts(options["facts"])
        facts["staff"] = restaurant.staff_login(facts.get("staff", {}))
        facts["api"] = restaurant.api_client(facts.get("api", {}))
        if is_new:
            facts["demo"] = first_play.PENDING
        if options["facts"]:
            self._keep(Path(options["facts"]), facts)
        self.stdout.write("Démonstration chargée." if is_new else "Des données sont déjà là : rien n'a changé.")

    @staticmethod
    def _facts(path: str | None) -> dict[str, Any]:
        try:
            return json.loads(Path(path).read_text(encoding="utf-8")) if path else {}
        except (FileNotFoundError, ValueError):
            return {}

    @staticmethod
    def _keep(path: Path, facts: dict[str, Any]) -> None:
        """Whole or not at all, and readable by its owner only: it holds a password and a secret."""
        draft = path.with_suffix(f".{os.getpid()}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(facts, file, indent=2, ensure_ascii=False)
        draft.replace(path)
