"""Places that only people can write to (guides, booking sites, a slate): a task that says what to change."""

from collections.abc import Iterator
from typing import Any

import requests
from django.utils.translation import gettext_lazy

from integrations.errors import CommunicationError, PermanentError
from menus.connectors import _card, registry
from menus.connectors._card import Rules
from menus.connectors._layout import lay_out
from menus.connectors.base import MenuConnector, Projection, Pushed, Setting, Target
from menus.document import DIETS
from menus.mentions import DIET_WORDS, allergen_names, allergens_said
from menus.verification import Difference, Kind, compare

RULES = Rules("manual", diets=tuple(DIETS), is_delivery=False, has_unlimited_choices=True, has_dish_hours=True)
FIELDS = {
    "name": "nom",
    "description": "description",
    "diets": "régimes",
    "hours": "horaires",
    "translations": "traductions",
    "min": "nombre minimal de choix",
    "max": "nombre maximal de choix",
}
PARTS = {"variants": "la taille", "groups": "le choix", "options": "l'option"}
NOTHING = "Rien à changer : la carte est la même que la dernière fois."


@registry.register
class Manual(MenuConnector):
    slug, label = "manual", "À la main (guides, sites de réservation)"
    address = ""
    is_verifiable = False
    is_by_hand = True
    stock_note = gettext_lazy(
        "Personne d'autre que vous n'y écrit : quand un plat manque ou revient, ce qu'il faut y changer est demandé ici et "
        "sur l'accueil."
    )
    read_every_minutes = 0
    settings_fields = (
        Setting("place", "où changer la carte", "Par exemple : TheFork.", is_required=False),
        Setting("url", "adresse de la page à modifier", is_required=False),
        Setting("due_days", "délai en jours", is_required=False, default="2"),
    )

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Nothing leaves: a person does it, and ticking the task is the confirmation."""
        text = self.body(document, target)
        return Pushed("", text.endswith(NOTHING), text)

    def body(self, document: dict[str, Any], target: Target) -> str:
        place, url = self.need(target, "place"), self.need(target, "url")
        head = f"Mettre à jour la carte{f' sur {place}' if place else ''}{f' ({url})' if url else ''}."
        orders = instructions(document, target.last_confirmed)
        gone = no_longer_asked(target.unticked, orders) if target.last_confirmed else []
        return "\n".join([head, orders, *gone])

    def read(self, target: Target) -> Any:
        raise PermanentError("Ce qui est fait à la main ne peut pas être relu.", code="not_verifiable")

    def project(self, document: dict[str, Any]) -> Projection:
        return _card.project(lay_out(document, RULES), RULES)

    def normalise(self, answer: Any) -> Projection:
        return {"currency": "EUR", "sections": []}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return None


def instructions(document: dict[str, Any], done: dict[str, Any] | None) -> str:
    """What a person has to change, line by line; the whole card the first time."""
    wanted = _card.project(lay_out(document, RULES), RULES)
    if done is None:
        return "\n".join(["Saisir toute la carte :", *_whole(wanted)])
    shown = _card.project(lay_out(done, RULES), RULES)
    names = _names(shown) | _names(wanted)
    items = {item["ref"]: item for section in wanted["sections"] for item in section["items"]}
    # What an allergen adds and what it takes away are one order.
    lines = dict.fromkeys(_line(difference, names, items) for difference in compare(wanted, shown))
    return "\n".join(f"- {line}" for line in lines) if lines else NOTHING


def no_longer_asked(before: str, orders: str) -> list[str]:
    """What an earlier request, that nobody ticked, asked and this one does not: somebody may have done it."""
    known = set(orders.splitlines())
    gone = [line for line in before.splitlines() if line.startswith("- ") and line not in known]
    if not gone:
        return []
    return [
        "La demande précédente n'a pas été cochée. Si elle a été suivie, ceci n'est plus demandé : défaites-le.",
        *gone,
    ]


def _whole(projection: Projection) -> Iterator[str]:
    for section in projection["sections"]:
        yield f"{section['name']} :"
        yield from (f"- {_described(item)}" for item in section["items"])


def _names(projection: Projection) -> dict[str, str]:
    """The name of everything that has a ref; parts of the card under `sections.<ref>`."""
    found = {}
    for section in projection["sections"]:
        found[f"sections.{section.get('ref', '')}"] = section["name"]
        for item in section["items"]:
            groups = item.get("groups", [])
            options = [option for group in groups for option in group["options"]]
            for row in (*options, *groups, *item.get("variants", []), item):
                found[str(row["ref"])] = row["name"]
    return found


def _line(difference: Difference, names: dict[str, str], items: dict[str, dict[str, Any]]) -> str:
    """One difference as an order; `found` is what was done last, `expected` what is wanted now."""
    was, now = difference.found, difference.expected
    where = f"« {names[difference.ref]} »" if difference.ref in names else "Carte"
    part = _part(difference, names)
    if difference.kind is Kind.MISSING:
        return f"{where} : ajouter {part}." if part else f"Ajouter {_described(items[difference.ref])}"
    if difference.kind is Kind.EXTRA:
        return f"{where} : retirer {part}." if part else f"Retirer {where}."
    if difference.kind is Kind.PRICE:
        return f"{where}{f', {part}' if part else ''} : prix {_euros(was)} → {_euros(now)}."
    if difference.kind in (Kind.ALLERGENS_MISSING, Kind.ALLERGENS_EXTRA) or difference.field == "allergens":
        return f"{where}{f', {part}' if part else ''} : {allergens_said(now)} (avant : {_allergens(was)})"
    if difference.kind is Kind.MOVED:
        return f"{where} : déplacer de {_quoted(names.get(f'sections.{was}', was))} vers {_quoted(names.get(f'sections.{now}', now))}."
    if difference.kind is Kind.ORDER:
        order = ", ".join(names.get(key) or names.get(f"sections.{key}") or str(key) for key in now)
        return f"{where}{f', {part}' if part else ''} : nouvel ordre : {order}."
    if difference.kind is Kind.AVAILABILITY:
        state = "est épuisé : le retirer de la vente" if now else "est de nouveau disponible"
        return f"{where}{f', {part}' if part else ''} {state}."
    section = names.get(difference.path.rpartition(".")[0], "") if difference.path.startswith("sections.") else ""
    subject = f"Partie « {section} »" if section else where + (f", {part}" if part else "")
    return f"{subject} : {FIELDS.get(difference.field, difference.field)} {_quoted(was)} → {_quoted(now)}."


def _part(difference: Difference, names: dict[str, str]) -> str:
    """Which size, choice or option of the dish; "" for the dish itself."""
    steps = difference.path.removeprefix(difference.ref).strip(".").split(".")
    found = [
        f"{PARTS[name]} « {names.get(ref, ref)} »" for name, ref in zip(steps, steps[1:], strict=False) if name in PARTS
    ]
    return " dans ".join(reversed(found[-2:]))


def _described(item: dict[str, Any]) -> str:
    prices = ", ".join(f"{size['name']} {_euros(size['price'])}{_out(size)}" for size in item.get("variants", []))
    parts = [f"« {item['name']} », {prices or _euros(item['price'])}"]
    parts[0] += f" – {item['description'].rstrip('.')}." if item.get("description") else "."
    parts += [f"{DIET_WORDS['fr'][diet]}." for diet in item.get("diets", [])]
    parts += [f"{group['name']} : {', '.join(map(_option, group['options']))}." for group in item.get("groups", [])]
    parts += ["Épuisé en ce moment : ne pas le mettre en vente."] if item.get("availability") else []
    return " ".join([*parts, allergens_said(item["allergens"])])


def _option(option: dict[str, Any]) -> str:
    allergens = f" ({', '.join(allergen_names(option['allergens']))})" if option.get("allergens") else ""
    return option["name"] + allergens + (f" + {_euros(option['price'])}" if option["price"] else "") + _out(option)


def _out(part: dict[str, Any]) -> str:
    return " (épuisé)" if part.get("availability") else ""


def _allergens(codes: list[str] | None) -> str:
    if codes is None:
        return "non renseignés"
    return ", ".join(allergen_names(codes)) or "aucun"


def _euros(cents: Any) -> str:
    return f"{cents // 100},{cents % 100:02d} €" if isinstance(cents, int) else "aucun"


def _quoted(value: Any) -> str:
    if isinstance(value, list):
        value = ", ".join(DIET_WORDS["fr"].get(one, str(one)) for one in value)
    return f"« {value} »" if value not in (None, "", {}) else "(rien)"
