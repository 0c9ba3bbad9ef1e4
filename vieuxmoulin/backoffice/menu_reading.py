"""From answers typed in the forms of the card to canonical documents."""

from menus.services.editing import free_ref
from menus.services.editing_texts import line
from vieuxmoulin.backoffice.menu_answers import ENGLISH, Answers, Document, in_order
from vieuxmoulin.backoffice.menu_reader import Reader, cents_of, country_of, said


def item_of(answers: Answers, base: Document) -> Document:
    """A dish from its form; what the form does not ask stays. Raises ContentRejected."""
    reader = Reader(answers)
    found = {**base, **reader.texts(base), **reader.sold(base)}
    found |= {
        "option_group_ids": _kept_order(base.get("option_group_ids", []), answers["groups"]),
        "allergens": reader.allergens(answers),
        "traces": in_order(answers["traces"]),
        "diets": answers["diets"],
        "labels": [word for one in answers["labels"].split(",") if (word := one.strip())],
        "homemade": answers["homemade"],
        "meat_origins": _meats(reader),
        "images": _images(answers, base),
        "volume": reader.quantity("volume", answers["volume"]),
        "serves": reader.whole("serves", answers["serves"], "Nombre de personnes", least=1),
        "contains_alcohol": answers["contains_alcohol"],
        "abv": reader.decimal("abv", answers["abv"], "Degré d'alcool"),
        "spiciness": reader.whole("spiciness", answers["spiciness"], "Piquant", least=1),
    }
    found |= _price_or_sizes(reader, base)
    reader.check()
    return said(found)


def formula_of(answers: Answers, base: Document, dishes: dict[str, tuple[str, str]]) -> Document:
    """A set menu from its form. dishes: what each label of the form names. Raises ContentRejected."""
    reader = Reader(answers)
    found = {**base, **reader.texts(base), **reader.sold(base)}
    found |= {
        "price_cents": reader.take("price", lambda: cents_of(answers["price"]), "Prix"),
        "drink": answers["drink"],
        "category_id": answers["category"],
        "steps": _steps(reader, dishes),
    }
    if not answers["drink"]:
        reader.faults.append({"field": "drink", "message": "Boisson : la loi veut « comprise » ou « non comprise »."})
    reader.check()
    return said(found)


def category_of(answers: Answers, base: Document) -> Document:
    """A part of the card from its form. Raises ContentRejected."""
    reader = Reader(answers)
    found = {**base, **reader.texts(base), "parent_id": answers["parent"]}
    reader.check()
    return said(found) | {"items": []}


def menu_of(answers: Answers, base: Document) -> Document:
    """The card itself from its form. Raises ContentRejected."""
    reader = Reader(answers)
    rate = reader.decimal("service_rate", answers["service_rate"], "Service")
    notice = {"tax_included": True, "service_included": True}
    found = {**base, **reader.texts(base), **reader.dates(), "type": answers["type"]}
    found |= {
        "service_hours": reader.hours([]),
        "price_notice": {**notice, "service_rate_percent": rate} if rate else base.get("price_notice") and notice,
    }
    if len(found["name"]) > 120:
        reader.faults.append({"field": "name", "message": "Nom : 120 signes au plus pour le nom d'une carte."})
    if not answers["start_date"]:
        reader.faults.append({"field": "start_date", "message": "Donnez la date à partir de laquelle elle est servie."})
    reader.check()
    return said(found)


def group_of(answers: Answers, base: Document) -> Document:
    """A choice that guests make, from its form. Raises ContentRejected."""
    reader = Reader(answers)
    texts = reader.texts(base)
    least = reader.whole("min", answers["min"], "Au moins") or 0
    found = {**base, **texts, "min": least, "max": reader.whole("max", answers["max"], "Au plus", least=1)}
    found.pop("description", None)
    known = {one["id"]: one for one in base.get("options", [])}
    taken = list(known)
    options = []
    for rank, row in enumerate(answers["options"]):
        was = known.get(row["id"], {})
        ref = row["id"] if row["id"] in known else free_ref(row["name"], taken)
        taken.append(ref)
        name = reader.take(f"option_{rank}", lambda row=row: line(row["name"], "name", most=120), "Option")
        cents = reader.take(f"option_{rank}", lambda row=row: cents_of(row["price"]), "Option") if row["price"] else 0
        option = {**was, "id": ref, "name": name or "", "price_cents": cents or 0, "default": bool(row["default"])}
        option["allergens"] = reader.allergens(row, f"option_{rank}")
        option["translations"] = _english(was, row["name_en"])
        options.append(said(option))
    if not options:
        reader.faults.append({"field": "options", "message": "Ajoutez au moins une option."})
    reader.check()
    return {**said(found), "min": found["min"], "max": found["max"], "options": options}


def _price_or_sizes(reader: Reader, base: Document) -> Document:
    sizes, known = [], {one["id"]: one for one in base.get("variants", [])}
    taken = list(known)
    for rank, row in enumerate(reader.answers["sizes"]):
        was = known.get(row["id"], {})
        ref = row["id"] if row["id"] in known else free_ref(row["name"], taken)
        taken.append(ref)
        name = reader.take(f"size_{rank}", lambda row=row: line(row["name"], "name"), "Taille")
        cents = reader.take(f"size_{rank}", lambda row=row: cents_of(row["price"]), f"Prix de « {row['name']} »")
        found = {**was, "id": ref, "name": name or "", "price_cents": cents or 0}
        found["volume"] = reader.quantity(f"size_{rank}", row["volume"])
        found["channel_prices"] = reader.prices(row["prices"], f"sizes_price_at_{row.get('rank', rank)}_")
        found["translations"] = _english(was, row["name_en"])
        sizes.append(said(found))
    if len(sizes) == 1:
        reader.faults.append({"field": "sizes", "message": "Tailles : deux au moins, ou aucune et un seul prix."})
    if sizes:
        return {"variants": sizes, "price_cents": None}
    return {"variants": [], "price_cents": reader.take("price", lambda: cents_of(reader.answers["price"]), "Prix")}


def _meats(reader: Reader) -> list[Document]:
    rows = []
    for row in reader.answers["meats"]:
        raised = reader.take(
            "meats", lambda row=row: [country_of(one) for one in row["raised"].split(",") if one.strip()], "Élevé en"
        )
        slaughtered = reader.take("meats", lambda row=row: country_of(row["slaughtered"]), "Abattu en")
        born = reader.take("meats", lambda row=row: country_of(row["born"]), "Né en") if row["born"] else ""
        if raised == []:
            reader.faults.append({"field": "meats", "message": "Origine : dites dans quel pays l'animal a été élevé."})
        rows.append(said({"species": row["species"], "born": born, "raised": raised, "slaughtered": slaughtered}))
    return rows


def _steps(reader: Reader, dishes: dict[str, tuple[str, str]]) -> list[Document]:
    steps: list[Document] = []
    for rank, row in enumerate(reader.answers["steps"]):
        name = reader.take(f"step_{rank}", lambda row=row: line(row["name"], "name"), "Étape") or ""
        choices = []
        for one in row["choices"]:
            # A dish renamed since the sheet was opened is still known by its reference.
            named = dishes.get(one["dish"]) or dishes.get(one["dish"].rpartition(" — ")[2])
            if named is None:
                message = f"« {one['dish']} » n'est pas sur la carte : choisissez dans la liste."
                reader.faults.append({"field": f"step_{rank}", "message": message})
                continue
            supplement = reader.take(
                f"step_{rank}", lambda one=one: cents_of(one["supplement"]) if one["supplement"] else 0, "Supplément"
            )
            choices.append(
                said({"item_id": named[0], "variant_id": named[1]})
                | ({"supplement_cents": supplement} if supplement else {})
            )
        if not choices:
            reader.faults.append({"field": f"step_{rank}", "message": f"Étape « {name} » : ajoutez au moins un plat."})
        ref = row["id"] or free_ref(
            name, [step["id"] for step in steps] + [one["id"] for one in reader.answers["steps"]]
        )
        least, most = (
            reader.whole(f"step_{rank}", row["min"], "Au moins"),
            reader.whole(f"step_{rank}", row["max"], "Au plus", least=1),
        )
        steps.append(
            {"id": ref, "name": name, "min": 1 if least is None else least, "max": most or 1, "choices": choices}
        )
    if not steps:
        reader.faults.append({"field": "steps", "message": "Ajoutez au moins une étape, avec ses plats."})
    return steps


def _images(answers: Answers, base: Document) -> list[Document]:
    others = base.get("images", [])[1:]
    first = said({"url": answers["photo"], "alt": answers["photo_alt"]}) if answers["photo"] else None
    return [first, *others] if first else others


def _english(base: Document, name: str) -> Document:
    translations = dict(base.get("translations", {}))
    english = {**translations.pop(ENGLISH, {}), "name": name}
    return {**translations, ENGLISH: english} if name else translations


def _kept_order(before: list[str], chosen: list[str]) -> list[str]:
    """The choices of a dish in the order that it had; the new ones come last."""
    return [*(ref for ref in before if ref in chosen), *(ref for ref in chosen if ref not in before)]
