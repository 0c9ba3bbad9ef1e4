"""A campaign that only says what it promotes (the mission's own shape) gets the phase that says it to guests."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.utils.formats import date_format
from django.utils.timezone import localtime

from campaigns.models import PhaseAction
from campaigns.services import editing
from menus.models import Item
from notifications.models import Tag
from notifications.queries import current_template
from social.connectors import registry
from social.models import Account

TEMPLATE = "promotional_email"
PHASE = "Annonce"


def completed(data: dict[str, Any]) -> dict[str, Any]:
    """The same campaign, with a phase of its own when it names dishes and no phase; any other is left as it is."""
    if "phases" in data or not isinstance(data.get("items"), list) or not data["items"]:
        return data
    try:
        starts_at = editing.moment(data.get("start_date"))
        ends_at = editing.moment(data.get("end_date"))
    except ValueError:
        # Named with its field by whoever writes the campaign.
        return data
    if starts_at is None:
        return data
    dishes = dishes_of(data["items"])
    text, refs = _text(data, dishes, ends_at), [dish.ref for dish in dishes if dish.ref]
    phase = {"name": PHASE, "trigger": "date", "starts_at": starts_at, "actions": _actions(data, text, refs, ends_at)}
    return {**data, "phases": [phase]}


@dataclass(frozen=True)
class Promoted:
    """A dish as the campaign names it. ref: empty where our card does not know it. discount: per cent, 0 for none said."""

    ref: str
    name: str
    discount: int = 0


def dishes_of(items: list[Any]) -> list[Promoted]:
    """Dishes given by reference, by name, or as documents that hold them."""
    said = [(_word(one), one if isinstance(one, dict) else {}) for one in items]
    known = dict(Item.objects.filter(ref__in=[word for word, _ in said]).values_list("ref", "name"))
    return [
        Promoted(word if word in known else "", known.get(word) or document.get("name") or word, _percent(document))
        for word, document in said
        if word
    ]


def _word(one: Any) -> str:
    if not isinstance(one, dict):
        return str(one)
    found = (one.get(name) for name in ("ref", "item_ref", "id", "name"))
    return next((str(value) for value in found if value), "")


def _percent(document: dict[str, Any]) -> int:
    said = document.get("discount")
    return said if isinstance(said, int) and not isinstance(said, bool) and 0 < said <= 100 else 0


def _text(data: dict[str, Any], dishes: list[Promoted], ends_at: Any) -> str:
    """Each dish with its own discount where it has one; the campaign's otherwise."""
    has_own = any(dish.discount for dish in dishes)
    whole = f" à -{data['discount']} %" if data.get("discount") and not has_own else ""
    until = f" jusqu'au {_day(ends_at)}" if ends_at else ""
    named = [f"{dish.name} (-{dish.discount} %)" if dish.discount else dish.name for dish in dishes]
    code = f" Code : {data['code'].upper()}." if isinstance(data.get("code"), str) and data["code"] else ""
    return f"À découvrir{whole}{until} : {', '.join(named)}.{code}"


def _actions(data: dict[str, Any], text: str, refs: list[str], ends_at: Any) -> list[dict[str, Any]]:
    """Posts on the networks that take a text alone, and a message to the audience; neither where it cannot be."""
    actions: list[dict[str, Any]] = []
    connected = Account.objects.filter(status=Account.Status.CONNECTED).order_by("platform")
    platforms = sorted({account.platform for account in connected if not registry[account.platform].needs_picture})
    if platforms:
        content = {"title": str(data.get("name", ""))[:200], "body": text, "item_refs": refs}
        actions.append({"kind": PhaseAction.Kind.PUBLISH, "params": {"content": content, "platforms": platforms}})
    tags = Tag.objects.filter(slug__in=[str(name) for name in data.get("target_audience") or []])
    recipients = [f"tag:{tag.slug}" for tag in tags]
    if recipients and current_template(TEMPLATE) is not None:
        told = {
            "promo_title": str(data.get("name", "")),
            "promo_description": text,
            "valid_until": _day(ends_at) if ends_at else "",
            "booking_link": f"{settings.PUBLIC_URL}/carte/",
        }
        params = {"template": TEMPLATE, "channels": ["email"], "recipients": recipients, "data": told}
        actions.append({"kind": PhaseAction.Kind.NOTIFY, "params": params})
    return actions


def _day(moment: Any) -> str:
    return date_format(localtime(moment), "j F")
