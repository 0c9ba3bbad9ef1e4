"""A card from a file: what it changes is printed, then written, and published when asked. On faults, nothing happens.

On the top floor rather than in `menus`: publishing opens a task in the journal, as the screens and the API do.
"""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from integrations.errors import CommunicationError
from menus import queries
from menus.changes import Change, Kind
from menus.models import Menu
from menus.services import files
from vieuxmoulin.backoffice.pages import uuid_of
from vieuxmoulin.orchestrator.menus import update_menu

SIGNS = {Kind.ADDED: "+", Kind.REMOVED: "-", Kind.MOVED: "~", Kind.CHANGED: "*"}


class Command(BaseCommand):
    help = "Importe une carte (JSON, CSV ou XLSX) ; dit ce qui change, et n'écrit rien s'il y a une faute."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FICHIER")
        parser.add_argument("--menu", metavar="CARTE", help="Nom ou identifiant de la carte à modifier.")
        parser.add_argument("--new", action="store_true", help="Faire une nouvelle carte.")
        parser.add_argument("--partial", action="store_true", help="Garder les plats que le fichier ne nomme pas.")
        parser.add_argument("--dry-run", action="store_true", help="Dire ce qui changerait, sans rien écrire.")
        parser.add_argument("--publish", action="store_true", help="Publier sur toutes les destinations actives.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            content = options["file"].read_bytes()
        except OSError as error:
            raise CommandError(f"{options['file']} ne peut pas être lu : {error.strerror}.") from None
        try:
            self._import(content, options)
        except CommunicationError as error:
            told = [problem["message"] for problem in getattr(error, "problems", [])]
            raise CommandError("\n".join(told or [str(error)])) from None

    def _import(self, content: bytes, options: dict[str, Any]) -> None:
        menu = None if options["new"] else _menu(options["menu"], content, options["file"].name)
        proposal = files.propose(content, options["file"].name, menu, is_partial=options["partial"])
        for change in proposal.changes:
            self.stdout.write(_line(change))
        for warning in proposal.warnings:
            self.stderr.write(f"Attention : {warning}")
        if options["dry_run"]:
            self.stdout.write(f"{len(proposal.changes)} changement(s), rien d'écrit.")
            return
        # Together: a card that cannot be published must not stay half imported.
        with transaction.atomic():
            written = files.accept(proposal.document, menu, based_on=proposal.based_on)
            written.refresh_from_db()
            made = update_menu(written) if options["publish"] else None
        self.stdout.write(f"« {written.name} » : {len(proposal.changes)} changement(s) écrit(s).")
        if made:
            places = ", ".join(sync.destination.name for sync in made.syncs) or "aucune destination"
            self.stdout.write(f"Version n° {made.revision.number} publiée ; elle part vers : {places}.")


def _menu(asked: str | None, content: bytes, name: str) -> Menu | None:
    """The card meant: the one named, the one whose identity the file carries, else the one that guests see."""
    if asked:
        found = Menu.objects.filter(pk=uuid_of(asked)) if uuid_of(asked) else Menu.objects.filter(name=asked)
        if found.count() != 1:
            known = ", ".join(f"{one.name} ({one.pk})" for one in Menu.objects.all()[:20]) or "aucune"
            raise CommandError(f"{found.count()} carte(s) « {asked} ». Cartes : {known}.")
        return found.get()
    if name.casefold().endswith(".json"):
        return Menu.objects.filter(pk=files.identity(content)).first()
    revision = queries.revision_in_force()
    if revision is not None:
        return revision.menu
    if Menu.objects.count() > 1:
        raise CommandError("Plusieurs cartes, aucune en vigueur : dites laquelle avec --menu, ou --new.")
    return Menu.objects.first()


def _line(change: Change) -> str:
    told = f"{SIGNS[change.kind]} {change.what} « {change.name} »"
    told += f", {change.field}" if change.field else ""
    if change.before and change.after:
        return f"{told} : {change.before} → {change.after}"
    return f"{told} : {change.after or change.before}" if change.after or change.before else told
