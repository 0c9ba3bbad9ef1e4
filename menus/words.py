"""The members of the canonical format as people read them in French. Pure."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from menus.document import ALLERGENS, DECIMALS, DIETS, INSTANTS, SPECIES

__all__ = ["DECIMALS", "FIELDS", "INSTANTS", "MAPS", "channel", "decimal", "dish", "euros", "key", "moment", "price"]

PARIS = ZoneInfo("Europe/Paris")
# In the order in which changes are told: what guests pay and what may harm them first.
FIELDS = {
    "name": "nom",
    "price_cents": "prix",
    "allergens": "allergènes",
    "traces": "traces possibles",
    "description": "description",
    "variants": "taille",
    "options": "option",
    "steps": "étape",
    "channel_prices": "prix",
    "diets": "régimes",
    "labels": "labels",
    "homemade": "fait maison",
    "meat_origins": "origine des viandes",
    "option_group_ids": "choix proposés",
    "choices": "plats proposés",
    "drink": "boisson",
    "min": "au moins",
    "max": "au plus",
    "default": "par défaut",
    "volume": "volume",
    "portion": "portion",
    "serves": "nombre de personnes",
    "spiciness": "piquant",
    "contains_alcohol": "alcool",
    "abv": "degré d'alcool",
    "nutrition": "nutrition",
    "tax": "TVA",
    "images": "photo",
    "schedule": "heures",
    "service_hours": "heures de service",
    "start_date": "à partir du",
    "end_date": "jusqu'au",
    "channels": "montré sur",
    "parent_id": "rangée dans",
    "category_id": "rangée dans",
    "type": "type",
    "languages": "langues",
    "cuisines": "cuisines",
    "source_url": "adresse de la carte",
    "price_notice": "mention des prix",
    "translations": "traduction",
}
MAPS = {"channel_prices", "tax", "translations"}
CHANNELS = {
    "website": "notre page",
    "google": "Google",
    "hubrise": "HubRise",
    "uber_eats": "Uber Eats",
    "deliveroo": "Deliveroo",
    "facebook": "Facebook",
    "instagram": "Instagram",
    "pdf": "carte imprimée",
    "manual": "saisie à la main",
}
DAYS = {
    "mon": "lundi", "tue": "mardi", "wed": "mercredi", "thu": "jeudi", "fri": "vendredi", "sat": "samedi",
    "sun": "dimanche",
}  # fmt: skip
SERVICES = {"eat_in": "sur place", "takeaway": "à emporter", "delivery": "livraison"}
LANGUAGES = {
    "fr": "français",
    "en": "anglais",
    "de": "allemand",
    "es": "espagnol",
    "it": "italien",
    "nl": "néerlandais",
}
DRINKS = {"included": "boisson comprise", "excluded": "boisson non comprise"}
TYPES = {"regular": "carte permanente", "seasonal": "carte de saison", "special": "occasion"}
NOTHING, UNKNOWN, NONE, EVERYWHERE = "rien", "inconnus", "aucun", "partout"


def rank(member: str) -> tuple[int, str]:
    """Where a member comes among the others."""
    order = list(FIELDS)
    return (order.index(member) if member in order else len(order), member)


def value(said: Any, member: str) -> str:
    """What a member says, for people; what says nothing has words too."""
    if member == "allergens":
        return allergens(said)
    if member == "channels":
        return ", ".join(channel(one) for one in said) if said else EVERYWHERE
    if said is None or said in ("", [], {}):
        return "sans limite" if member == "max" else NOTHING
    if isinstance(said, bool):
        return "oui" if said else "non"
    if member in ("price_cents", "supplement_cents", "channel_prices"):
        return euros(said)
    writers: dict[str, Any] = {
        "traces": allergens, "diets": diets, "meat_origins": origins, "schedule": hours, "service_hours": hours,
        "choices": choices, "images": images, "volume": quantity, "portion": quantity,
    }  # fmt: skip
    if member in writers:
        return str(writers[member](said))
    if member in INSTANTS:
        return moment_in_words(said)
    if member in DECIMALS:
        return f"{decimal(said)} %".replace(".", ",")
    if member == "tax":
        return f"{decimal(said)} %".replace(".", ",")
    if isinstance(said, list):
        return ", ".join(map(str, said))
    if isinstance(said, dict):
        return ", ".join(f"{name} : {value(inner, name)}" for name, inner in said.items())
    return {**DRINKS, **TYPES}.get(str(said), str(said))


def euros(cents: int) -> str:
    """« 23,90 € »."""
    return f"{cents // 100},{cents % 100:02d} €"


def allergens(codes: list[str] | None) -> str:
    """Three states, three words."""
    if codes is None:
        return UNKNOWN
    return ", ".join(name for code, name in ALLERGENS.items() if code in codes) or NONE


def diets(codes: list[str]) -> str:
    return ", ".join(name for code, name in DIETS.items() if code in codes)


def origins(rows: list[dict[str, Any]]) -> str:
    """« volaille : élevée FR, abattue FR »."""
    return " ; ".join(
        f"{SPECIES.get(row['species'], row['species'])} : "
        + ", ".join(
            [
                *([f"né {row['born']}"] if row.get("born") else []),
                f"élevé {' et '.join(row['raised'])}",
                f"abattu {row['slaughtered']}",
            ]
        )
        for row in rows
    )


def hours(rows: list[dict[str, Any]]) -> str:
    """« lundi, mardi 12:00–14:30 »."""
    return " ; ".join(
        f"{', '.join(word for code, word in DAYS.items() if code in row['days'])} {row['start']}–{row['end']}"
        for row in rows
    )


def choices(rows: list[dict[str, Any]]) -> str:
    """The dishes of a step, with their supplements."""
    return ", ".join(
        str(row.get("name") or row["item_id"])
        + (f" (+ {euros(row['supplement_cents'])})" if row.get("supplement_cents") else "")
        for row in rows
    )


def images(rows: list[dict[str, Any]]) -> str:
    return ", ".join(f"{row['url']} ({row['alt']})" if row.get("alt") else row["url"] for row in rows)


def quantity(said: dict[str, Any]) -> str:
    return f"{decimal(said['value'])} {said['unit']}".replace(".", ",")


def dish(item: dict[str, Any]) -> str:
    """What matters of a dish that comes or goes."""
    return f"{price(item)} ; allergènes : {allergens(item.get('allergens'))}".removeprefix(" ; ")


def price(row: dict[str, Any]) -> str:
    """Its price, or those of its sizes; "" for what has none."""
    if row.get("variants"):
        return ", ".join(f"{one['name']} {euros(one['price_cents'])}" for one in row["variants"])
    return euros(row["price_cents"]) if row.get("price_cents") is not None else ""


def with_dishes(formula: dict[str, Any], dishes: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """A formula whose choices are called by the names of their dishes."""

    def named(choice: dict[str, Any]) -> dict[str, Any]:
        item = dishes.get(choice["item_id"], {})
        sizes = {one["id"]: one["name"] for one in item.get("variants", [])}
        size = sizes.get(choice.get("variant_id", ""), "")
        name = str(item.get("name", choice["item_id"]))
        return {**choice, "name": f"{name}, {size}" if size else name}

    steps = [{**step, "choices": [named(choice) for choice in step["choices"]]} for step in formula["steps"]]
    return {**formula, "steps": steps}


def key(name: str) -> str:
    """The key of a map: a destination, a service, a language."""
    return {**CHANNELS, **SERVICES, **LANGUAGES}.get(name, name)


def channel(slug: str) -> str:
    return CHANNELS.get(slug, slug)


def decimal(text: str) -> str:
    """Without zeros that say nothing."""
    return format(Decimal(text).normalize(), "f")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def moment_in_words(text: str) -> str:
    """A moment as the clock on the wall tells it."""
    return f"{moment(text).astimezone(PARIS):%d/%m/%Y à %H:%M}"
