"""Print a new key, ready to paste into the environment."""

import base64
import json
import os
from datetime import UTC, datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from integrations.crypto import KEY_BYTES, parse_key
from integrations.vapid import new_keys


class Command(BaseCommand):
    help = "Crée une clé et l'affiche sous la forme à recopier dans .env ; rien n'est enregistré."
    # It is the cure for failing checks, so it must not wait for them.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """Which key, and its id."""
        parser.add_argument("--id", default="", help="identifiant de la clé de chiffrement (k et la date par défaut)")
        kind = parser.add_mutually_exclusive_group()
        kind.add_argument("--blind-index", action="store_true", help="créer plutôt BLIND_INDEX_KEY")
        kind.add_argument("--secret-key", action="store_true", help="créer plutôt SECRET_KEY")
        kind.add_argument("--vapid", action="store_true", help="créer plutôt la paire des notifications push (VAPID)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Write the line on standard output, the advice on standard error."""
        key = base64.b64encode(os.urandom(KEY_BYTES)).decode()
        if options["blind_index"]:
            self.stdout.write(f"BLIND_INDEX_KEY={key}")
        elif options["secret_key"]:
            self.stdout.write(f"SECRET_KEY={base64.urlsafe_b64encode(os.urandom(48)).decode()}")
        elif options["vapid"]:
            self._vapid_keys()
        else:
            self._encryption_key(options["id"] or f"k{datetime.now(UTC):%Y%m%d%H%M}", key)

    def _vapid_keys(self) -> None:
        """As `config/notifications.json` takes them, beside `subject`."""
        private_key, public_key = new_keys()
        self.stdout.write(json.dumps({"vapid_private_key": private_key, "vapid_public_key": public_key}, indent=2))
        self.stderr.write(
            "À recopier dans l'accès du prestataire « webpush », avec « subject » (mailto: et une adresse de contact). "
            "Les navigateurs s'abonnent à la clé publique : la changer perd tous les abonnements."
        )

    def _encryption_key(self, key_id: str, key: str) -> None:
        try:
            parse_key(f"{key_id}:{key}")
        except ValueError as error:
            raise CommandError(f"--id : {error}.") from None
        self.stdout.write(f"ENCRYPTION_KEYS={key_id}:{key}")
        self.stderr.write(
            "S'il y a déjà des clés : mettre celle-ci devant, séparée par une virgule, garder les autres, "
            "redémarrer, puis lancer « python manage.py rotate_keys »."
        )
