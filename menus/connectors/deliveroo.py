"""Deliveroo, menu API v1: a PUT that a signed call confirms later, and a stock that the morning resets.

Sources: api-docs.deliveroo.com (menu API overview, guidelines, unavailabilities, menu webhook) and integrators' code.
"""

from collections.abc import Mapping
from typing import Any

from integrations.errors import PermanentError
from menus.connectors import _deliveroo_menu, _limits, _stock, _webhooks, registry
from menus.connectors._layout import lay_out
from menus.connectors._tokens import TokenConnector
from menus.connectors.base import (
    AvailabilityChange,
    Confirmation,
    Outcome,
    Projection,
    Pushed,
    Setting,
    Target,
    careful,
    everything,
)

UNCHANGED = "MATCH_EXISTING_MENU"
UPLOAD_RESULT = "menu.upload_result"
GUID, SIGNATURE = "x-deliveroo-sequence-guid", "x-deliveroo-hmac-sha256"
WEBHOOKS = "/menu/v1/integrator/webhooks/menu-events"


@registry.register
class Deliveroo(TokenConnector):
    slug, label = "deliveroo", "Deliveroo"
    address = "https://api.developers.deliveroo.com"
    login_address = "https://auth.developers.deliveroo.com"
    can_suspend = has_webhook = True
    push_carries_stock = False
    # One upload a minute and a site.
    pause_seconds = 60.0
    required_keys = ("client_id", "client_secret")
    optional_keys = ("webhook_secret",)
    access_cure = "Vérifiez l'identifiant et le secret dans le portail des développeurs de Deliveroo."
    settings_fields = (
        Setting("brand_id", "identifiant de la marque"),
        Setting("site_id", "identifiant du site", "Plusieurs sites : séparés par des virgules."),
        Setting("menu_id", "identifiant de la carte", "Choisi par nous, le même pour toujours.", default="carte"),
        Setting("cover_url", "image de couverture", "JPEG ou PNG, 1920 × 1080 au moins.", is_required=False),
        Setting("language", "langue de la carte", is_required=False, default="fr"),
        Setting("stock_path", "adresse du stock", is_required=False, default="item_unavailabilities"),
    )

    def problems(self, document: dict[str, Any]) -> list[str]:
        card = lay_out(document, _deliveroo_menu.RULES)
        return [
            *_limits.emptiness(card, self.label),
            *_limits.confusions(card, document),
            *_limits.names_from(card, document, _deliveroo_menu.SHORTEST_NAME),
            *_limits.texts_within(card, document, _deliveroo_menu.RULES.text),
            *_limits.bounds(card, document),
            *_limits.hours(card, self.label),
            *_deliveroo_menu.problems(card, document),
        ]

    def left_out(self, document: dict[str, Any]) -> list[str]:
        return list(lay_out(document, _deliveroo_menu.RULES).left_out)

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Accepted is not live: `menu.upload_result` says so. Stock is told after it, or it may not stick."""
        menu_id = self.need(target, "menu_id")
        answer = self.call("PUT", self._menu(target), target, json=self.body(document, target))
        if _result(answer) == UNCHANGED:
            return Pushed(menu_id, True, "Deliveroo a déjà cette carte.")
        return Pushed(menu_id, False, "Deliveroo a pris la carte et confirmera qu'elle est en ligne.")

    def body(self, document: dict[str, Any], target: Target) -> Any:
        card = lay_out(document, _deliveroo_menu.RULES)
        return _deliveroo_menu.convert(card, self._sites(target), self.need(target, "cover_url"))

    def read(self, target: Target) -> Any:
        menu = self.call("GET", self._menu(target), target).json()
        stock = self.call("GET", self._stock(target, self._sites(target)[0]), target).json()
        return {"menu": menu, "unavailabilities": stock, "language": self.need(target, "language")}

    def project(self, document: dict[str, Any]) -> Projection:
        return _deliveroo_menu.project(lay_out(document, _deliveroo_menu.RULES))

    @careful
    def normalise(self, answer: Any) -> Projection:
        return _deliveroo_menu.normalise(answer)

    def set_availability(
        self, changes: list[AvailabilityChange], document: dict[str, Any], target: Target
    ) -> list[AvailabilityChange]:
        """The given ones only; when one is unknown there the whole call fails, and the state is read, merged, replaced.

        Sold out ("unavailable") ends at their next morning: tell it again after opening.
        """
        changes = _stock.effective(changes, document, _deliveroo_menu.RULES)
        lines = [{"item_id": change.external_id, "status": change.status} for change in changes]
        later: list[AvailabilityChange] = []
        for site in self._sites(target) if lines else []:
            path = self._stock(target, site)
            try:
                self.call("POST", path, target, json={"item_unavailabilities": lines})
            except PermanentError as error:
                if error.code != "404":
                    raise
                self._replace_stock(path, changes, target)
                # Which one is unknown is not said; only a write of the whole card can show it.
                menu = self.call("GET", self._menu(target), target).json().get("menu") or {}
                shown = {item.get("id") for item in menu.get("items") or []}
                later = [one for one in changes if one.status == "available" and one.external_id not in shown]
        return later

    def read_availability(self, document: dict[str, Any], target: Target) -> dict[tuple[str, str], str]:
        stock = self.call("GET", self._stock(target, self._sites(target)[0]), target).json()
        out, hidden = set(stock.get("unavailable_ids") or []), set(stock.get("hidden_ids") or [])
        return {
            (one.kind, one.ref): "hidden" if one.external_id in hidden else "unavailable"
            for one in everything(document)
            if one.external_id in out | hidden
        }

    def fetch_token(self, target: Target) -> tuple[str, int]:
        root = self.login_address if self.api == self.address else self.api
        answer = self.http.post(
            f"{root}/oauth2/token", data={"grant_type": "client_credentials"}, auth=self.keys(target), creates=False
        ).json()
        return answer["access_token"], int(answer.get("expires_in") or 300)

    def subscribe(self, url: str, target: Target) -> None:
        self.call("PUT", WEBHOOKS, target, json={"webhook_url": url})

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        guid = _webhooks.header(headers, GUID).encode()
        secret = secrets.get("webhook_secret", "")
        _webhooks.verify(self.label, secret, body, headers, SIGNATURE, prefix=guid + b" ")

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[Confirmation]:
        told = _webhooks.read(self.label, body)
        if told.get("event") != UPLOAD_RESULT:
            return []
        result = _webhooks.part(_webhooks.part(told, "body"), "menu_upload_result")
        status = _webhooks.text(result, "http_status")
        if not status.isdecimal():
            return []
        outcome = Outcome.LIVE if status[0] == "2" else Outcome.REFUSED if status[0] == "4" else Outcome.RETRY
        guid = _webhooks.header(headers, GUID).strip()
        sequence = int(guid) if guid.isdecimal() and len(guid) < 20 else None
        detail = "; ".join(_errors(result.get("errors")))[:1000]
        return [Confirmation(_webhooks.text(result, "menu_id"), outcome, detail, guid, sequence)]

    def _replace_stock(self, path: str, changes: list[AvailabilityChange], target: Target) -> None:
        """The tablet writes the same state: what it set aside stays so."""
        known = self.call("GET", path, target).json()
        sets = {name: set(known.get(f"{name}_ids") or []) for name in ("unavailable", "hidden")}
        for change in changes:
            for name, ids in sets.items():
                ids.discard(change.external_id)
                if change.status == name:
                    ids.add(change.external_id)
        self.call("PUT", path, target, json={f"{name}_ids": sorted(ids) for name, ids in sets.items()})

    def _menu(self, target: Target) -> str:
        return f"/menu/v1/brands/{self.need(target, 'brand_id')}/menus/{self.need(target, 'menu_id')}"

    def _stock(self, target: Target, site: str) -> str:
        return f"{self._menu(target)}/{self.need(target, 'stock_path')}/{site}"

    def _sites(self, target: Target) -> list[str]:
        return [site.strip() for site in self.need(target, "site_id").split(",") if site.strip()]


def _result(answer: Any) -> str:
    """An accepted upload may answer nothing at all."""
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get("result", "")) if isinstance(body, dict) else ""


def _errors(errors: Any) -> list[str]:
    """Seen as an object and as a list: every text inside, in order."""
    if isinstance(errors, str):
        return [errors] if errors else []
    if isinstance(errors, list):
        return [text for one in errors for text in _errors(one)]
    if isinstance(errors, dict):
        if isinstance(errors.get("message"), str):
            return [" : ".join(str(errors[key]) for key in ("url", "message") if errors.get(key))]
        return [text for one in errors.values() for text in _errors(one)]
    return []
