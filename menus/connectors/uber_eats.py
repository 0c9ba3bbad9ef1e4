"""Uber Eats, menus API v2: one PUT replaces the whole menu and is live at once; a sparse POST suspends one item.

Sources: developer.uber.com/docs/eats (put menus, update item, authentication, menu refresh webhook).
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.errors import PermanentError
from menus.connectors import _limits, _stock, _uber_menu, _uber_reading, _webhooks, registry
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

FULFILMENT = "MENU_TYPE_FULFILLMENT_DELIVERY"
REFRESH = "store.menu_refresh_request"


@registry.register
class UberEats(TokenConnector):
    slug, label = "uber_eats", "Uber Eats"
    address = "https://api.uber.com"
    login_address = "https://auth.uber.com"
    can_suspend = has_webhook = True
    required_keys = ("client_id", "client_secret")
    access_cure = "Vérifiez l'identifiant et le secret de l'application Uber, et que le magasin lui est relié."
    settings_fields = (
        Setting("store_id", "identifiant du magasin", "L'UUID donné par Uber Eats Manager."),
        Setting("locale", "langue envoyée", "Une seule : langue et pays, en minuscules.", is_required=False),
    )

    def problems(self, document: dict[str, Any]) -> list[str]:
        card = lay_out(document, _uber_menu.RULES)
        return [
            *_limits.emptiness(card, self.label),
            *_limits.confusions(card, document),
            *_limits.ids_without(card, document, "/;"),
            *_limits.bounds(card, document),
            *_limits.hours(card, self.label, shortest=60),
            *_uber_menu.problems(card),
        ]

    def left_out(self, document: dict[str, Any]) -> list[str]:
        return list(lay_out(document, _uber_menu.RULES).left_out)

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Live with the 204. What ran out goes along: this write is the whole truth, and would bring it back."""
        store = self.need(target, "store_id")
        self.call("PUT", f"/v2/eats/stores/{store}/menus", target, json=self.body(document, target))
        return Pushed(reference=store)

    def body(self, document: dict[str, Any], target: Target) -> Any:
        return _uber_menu.convert(lay_out(document, _uber_menu.RULES), self.need(target, "locale"))

    def read(self, target: Target) -> Any:
        path = f"/v2/eats/stores/{self.need(target, 'store_id')}/menus"
        answer = self.call("GET", path, target, params={"menu_type": FULFILMENT}).json()
        # A suspension is over by itself: the moment of reading says which are.
        return {**answer, "read_at": int(datetime.now(UTC).timestamp())}

    def project(self, document: dict[str, Any]) -> Projection:
        return _uber_menu.project(lay_out(document, _uber_menu.RULES))

    @careful
    def normalise(self, answer: Any) -> Projection:
        return _uber_reading.normalise(answer)

    def set_availability(
        self, changes: list[AvailabilityChange], document: dict[str, Any], target: Target
    ) -> list[AvailabilityChange]:
        """One call per item; what is withdrawn leaves the sale now, and the card at the next whole write."""
        store, later = self.need(target, "store_id"), []
        for change in _stock.effective(changes, document, _uber_menu.RULES):
            path = f"/v2/eats/stores/{store}/menus/items/{change.external_id}"
            try:
                self.call("POST", path, target, json={"suspension_info": _suspension(change)})
            except PermanentError as error:
                # Never pushed there (withdrawn, or new): only a whole write can show it.
                if error.code != "404":
                    raise
                later.append(change)
            else:
                later += [change] if change.status == "hidden" else []
        return later

    def read_availability(self, document: dict[str, Any], target: Target) -> dict[tuple[str, str], str]:
        out = _uber_reading.suspended(self.read(target))
        return {(one.kind, one.ref): "unavailable" for one in everything(document) if one.external_id in out}

    def fetch_token(self, target: Target) -> tuple[str, int]:
        """A hundred an hour at most: the next one takes the oldest away."""
        client_id, secret = self.keys(target)
        form = {
            "client_id": client_id,
            "client_secret": secret,
            "grant_type": "client_credentials",
            "scope": "eats.store",
        }
        root = self.login_address if self.api == self.address else self.api
        answer = self.http.post(f"{root}/oauth/v2/token", data=form, creates=False, secrets=[secret]).json()
        return answer["access_token"], int(answer.get("expires_in") or 3600)

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        _webhooks.verify(self.label, secrets.get("client_secret", ""), body, headers, "X-Uber-Signature")

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[Confirmation]:
        told = _webhooks.read(self.label, body)
        kind = _webhooks.text(told, "event_type") or _webhooks.text(told, "type")
        if kind and kind != REFRESH:
            return []
        meta = _webhooks.part(told, "webhook_meta")
        event_id = _webhooks.text(meta, "webhook_msg_uuid") or _webhooks.text(told, "event_id")
        store = _webhooks.text(told, "store_id") or _webhooks.text(meta, "user_id")
        return [Confirmation(store, Outcome.REFRESH_REQUESTED, "Uber Eats redemande la carte.", event_id)]


def _suspension(change: AvailabilityChange) -> dict[str, Any]:
    """Unix seconds; null is "on sale", and a far date "until told otherwise"."""
    if change.status == "available":
        return {"suspension": {"suspend_until": None, "reason": ""}}
    until = None if change.status == "hidden" else change.until
    return {"suspension": {"suspend_until": _uber_menu.suspended_until(until), "reason": "rupture"}}
