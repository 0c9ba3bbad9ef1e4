"""HubRise, the French catalog hub that feeds delivery platforms and tills (API v1, read 2026).

A store fed by one of its bridges is never written to directly as well.
"""

from collections.abc import Mapping
from typing import Any

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    PermanentError,
)
from menus.connectors import _hubrise_catalog, _hubrise_images, _hubrise_reading, _limits, _stock, _webhooks, registry
from menus.connectors._layout import lay_out
from menus.connectors.base import (
    AvailabilityChange,
    Confirmation,
    MenuConnector,
    Outcome,
    Projection,
    Pushed,
    Setting,
    Target,
    careful,
    everything,
)
from menus.moments import all_in_stock

RULES = _hubrise_catalog.RULES
EVENTS = {"catalog": ["update"], "inventory": ["update", "patch"]}


@registry.register
class HubRise(MenuConnector):
    slug, label = "hubrise", "HubRise (livraison)"
    address = "https://api.hubrise.com/v1"
    can_suspend = has_webhook = True
    required_keys = ("access_token",)
    optional_keys = ("client_secret",)
    settings_fields = (Setting("catalog_id", "identifiant du catalogue", "Donné par HubRise à la connexion."),)

    def problems(self, document: dict[str, Any]) -> list[str]:
        card = lay_out(document, RULES)
        return [
            *_limits.emptiness(card, self.label),
            *_limits.confusions(card, document),
            *_limits.bounds(card, document),
            *_limits.same_sizes(card, document),
        ]

    def left_out(self, document: dict[str, Any]) -> list[str]:
        """Formulas also lose the prices of the platforms fed: a deal has one price."""
        card = lay_out(document, RULES)
        return [*card.left_out, *_hubrise_catalog.lost_prices(card)]

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """The photos that it lacks, the catalog, then its stock, which outlives it: a whole write of each."""
        catalog, card = self.need(target, "catalog_id"), lay_out(document, RULES)
        address = f"{self.api}/catalogs/{catalog}"

        def post_photo(content: bytes, kind: str) -> requests.Response:
            # A photo sent twice is one more that no catalog names, and vanishes.
            access = self._access(target)
            headers = {**access["headers"], "Content-Type": kind}
            return self.http.post(
                f"{address}/images", content=content, headers=headers, secrets=access["secrets"], creates=False
            )

        body = self.body(document, target)
        _hubrise_catalog.hang(body["data"], _hubrise_images.send(card, catalog, post_photo))
        self.http.put(address, json=body, **self._access(target))
        stock = _hubrise_catalog.inventory(card)
        self.http.put(f"{self.api}/catalogs/{catalog}/location/inventory", json=stock, **self._access(target))
        return Pushed(catalog, True, "HubRise a la carte ; ce que ses relais en montrent ne se lit pas d'ici.")

    def body(self, document: dict[str, Any], target: Target) -> Any:
        return {"name": document["name"], "data": self.convert(document)}

    def convert(self, document: dict[str, Any]) -> dict[str, Any]:
        """The catalog's `data`: everything there is cleared and rebuilt from it."""
        return _hubrise_catalog.convert(lay_out(document, RULES))

    def read(self, target: Target) -> Any:
        catalog = self.need(target, "catalog_id")
        answer = self.http.get(f"{self.api}/catalogs/{catalog}", **self._access(target)).json()
        return {**answer, "inventory": self._inventory(target)}

    def project(self, document: dict[str, Any]) -> Projection:
        return _hubrise_catalog.project(lay_out(document, RULES))

    @careful
    def normalise(self, answer: Any) -> Projection:
        return _hubrise_reading.normalise(answer)

    def set_availability(
        self, changes: list[AvailabilityChange], document: dict[str, Any], target: Target
    ) -> list[AvailabilityChange]:
        """One PATCH for all of them: "0" is out, null unlimited again. A deal has no stock: its whole card is written."""
        refs = {change.external_id for change in changes if change.kind != "formula"}
        hidden = {change.external_id for change in changes if change.status == "hidden"}
        now = _hubrise_catalog.stock_lines(lay_out(_stock.applied(changes, document), RULES))
        # What is withdrawn is on the card there until the next whole write.
        known = _hubrise_catalog.stock_lines(lay_out(all_in_stock(document), RULES))
        wanted = [{**line, "stock": "0" if is_out else None} for line, is_out in now if _touches(line, refs)]
        wanted += [{**line, "stock": "0"} for line, _is_out in known if _touches(line, hidden)]
        if wanted:
            path = f"{self.api}/catalogs/{self.need(target, 'catalog_id')}/location/inventory"
            self.http.patch(path, json=wanted, **self._access(target))
        return [change for change in changes if change.kind == "formula" or change.status == "hidden"]

    def read_availability(self, document: dict[str, Any], target: Target) -> dict[tuple[str, str], str]:
        out = _hubrise_reading.out_of_stock(self._inventory(target))
        found = {}
        for one in everything(document):
            key = ("option" if one.kind == "option" else "sku", one.external_id)
            if key in out:
                found[one.kind, one.ref] = "unavailable"
        return found

    def subscribe(self, url: str, target: Target) -> None:
        """One address per connection; our own writes are never told."""
        body = {"url": url, "events": EVENTS}
        self.http.post(f"{self.api}/callback", json=body, creates=False, **self._access(target))

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        _webhooks.verify(self.label, secrets.get("client_secret", ""), body, headers, "X-HubRise-Hmac-SHA256")

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[Confirmation]:
        """Another hand changed the catalog or its stock; what it became is to be read."""
        told = _webhooks.read(self.label, body)
        if told.get("resource_type") not in EVENTS or not _webhooks.text(told, "catalog_id"):
            return []
        detail = f"{_webhooks.text(told, 'resource_type')} {_webhooks.text(told, 'event_type')}"
        return [Confirmation(told["catalog_id"], Outcome.CHANGED, detail, _webhooks.text(told, "id"))]

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            body = response.json()
        except ValueError:
            return None
        if not isinstance(body, dict):
            return None
        details = "; ".join(f"{line.get('field')} : {line.get('message')}" for line in body.get("errors", []))
        said = details or body.get("message", "")
        error: type[CommunicationError]
        if response.status_code in (401, 403):
            error, sentence = AccountDisconnected, "HubRise refuse l'accès : reconnectez le restaurant."
        elif response.status_code == 404:
            error, sentence = PermanentError, "HubRise ne connaît pas ce catalogue : vérifiez son identifiant."
        elif response.status_code in (400, 422):
            error, sentence = ContentRejected, "HubRise refuse la carte."
        else:
            return None
        return error(
            f"{sentence} Il répond : « {said} ».", code=body.get("error_type", ""), vendor_answer=response.text
        )

    def _inventory(self, target: Target) -> Any:
        path = f"{self.api}/catalogs/{self.need(target, 'catalog_id')}/location/inventory"
        return self.http.get(path, **self._access(target)).json()

    @staticmethod
    def _access(target: Target) -> dict[str, Any]:
        token = target.secrets.get("access_token", "")
        return {"headers": {"X-Access-Token": token}, "secrets": [token]}


def _touches(line: dict[str, str], refs: set[str]) -> bool:
    """Whether a line of stock is that of a changed thing, or of a size of a changed dish."""
    ref = next(iter(line.values()))
    return ref in refs or any(ref.startswith(f"{one}--") for one in refs)
