"""Take the journal of security out, for an audit or another house's vault."""

from argparse import ArgumentParser
from datetime import date, datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from integrations.models import AuditEntry
from integrations.services import audit, audit_exporting


class Command(BaseCommand):
    help = "Écrit sur la sortie le journal de sécurité depuis un jour (CSV ou JSON) ; l'export y est lui-même noté."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--since", required=True, metavar="AAAA-MM-JJ", help="Premier jour, compris.")
        parser.add_argument("--format", choices=sorted(audit_exporting.FORMS), default="csv")

    def handle(self, *args: Any, since: str, format: str, **options: Any) -> None:
        try:
            day = date.fromisoformat(since)
        except ValueError:
            raise CommandError(f"« {since} » n'est pas un jour : écrivez par exemple 2026-01-31.") from None
        entries = AuditEntry.objects.filter(at__gte=timezone.make_aware(datetime.combine(day, time.min)))
        audit_exporting.note(audit.SYSTEM, entries.count(), ["since"], format)
        for part in audit_exporting.parts(entries, format):
            self.stdout.write(part, ending="")
