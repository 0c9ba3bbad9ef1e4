"""The card of the measure and its eight destinations, played by the sandbox; run in the house. Prints facts as JSON."""

import copy

from django.utils import timezone

from integrations.models import Credential
from integrations.sandbox import faults
from integrations.sandbox.models import Fault
from menus.models import Destination
from menus.services import confirmations
from tests.bench.menu import CATEGORIES, DISHES, SLOW_SECONDS
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import FULL
from vieuxmoulin.orchestrator import menus

# Two places at platforms where a restaurant may well have two; the page and the PDF are ours.
TWICE = {"hubrise": {"catalog_id": "carte-2"}, "deliveroo": {"site_id": "100122", "menu_id": "carte-2"}}
FOR_EVER = 100_000


def prepare() -> None:
    """Eight destinations, each slow."""
    for slug, target in TARGETS.items():
        for rank, more in enumerate([{}, TWICE[slug]] if slug in TWICE else [{}]):
            access = Credential.objects.create(platform=slug, name=f"bench {rank}", secrets=dict(target.secrets))
            place = Destination.objects.create(
                platform=slug, name=f"bench {rank}", credential=access, settings={**target.settings, **more}
            )
            confirmations.subscribe(place)
    for slug in ("website", "pdf"):
        Destination.objects.create(platform=slug, name="bench")


def slow_down() -> None:
    """Each call to a vendor takes its time."""
    Fault.objects.all().delete()
    for slug in TARGETS:
        vendor = {"google": "google_menus"}.get(slug, slug)
        faults.inject(vendor, "slow", times=FOR_EVER, seconds=SLOW_SECONDS)


def document() -> dict:
    """A card of many dishes."""
    made = copy.deepcopy(FULL)
    dish = {
        "price_cents": 1500,
        "tax": {"eat_in": "10.0", "delivery": "10.0"},
        "allergens": ["milk"],
        "availability": {"status": "available"},
    }
    made["categories"] = [
        {
            "id": f"c{rank}",
            "name": f"Catégorie {rank}",
            "items": [
                {**dish, "id": f"plat-{rank}-{number}", "name": f"Plat {rank} {number}", "description": "De saison."}
                for number in range(DISHES // CATEGORIES)
            ],
        }
        for rank in range(CATEGORIES)
    ]
    for key in ("option_groups", "formulas", "languages", "default_language"):
        made.pop(key, None)
    return made


def publish() -> None:
    """Ask for the card to be everywhere; prints when that was accepted."""
    slow_down()
    menus.update_menu(document())
    print(timezone.now().timestamp())  # noqa: T201 (read by the bench)
