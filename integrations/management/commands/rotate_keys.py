"""Seal all encrypted values again with the first key of ENCRYPTION_KEYS."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations import rotation
from integrations.checks import check_keyring_matches, forget_other_keys
from integrations.crypto import current_key_id


class Command(BaseCommand):
    help = (
        "Rechiffre toutes les valeurs secrètes avec la première clé de ENCRYPTION_KEYS. Avant : mettre la nouvelle clé "
        "en tête, garder l'ancienne derrière, redémarrer tous les processus. Peut être interrompue et relancée."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """--dry-run."""
        parser.add_argument("--dry-run", action="store_true", help="compter sans rien écrire")

    def handle(self, *args: Any, **options: Any) -> None:
        """Rotate, or count."""
        check_keyring_matches()
        self.stdout.write(f"Clé courante : « {current_key_id()} »")
        if options["dry_run"]:
            self._count()
        else:
            self._rotate()

    def _count(self) -> None:
        total = 0
        for model, field in rotation.encrypted_fields():
            count = rotation.outdated(model, field).count()
            total += count
            self.stdout.write(f"{model._meta.label}.{field.name} : {count} à rechiffrer")
        self.stdout.write(f"Total : {total} à rechiffrer. Rien n'a été écrit.")

    def _rotate(self) -> None:
        total = rotation.Outcome()
        remaining = 0
        for model, field in rotation.encrypted_fields():
            outcome = rotation.rotate(model, field)
            remaining += rotation.outdated(model, field).count()
            total.rotated += outcome.rotated
            total.skipped += outcome.skipped
            total.unreadable += outcome.unreadable
            self.stdout.write(
                f"{model._meta.label}.{field.name} : {outcome.rotated} rechiffrées, "
                f"{outcome.skipped} modifiées entre-temps, {outcome.unreadable} illisibles"
            )
        self.stdout.write(f"Total : {total.rotated} rechiffrées")
        if total.unreadable:
            raise CommandError(
                f"{total.unreadable} valeurs ne s'ouvrent avec aucune clé de ENCRYPTION_KEYS : y ajouter la clé manquante "
                "à la fin, puis relancer. Ne retirer aucune ancienne clé d'ici là."
            )
        if remaining:
            raise CommandError(
                f"{remaining} valeurs ont été écrites avec une ancienne clé pendant l'opération : redémarrer tous les "
                "processus, puis relancer. Ne retirer aucune ancienne clé d'ici là."
            )
        forget_other_keys()
        self.stdout.write("Tout est rechiffré : les anciennes clés peuvent être retirées de ENCRYPTION_KEYS.")
