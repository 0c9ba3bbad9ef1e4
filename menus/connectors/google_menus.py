"""Google Business Profile, the menus of a location (My Business API v4, `foodMenus`): stored there, seen or not.

Sources: developers.google.com/my-business (FoodMenus, getFoodMenus, updateFoodMenus) and Business Information v1.
"""

import copy
from datetime import datetime, timedelta
from typing import Any

import requests
from django.utils.translation import gettext_lazy

from integrations.errors import AccountDisconnected, CommunicationError, PermanentError, RateLimited
from integrations.registry import setting
from menus import moments
from menus.connectors import _google_menu, _limits, registry
from menus.connectors._layout import lay_out
from menus.connectors._tokens import TokenConnector
from menus.connectors.base import AvailabilityChange, Projection, Pushed, Setting, Target, careful

# A shorter stock-out is not worth a write: nothing there says what can be ordered today.
LONG_STOCK_OUT = timedelta(days=1)


@registry.register
class GoogleMenus(TokenConnector):
    slug, label = "google", "Google (fiche d'établissement)"
    address = "https://mybusiness.googleapis.com"
    read_every_minutes = 24 * 60
    pause_seconds = 60.0
    stock_note = gettext_lazy(
        "Google n'a pas de moyen de dire qu'un plat manque : il reste sur la fiche. Un plat épuisé pour plus d'un jour, "
        "avec sa date de retour, en est ôté jusqu'à la veille."
    )
    required_keys = ("refresh_token",)
    optional_keys = ("client_id", "client_secret", "access_token")
    access_cure = "Reconnectez le compte Google qui gère la fiche."
    settings_fields = (
        Setting("account_id", "compte Google", "accounts/… ou son numéro."),
        Setting("location_id", "fiche d'établissement", "locations/… ou son numéro."),
        Setting("language", "langue de la carte", is_required=False, default="fr"),
    )

    def prepare(self, document: dict[str, Any], at: datetime) -> dict[str, Any]:
        """What is out for more than a day is not shown: it is the only means there."""
        kept = copy.deepcopy(super().prepare(document, at))
        for _kind, _ref, entry in moments.stocked(kept):
            until = moments.moment((entry.get("availability") or {}).get("until"))
            if until and until - at > LONG_STOCK_OUT:
                entry["availability"] = {**entry["availability"], "status": "hidden"}
        return kept

    def problems(self, document: dict[str, Any]) -> list[str]:
        card = lay_out(document, _google_menu.RULES)
        return [
            *_limits.emptiness(card, self.label),
            *_limits.texts_within(card, document, _google_menu.RULES.text),
        ]

    def left_out(self, document: dict[str, Any]) -> list[str]:
        return list(lay_out(document, _google_menu.RULES).left_out)

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """The answer is what is stored, which is not yet what diners see."""
        self._check_eligibility(target)
        name = self._name(target)
        body = self.body(document, target)
        self.call("PATCH", f"/v4/{name}", target, params={"updateMask": "menus"}, json=body)
        return Pushed(name, True, "Google a enregistré la carte ; ce que voient les clients peut venir d'ailleurs.")

    def body(self, document: dict[str, Any], target: Target) -> Any:
        return _google_menu.convert(lay_out(document, _google_menu.RULES), document, self._name(target))

    def read(self, target: Target) -> Any:
        answer = self.call("GET", f"/v4/{self._name(target)}", target, params={"readMask": "menus"}).json()
        return {**answer, "language": self.need(target, "language")}

    def project(self, document: dict[str, Any]) -> Projection:
        return _google_menu.project(lay_out(document, _google_menu.RULES))

    @careful
    def normalise(self, answer: Any) -> Projection:
        return _google_menu.normalise(answer)

    def set_availability(
        self, changes: list[AvailabilityChange], document: dict[str, Any], target: Target
    ) -> list[AvailabilityChange]:
        """Google has no stock: what is withdrawn, back, or out for long waits for the next whole write."""
        return [change for change in changes if change.status != "unavailable" or change.until is not None]

    def keys(self, target: Target) -> tuple[str, str]:
        """Those of the destination, else those of the application that also posts on the profile."""
        found = [
            target.secrets.get(name.lower()) or setting(self.slug, name) or setting("google_business", name)
            for name in ("CLIENT_ID", "CLIENT_SECRET")
        ]
        return found[0], found[1]

    def token_owner(self, target: Target) -> tuple[str, ...]:
        return (*self.keys(target), target.secrets.get("refresh_token", ""), target.secrets.get("access_token", ""))

    def fetch_token(self, target: Target) -> tuple[str, int]:
        refresh, access = target.secrets.get("refresh_token", ""), target.secrets.get("access_token", "")
        if not refresh and access:
            return access, 60
        if not refresh:
            raise AccountDisconnected(f"{self.label} : aucun accès n'est enregistré.", action=self.access_cure)
        client_id, secret = self.keys(target)
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "client_id": client_id,
            "client_secret": secret,
        }
        answer = self.http.post(
            f"{self._at('oauth2')}/token", data=form, creates=False, secrets=[secret, refresh]
        ).json()
        return answer["access_token"], int(answer.get("expires_in") or 3600)

    def classify(self, response: requests.Response) -> CommunicationError | None:
        found = super().classify(response)
        if isinstance(found, RateLimited) and "quota" in response.text.lower():
            found.action = "Si cela dure, demandez à Google l'accès à l'API : sans lui, le quota est nul."
        return found

    def words(self, response: requests.Response) -> tuple[str, str]:
        try:
            error = response.json().get("error")
        except (ValueError, AttributeError):
            return "", response.text[:300]
        if isinstance(error, dict):
            return str(error.get("status", "")), str(error.get("message", ""))
        return super().words(response)

    def _check_eligibility(self, target: Target) -> None:
        """Some profiles may have no menu at all; a write there is refused without saying why."""
        url = f"{self._at('mybusinessbusinessinformation')}/v1/{self._part(target, 'location_id', 'locations')}"
        answer = self.call("GET", "", target, params={"readMask": "name,metadata"}, url=url).json()
        if (answer.get("metadata") or {}).get("canHaveFoodMenus") is False:
            raise PermanentError(
                "Google n'accepte pas de carte sur cette fiche d'établissement.",
                code="no_food_menus",
                action="Vérifiez la catégorie de l'établissement dans sa fiche Google.",
            )

    def _name(self, target: Target) -> str:
        account = self._part(target, "account_id", "accounts")
        return f"{account}/{self._part(target, 'location_id', 'locations')}/foodMenus"

    def _part(self, target: Target, name: str, prefix: str) -> str:
        return f"{prefix}/{self.need(target, name).rpartition('/')[2]}"

    def _at(self, host: str) -> str:
        """One of Google's hosts; all are one where the environment or the sandbox replaces it."""
        return f"https://{host}.googleapis.com" if self.api == self.address else self.api
