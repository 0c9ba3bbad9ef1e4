"""What a card must say to make sense, beyond its shape; and what is allowed and yet deserves a second look. Pure."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from integrations.errors import ContentRejected
from menus.schema import check as check_shape

Document = dict[str, Any]
Problem = dict[str, str]
# Names that say a meat whose origin the law wants beside it.
MEATS = re.compile(
    r"(?i)\b(b[oœ]e?uf|entrec[oô]te|bavette|onglet|veau|porc|jambon|agneau|mouton|gigot|poulet|volaille|canard|magret|dinde)\b"
)


def check(document: Document) -> None:
    """Raises ContentRejected naming every fault with its path and a cure."""
    check_shape(document)
    if found := problems(document):
        raise ContentRejected(" ".join(problem["message"] for problem in found), code="menu", problems=found)


def problems(document: Document) -> list[Problem]:
    """What no destination should ever be sent."""
    return [
        *_repeated_refs(document),
        *_impossible_choices(document),
        *_broken_links(document),
        *_prices(document),
        *_dates(document),
        *_translations(document),
    ]


def warnings(document: Document) -> list[Problem]:
    """What staff should know before they publish; nothing is refused."""
    return list(_warnings(document))


def items_of(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each dish with its path."""
    for c, category in enumerate(document["categories"]):
        for i, item in enumerate(category["items"]):
            yield f"categories[{c}].items[{i}]", item


def _repeated_refs(document: Document) -> Iterator[Problem]:
    """The same reference twice would make one of the two vanish."""
    named = [(f"categories[{c}].id", "catégorie", entry) for c, entry in enumerate(document["categories"])]
    named += [(f"{path}.id", "plat ou formule", item) for path, item in items_of(document)]
    named += [(f"formulas[{f}].id", "plat ou formule", entry) for f, entry in enumerate(document.get("formulas", []))]
    for path, item in items_of(document):
        named += [
            (f"{path}.variants[{v}].id", f"taille de {item['id']}", entry) for v, entry in _listed(item, "variants")
        ]
    for g, group in enumerate(document.get("option_groups", [])):
        named.append((f"option_groups[{g}].id", "choix", group))
        named += [
            (f"option_groups[{g}].options[{o}].id", f"option de {group['id']}", entry)
            for o, entry in enumerate(group["options"])
        ]
    for f, formula in enumerate(document.get("formulas", [])):
        named += [
            (f"formulas[{f}].steps[{s}].id", f"étape de {formula['id']}", entry)
            for s, entry in enumerate(formula["steps"])
        ]
    seen: dict[tuple[str, str], tuple[str, str]] = {}
    for path, kind, entry in named:
        first_path, first = seen.setdefault((kind, entry["id"]), (path, entry["name"]))
        if first_path != path:
            yield _problem(
                path, f"« {entry['name']} » et « {first} » ont la même référence « {entry['id']} » : changez-en une."
            )


def _impossible_choices(document: Document) -> Iterator[Problem]:
    for g, group in enumerate(document.get("option_groups", [])):
        if group["max"] is not None and group["max"] < group["min"]:
            yield _problem(f"option_groups[{g}].max", f"« {group['name']} » : « max » est inférieur à « min ».")
        if group["min"] > len(group["options"]):
            yield _problem(
                f"option_groups[{g}].min", f"« {group['name']} » demande plus de réponses qu'il n'y a d'options."
            )
    for f, formula in enumerate(document.get("formulas", [])):
        for s, step in enumerate(formula["steps"]):
            if step["max"] < step["min"]:
                yield _problem(
                    f"formulas[{f}].steps[{s}].max", f"« {step['name']} » : « max » est inférieur à « min »."
                )


def _broken_links(document: Document) -> Iterator[Problem]:
    """References to what the card does not have."""
    groups = {group["id"] for group in document.get("option_groups", [])}
    categories = {category["id"] for category in document["categories"]}
    for path, item in items_of(document):
        for name in item.get("option_group_ids", []):
            if name not in groups:
                yield _problem(
                    f"{path}.option_group_ids", f"« {item['name']} » renvoie à un choix absent de la carte : {name}."
                )
    for c, category in enumerate(document["categories"]):
        parent = category.get("parent_id")
        if parent is not None and (parent not in categories or parent == category["id"]):
            yield _problem(
                f"categories[{c}].parent_id",
                f"« {category['name']} » est rangée dans une catégorie absente : {parent}.",
            )
    variants = {item["id"]: {one["id"] for one in item.get("variants", [])} for _, item in items_of(document)}
    for f, formula in enumerate(document.get("formulas", [])):
        if formula.get("category_id", "") not in {"", *categories}:
            yield _problem(f"formulas[{f}].category_id", f"« {formula['name']} » : catégorie absente de la carte.")
        for s, step in enumerate(formula["steps"]):
            for n, choice in enumerate(step["choices"]):
                at = f"formulas[{f}].steps[{s}].choices[{n}]"
                yield from _broken_choice(at, formula["name"], choice, variants)


def _broken_choice(at: str, name: str, choice: dict[str, Any], variants: dict[str, set[str]]) -> Iterator[Problem]:
    dish, size = choice["item_id"], choice.get("variant_id")
    if dish not in variants:
        yield _problem(f"{at}.item_id", f"« {name} » propose un plat absent de la carte : {dish}.")
    elif size is not None and size not in variants[dish]:
        yield _problem(f"{at}.variant_id", f"« {name} » propose une taille que « {dish} » n'a pas : {size}.")
    elif size is None and variants[dish]:
        yield _problem(f"{at}.variant_id", f"« {name} » : dites quelle taille de « {dish} » (variant_id).")


def _prices(document: Document) -> Iterator[Problem]:
    for path, item in items_of(document):
        if ("price_cents" in item and item["price_cents"] is not None) == bool(item.get("variants")):
            yield _problem(
                f"{path}.price_cents", f"« {item['name']} » : un prix, ou des tailles qui ont chacune le leur."
            )


def _dates(document: Document) -> Iterator[Problem]:
    entries = [("", document), *items_of(document)]
    entries += [(f"formulas[{f}]", formula) for f, formula in enumerate(document.get("formulas", []))]
    for path, entry in entries:
        start, end = entry.get("start_date"), entry.get("end_date")
        if start and end and datetime.fromisoformat(end) <= datetime.fromisoformat(start):
            yield _problem(f"{path}.end_date".lstrip("."), f"« {entry['name']} » : la fin doit venir après le début.")


def _translations(document: Document) -> Iterator[Problem]:
    language = document.get("default_language", "fr")
    for path, entry in [("", document), *items_of(document)]:
        if language in entry.get("translations", {}):
            yield _problem(
                f"{path}.translations".lstrip("."),
                f"« {entry['name']} » : la langue de la carte ({language}) n'a pas de traduction, c'est le texte lui-même.",
            )


def _warnings(document: Document) -> Iterator[Problem]:
    for c, category in enumerate(document["categories"]):
        if not category["items"]:
            yield _problem(f"categories[{c}]", f"« {category['name']} » est vide : elle ne sera pas montrée.")
        seen: dict[str, str] = {}
        for i, item in enumerate(category["items"]):
            name = item["name"].casefold().strip()
            if name in seen:
                yield _problem(
                    f"categories[{c}].items[{i}].name", f"« {item['name']} » est deux fois dans « {category['name']} »."
                )
            seen[name] = item["id"]
    for path, item in items_of(document):
        yield from _dish_warnings(path, item)


def _dish_warnings(path: str, item: dict[str, Any]) -> Iterator[Problem]:
    name = f"« {item['name']} »"
    if item.get("allergens") is None:
        yield _problem(
            f"{path}.allergens", f"{name} : allergènes inconnus. Les plateformes de livraison ne l'auront pas."
        )
    prices = [item.get("price_cents"), *(one["price_cents"] for one in item.get("variants", []))]
    if 0 in prices:
        yield _problem(f"{path}.price_cents", f"{name} est gratuit : Google ne le montrera pas.")
    if MEATS.search(f"{item['name']} {item.get('description') or ''}") and not item.get("meat_origins"):
        yield _problem(f"{path}.meat_origins", f"{name} : la loi veut l'origine de la viande.")
    if item.get("contains_alcohol") and not item.get("volume") and not item.get("variants"):
        yield _problem(f"{path}.volume", f"{name} : la loi veut le volume d'une boisson.")


def _listed(entry: dict[str, Any], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    yield from enumerate(entry.get(name) or [])


def _problem(path: str, message: str) -> Problem:
    return {"field": path, "message": f"{path} : {message}" if path else message}
