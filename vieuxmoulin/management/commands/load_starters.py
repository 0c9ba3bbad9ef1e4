"""The message templates and the rules of the house that a new installation starts with."""

from typing import Any

from django.core.management.base import BaseCommand

from notifications.starter import load_starters
from vieuxmoulin.starter_rules import load_starter_rules


class Command(BaseCommand):
    help = "Ajoute les modèles de messages et les automatismes de départ qui manquent ; ce qui existe ne change pas."

    def handle(self, *args: Any, **options: Any) -> None:
        templates, rules = load_starters(), load_starter_rules()
        self.stdout.write(f"Modèles ajoutés : {templates}. Automatismes ajoutés : {rules}.")
