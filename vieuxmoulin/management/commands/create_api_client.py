"""Let a program call the API: prints its id and its secret, once."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.errors import ContentRejected
from vieuxmoulin.api import clients


class Command(BaseCommand):
    help = "Crée un client de l'API et affiche son identifiant et son secret, une seule fois."

    def add_arguments(self, parser: Any) -> None:
        parser.add_argument("name", help="Nom du programme, comme il paraîtra dans le journal des tâches.")
        parser.add_argument("--scopes", required=True, help='Droits séparés par des espaces : "publish notify".')
        parser.add_argument("--json", action="store_true", help="Une ligne de JSON, pour un script.")
        parser.add_argument("--renew", action="store_true", help="Donne un nouveau secret au client de ce nom.")

    def handle(self, *args: Any, **options: Any) -> None:
        name = options["name"].strip()
        if not name or len(name) > 150:
            raise CommandError("Donnez un nom de 1 à 150 signes.")
        if clients.exists(name) and not options["renew"]:
            raise CommandError(f"Le client « {name} » existe déjà. Pour un nouveau secret, ajoutez --renew.")
        try:
            made = clients.create_client(name, options["scopes"].split())
        except ContentRejected as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(made))
            return
        self.stdout.write(f"client_id     : {made['client_id']}")
        self.stdout.write(f"client_secret : {made['client_secret']}")
        self.stdout.write("Notez le secret maintenant : il n'est gardé ici que sous forme d'empreinte.")
