"""What several platforms refuse alike, found before anything is sent: each fault with its place and its cure."""

from collections.abc import Iterator
from typing import Any

from menus.connectors._card import Card, Dish
from menus.document import level

Document = dict[str, Any]


def places(document: Document) -> dict[str, str]:
    """Where each dish, size, option, formula and step is in the document, by the id that platforms are given."""
    found: dict[str, str] = {}
    for c, category in enumerate(document["categories"]):
        for i, item in enumerate(category["items"]):
            at = f"categories[{c}].items[{i}]"
            found[item["id"]] = at
            for v, size in enumerate(item.get("variants") or []):
                found[f"{item['id']}--{size['id']}"] = f"{at}.variants[{v}]"
    for g, group in enumerate(document.get("option_groups") or []):
        for o, option in enumerate(group["options"]):
            found[f"{group['id']}--{option['id']}"] = f"option_groups[{g}].options[{o}]"
    for f, formula in enumerate(document.get("formulas") or []):
        found[formula["id"]] = f"formulas[{f}]"
    return found


def emptiness(card: Card, label: str) -> Iterator[str]:
    """A card without a dish would close the shop there."""
    if not card.parts:
        yield f"categories : aucun plat n'est à montrer sur {label} ; un envoi viderait la carte là-bas."


def confusions(card: Card, document: Document) -> Iterator[str]:
    """Dishes, sizes and options share one space of ids at the platform: two of them may not meet."""
    at = places(document)
    seen: dict[str, str] = {}
    for ref, name in _ids(card):
        if ref in seen:
            yield f"{at.get(ref, ref)}.id : « {name} » et « {seen[ref]} » ont le même identifiant « {ref} » : changez-en un."
        seen[ref] = name
    groups: set[str] = set()
    for ref in _group_ids(card):
        if ref in groups:
            yield f"option_groups : l'identifiant « {ref} » désigne deux choix différents : changez-en un."
        groups.add(ref)


def ids_without(card: Card, document: Document, forbidden: str) -> Iterator[str]:
    """Signs that a platform's addresses cannot hold; references of ours never have them, imported ones might."""
    at = places(document)
    for ref, name in _ids(card):
        if any(sign in ref for sign in forbidden):
            yield f"{at.get(ref, ref)}.id : « {name} » a une référence que ce canal refuse (sans {' ni '.join(forbidden)})."


def names_from(card: Card, document: Document, shortest: int) -> Iterator[str]:
    """Names too short for the platform."""
    at = places(document)
    for dish in card.dishes:
        for ref, name in [(dish.ref, dish.name), *((one.ref, one.name) for one in dish.sizes)]:
            if len(name) < shortest:
                yield f"{at.get(ref, ref)}.name : « {name} » est trop court : {shortest} signes au moins."
    for group in card.groups.values():
        for choice in group.choices:
            if len(choice.name) < shortest:
                yield (
                    f"{at.get(choice.ref, choice.ref)}.name : « {choice.name} » ({group.name}) est trop court : "
                    f"{shortest} signes au moins, par exemple « {group.name} {choice.name} »."
                )


def texts_within(card: Card, document: Document, longest: int) -> Iterator[str]:
    """Mentions that the law wants whole, and that alone are too long."""
    at = places(document)
    for dish in card.dishes:
        if len(dish.full_text) > longest:
            yield (
                f"{at[dish.ref]} : les mentions obligatoires de « {dish.name} » dépassent {longest} signes "
                f"({len(dish.full_text)}) : abrégez ses étiquettes ou ses origines."
            )


def bounds(card: Card, document: Document) -> Iterator[str]:
    """A choice whose bounds no order can meet."""
    for g, group in enumerate(document.get("option_groups") or []):
        known = card.groups.get(group["id"])
        if known and known.max is not None and known.max < known.min:
            yield f"option_groups[{g}].max : « {group['name']} » demande au moins {known.min} et au plus {known.max}."


def same_sizes(card: Card, document: Document) -> Iterator[str]:
    """Two sizes of one dish under one name."""
    at = places(document)
    for dish in card.dishes:
        names = [size.name for size in dish.sizes]
        for size in dish.sizes:
            if names.count(size.name) > 1:
                yield f"{at[size.ref]}.name : « {dish.name} » a deux tailles nommées « {size.name} » : changez-en une."


def minutes(period: tuple[str, str, str]) -> tuple[int, int]:
    """Start and end of a period in minutes of its day."""
    start, end = (int(text[:2]) * 60 + int(text[3:]) for text in period[1:])
    return start, end


def hours(card: Card, label: str, shortest: int = 0) -> Iterator[str]:
    """Hours are needed, and no period may be shorter than the platform wants; what touches midnight is one period."""
    if not card.hours:
        yield f"service_hours : {label} exige les heures de service : ajoutez-les à la carte."
    for day, start, end in card.hours:
        first, last = minutes((day, start, end))
        if last - first < shortest and end != "23:59" and start != "00:00":
            yield f"service_hours : {start}–{end} est trop court pour {label} : {shortest} minutes au moins."
    if found := overlaps(card.hours):
        yield f"service_hours : deux périodes se chevauchent le même jour ({found}) : réunissez-les."


def overlaps(hours: tuple[tuple[str, str, str], ...]) -> str:
    """Two periods of one day that overlap, as read by a person; "" when there are none."""
    for before, after in zip(hours, hours[1:], strict=False):
        if before[0] == after[0] and after[1] < before[2]:
            return f"{before[1]}–{before[2]}, {after[1]}–{after[2]}"
    return ""


def _ids(card: Card) -> list[tuple[str, str]]:
    found = [(dish.ref, dish.name) for dish in card.dishes]
    found += [(size.ref, size.name) for dish in card.dishes for size in dish.sizes]
    return found + [(choice.ref, level(choice.name)) for group in card.groups.values() for choice in group.choices]


def _group_ids(card: Card) -> list[str]:
    steps = [group.ref for dish in card.dishes if dish.is_formula for group in dish.groups if group.ref]
    return [*card.groups, *steps, *(sizes_ref(dish) for dish in card.dishes if dish.sizes)]


def sizes_ref(dish: Dish) -> str:
    """The id of the choice that a platform without sizes is given in their place."""
    return f"{dish.ref}--variants"
