"""`./run demo`: the mission's main job against the running server, each step proven at the vendor's side."""

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from vieuxmoulin.demo import play


class Command(BaseCommand):
    help = "Joue la mission de bout en bout sur le serveur en marche ; échoue si une étape n'est pas arrivée."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            facts = play.facts_of(Path(settings.VAR_DIR) / "run.json")
            api = facts["api"]
            server = play.Server(facts["url"], api["client_id"], api["client_secret"], settings.WEBHOOK_SECRET)
        except (FileNotFoundError, KeyError, ValueError):
            raise CommandError("Aucun serveur en marche : lancez ./run dans un autre terminal.") from None
        except (play.NotArrived, OSError) as error:
            raise CommandError(f"Le serveur ne répond pas comme attendu : {error}") from None
        self._play(server)

    def _play(self, server: play.Server) -> None:
        total, started = len(play.STEPS), time.monotonic()
        done = 0
        self.stdout.write(f"Démonstration sur {server.url}, en {total} étapes")
        self.stdout.write(f"[1/{total}] {play.STEPS[0].title}…")
        try:
            for step, found in play.play(server):
                done += 1
                self.stdout.write(f"      ✔ {found}")
                self.stdout.write(f"      à voir : {server.url}{step.page}")
                if done < total:
                    self.stdout.write(f"[{done + 1}/{total}] {play.STEPS[done].title}…")
                self.stdout.flush()
        except (play.NotArrived, OSError) as error:
            raise CommandError(f"L'étape {done + 1} n'est pas arrivée : {error}") from None
        self.stdout.write(f"Tout est arrivé, en {time.monotonic() - started:.0f} s.")
