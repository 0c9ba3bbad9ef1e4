"""What a destination would get of a card in a file, or why it would refuse it. Nothing is written nor sent."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from integrations.errors import CommunicationError
from menus.connectors import registry
from menus.connectors.base import MenuConnector, Target
from menus.models import Destination
from menus.services import files
from menus.services.documents import document_of


class Command(BaseCommand):
    help = "Montre ce qu'une destination recevrait d'une carte (JSON, CSV ou XLSX), ou pourquoi elle la refuserait."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FICHIER")
        parser.add_argument("--to", required=True, metavar="DESTINATION", help=", ".join(sorted(registry)))

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["to"]
        if slug not in registry:
            raise CommandError(f"Destination inconnue « {slug} ». Connues : {', '.join(sorted(registry))}.")
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} ne peut pas être lu : {error.strerror}.") from None
        connector: MenuConnector = registry[slug]()
        try:
            document = connector.prepare(_as_published(content, options["file"].name), timezone.now())
            if problems := connector.problems(document):
                raise CommandError("\n".join(problems))
            body = connector.body(document, _target(connector))
        except CommunicationError as error:
            told = [problem["message"] for problem in getattr(error, "problems", [])]
            raise CommandError("\n".join(told or [str(error)])) from None
        for line in connector.left_out(document):
            self.stderr.write(line)
        if body is None:
            raise CommandError(
                f"{connector.label} ne reçoit pas la carte : elle la lit chez nous, ou une personne la recopie."
            )
        self._print(body)

    def _print(self, body: Any) -> None:
        if isinstance(body, bytes):
            # A printed card is no text: it goes to a file by « > carte.pdf ».
            binary = getattr(self.stdout, "buffer", None)
            if binary is None:
                self.stdout.write(f"{len(body)} octets.")
            else:
                binary.write(body)
        elif isinstance(body, str):
            self.stdout.write(body)
        else:
            self.stdout.write(json.dumps(body, ensure_ascii=False, indent=2))


def _as_published(content: bytes, name: str) -> dict[str, Any]:
    """The card as its revision would hold it, with what a file may leave out. Raises ContentRejected."""
    proposal = files.propose(content, name, None)
    with transaction.atomic():
        document = document_of(files.accept(proposal.document, None, based_on=""))
        # Only the reading was wanted.
        transaction.set_rollback(True)
    return document


def _target(connector: MenuConnector) -> Target:
    """The settings of the house's own destination; what is not set yet has its name for a value, as in a form.

    No secret is needed to convert.
    """
    row = Destination.objects.filter(platform=connector.slug).order_by("-is_active", "pk").first()
    known = dict(row.settings) if row else {}
    missing = connector.missing_settings(Target(settings=known))
    return Target(settings={**known, **{one.name: f"<{one.label}>" for one in missing}})
