"""The restaurant's own page: rendered from the revision in force, and proven by reading its JSON-LD back."""

import json
import re
from datetime import datetime
from typing import Any

import requests
from django.conf import settings

from integrations.errors import CommunicationError, SyncError
from integrations.registry import setting
from menus import shown
from menus.connectors import registry
from menus.connectors.base import AvailabilityChange, MenuConnector, Projection, Pushed, Target
from menus.jsonld import cents, menu_page

LD_JSON = re.compile(r'<script type="application/ld\+json"[^>]*>(.*?)</script>', re.DOTALL)


@registry.register
class Website(MenuConnector):
    slug, label = "website", "Site du restaurant"
    address = ""
    is_drawn_live = True

    @property
    def api(self) -> str:
        """Our own public address: the sandbox does not play it."""
        return setting(self.slug, "BASE_URL", settings.PUBLIC_URL).rstrip("/")

    def prepare(self, document: dict[str, Any], at: datetime) -> dict[str, Any]:
        """What the page shows at that moment: the page asks the same function."""
        return shown.on_page(document, at)

    def problems(self, document: dict[str, Any]) -> list[str]:
        if any(True for _ in shown.sold(shown.placed(document))):
            return []
        return ["Aucun plat n'est prévu pour notre page : voyez où chacun est montré, et ses dates."]

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Nothing to send: the page shows the revision in force as soon as it is committed."""
        return Pushed()

    def read(self, target: Target) -> Any:
        page = self.http.get(f"{self.api}/carte/", headers={"Cache-Control": "no-cache"}).text
        found = LD_JSON.search(page)
        if found is None:
            raise SyncError("La page de la carte ne contient pas ses données lisibles par machine.", code="no_json_ld")
        return json.loads(found.group(1))

    def project(self, document: dict[str, Any]) -> Projection:
        # The page's own data are the neutral shape's source on both sides; what it drops is dropped here.
        return self.normalise(menu_page(document, self.api))

    def normalise(self, answer: Any) -> Projection:
        sections = [
            {
                "name": section["name"],
                "items": [
                    {
                        "ref": item["@id"].rpartition("#item-")[2],
                        "name": item["name"],
                        "description": item.get("description", ""),
                        **_sold(item["offers"]),
                        "diets": [diet.rpartition("/")[2] for diet in item.get("suitableForDiet", [])],
                    }
                    for item in section.get("hasMenuItem", [])
                ],
            }
            for section in answer["hasMenu"]["hasMenuSection"]
        ]
        return {"currency": "EUR", "sections": sections}

    def set_availability(
        self, changes: list[AvailabilityChange], document: dict[str, Any], target: Target
    ) -> list[AvailabilityChange]:
        """Nothing to tell: the page is drawn from the rows."""
        return []

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return None


def _sold(offers: Any) -> dict[str, Any]:
    """The price and the stock of a dish, or those of each of its sizes."""
    if isinstance(offers, dict):
        return {"price": cents(offers["price"]), "availability": _stock(offers)}
    return {
        "variants": [{"name": one["name"], "price": cents(one["price"]), "availability": _stock(one)} for one in offers]
    }


def _stock(offer: dict[str, Any]) -> str:
    return str(offer["availability"]).rpartition("/")[2]
