"""The first evening of a new house: the demonstration plays itself once, so that a newcomer finds it alive."""

import threading
import time
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

from integrations.errors import CommunicationError
from menus.models import Destination
from menus.services import confirmations
from notifications.models import Provider
from notifications.services import subscribing
from vieuxmoulin import instance
from vieuxmoulin.demo import play

log = structlog.get_logger(__name__)
# What `load_demo` leaves in var/run.json on an empty database.
PENDING, PLAYED = "à jouer", "jouée"
START_SECONDS = 30


def start() -> threading.Thread | None:
    """Play in a thread of the server that has just started, if this house was never shown; None otherwise."""
    folder = Path(settings.VAR_DIR)
    if instance.read_facts(folder).get("demo") != PENDING or not settings.PLAY_DEMO:
        return None
    thread = threading.Thread(target=_play, args=(folder,), name="first-play", daemon=True)
    thread.start()
    return thread


def _play(folder: Path) -> None:
    facts = _when_listening(folder)
    if facts is None:
        return
    # Whatever comes of it, it is not played again at the next start: what was sent is sent.
    instance.write_facts(folder, demo=PLAYED)
    try:
        for provider in Provider.objects.select_related("credential"):
            subscribing.subscribe(provider)
        for place in Destination.objects.exclude(credential=None).select_related("credential"):
            confirmations.subscribe(place)
        api = facts["api"]
        server = play.Server(facts["url"], api["client_id"], api["client_secret"], settings.WEBHOOK_SECRET)
        for step, found in play.play(server):
            instance.say(f"  ✔ {step.title} : {found} {server.url}{step.page}")
    except (play.NotArrived, CommunicationError, OSError) as error:
        log.error("first_play_failed", reason=str(error))
        instance.say("  La démonstration ne s'est pas jouée jusqu'au bout : ./run demo la rejoue et dit pourquoi.")


def _when_listening(folder: Path) -> dict[str, Any] | None:
    """What the server says of itself, once it answers."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        facts = instance.read_facts(folder)
        if facts.get("url"):
            return facts
        time.sleep(0.1)
    return None
