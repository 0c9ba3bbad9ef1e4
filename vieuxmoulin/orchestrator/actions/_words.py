"""Texts of rules, filled from the event: what everybody may read holds nothing of the guest that an event names."""

from collections.abc import Mapping
from typing import Any

from campaigns.services import automations
from integrations.errors import ContentRejected
from notifications.services.templates import standard_context
from notifications.templating import TemplateError, check, missing_variables, render, render_line
from vieuxmoulin.orchestrator.actions.base import Occasion

# Beside the fields that name a person or hold their words, what opens doors.
HIDDEN = automations.PERSONAL | frozenset(
    ["recipient", "token", "secret", "password", "api_key", "access_token", "authorization"]
)
# What every text may use beside the event; the guest and the ways out are for messages alone.
OF_THE_HOUSE = ("restaurant", "menu_url")


def without_guests(payload: Any) -> Any:
    """The same data without what names a person or opens a door, however deep; pure."""
    if isinstance(payload, Mapping):
        return {name: without_guests(value) for name, value in payload.items() if str(name).lower() not in HIDDEN}
    if isinstance(payload, list):
        return [without_guests(item) for item in payload]
    return payload


def public_context(occasion: Occasion) -> dict[str, Any]:
    """What a text for everybody may use: the event (also whole, under `event`) and the restaurant."""
    told, standard = without_guests(occasion.payload), standard_context(None)
    return {**told, "event": told, **{name: standard[name] for name in OF_THE_HOUSE}}


def filled(template: str, occasion: Occasion, *, of: str, is_line: bool = False) -> str:
    """A text filled from the event. of: how staff call it. Raises ContentRejected naming what the event lacks."""
    context = public_context(occasion)
    try:
        if names := missing_variables(template, context):
            raise ContentRejected(
                f"{of} : l'événement ne dit pas {', '.join(names)} (ou ne le dit pas à tous : ce qui nomme un client "
                "ne sort pas d'un message). Ôtez-le du texte, ou entourez-le de {{#if …}}.",
                code="missing_variable",
            )
        return (render_line if is_line else _plain)(template, context).strip()
    except TemplateError as error:
        raise ContentRejected(f"{of} : {error}", code="template") from error


def fault_of(template: str) -> str:
    """Why a text does not compile, in words; "" when it does."""
    try:
        check(template, html=False)
    except TemplateError as error:
        return str(error)
    return ""


def _plain(template: str, context: dict[str, Any]) -> str:
    return render(template, context, html=False)
