"""Canonical documents for tests: one that has a bit of everything, and a strategy that makes any valid one."""

import copy

from hypothesis import strategies as st

from menus.document import ALLERGENS, level

CHANNELS = ["website", "google", "hubrise", "uber_eats", "deliveroo", "facebook", "instagram", "pdf", "manual"]
DIETS = ["vegetarian", "vegan", "gluten_free", "lactose_free", "halal", "kosher", "organic"]
FAR = "2099-01-01T00:00:00+01:00"
FULL = {
    "schema_version": "1.0",
    "id": "6f1c2d3e-4a5b-4c6d-8e7f-0a1b2c3d4e5f",
    "name": "La carte",
    "description": "Cuisine du marché.",
    "type": "regular",
    "start_date": "2025-01-06T00:00:00+01:00",
    "end_date": None,
    "currency": "EUR",
    "timezone": "Europe/Paris",
    "default_language": "fr",
    "languages": ["fr", "en"],
    "source_url": "https://levieuxmoulin.fr/carte/",
    "cuisines": ["FRENCH"],
    "service_hours": [
        {"days": ["tue", "wed", "thu"], "start": "12:00", "end": "14:30"},
        {"days": ["fri", "sat"], "start": "19:00", "end": "00:30"},
    ],
    "price_notice": {"tax_included": True, "service_included": True, "service_rate_percent": "15.0"},
    "categories": [
        {
            "id": "plats",
            "name": "Plats",
            "description": "Servis avec une garniture.",
            "translations": {"en": {"name": "Mains"}},
            "items": [
                {
                    "id": "magret",
                    "name": "Magret de canard",
                    "description": "Miel et poivre.",
                    "price_cents": 2390,
                    "channel_prices": {"uber_eats": 2590, "deliveroo": 2650},
                    "option_group_ids": ["cuisson", "sauces"],
                    "tax": {"eat_in": "10.0", "delivery": "10.0"},
                    "allergens": ["milk", "sulphites"],
                    "traces": ["nuts"],
                    "homemade": True,
                    "meat_origins": [{"species": "poultry", "raised": ["FR"], "slaughtered": "FR"}],
                    "images": [{"url": "https://levieuxmoulin.fr/magret.jpg", "alt": "Le magret"}],
                    "availability": {"status": "available"},
                    "translations": {"en": {"name": "Duck breast", "description": "Honey and pepper."}},
                },
                {
                    "id": "lentilles",
                    "name": "Lentilles du Puy",
                    "price_cents": 1490,
                    "tax": {"delivery": "10.0"},
                    "allergens": [],
                    "diets": ["vegan", "gluten_free", "organic"],
                    "availability": {"status": "unavailable", "until": FAR},
                },
                {"id": "mystere", "name": "Plat mystère", "price_cents": 1900, "allergens": None},
                {
                    "id": "gibier",
                    "name": "Gibier",
                    "price_cents": 2900,
                    "allergens": ["celery"],
                    "availability": {"status": "hidden"},
                },
                {
                    "id": "ardoise",
                    "name": "Ardoise en salle",
                    "price_cents": 1700,
                    "allergens": ["milk"],
                    "channels": ["website", "pdf"],
                },
            ],
        },
        {
            "id": "boissons",
            "name": "Boissons",
            "items": [
                {
                    "id": "biere",
                    "name": "Bière blonde",
                    "allergens": ["gluten"],
                    "contains_alcohol": True,
                    "abv": "5.0",
                    "tax": {"delivery": "20.0"},
                    "variants": [
                        {"id": "demi", "name": "25 cl", "price_cents": 450, "volume": {"value": "25", "unit": "cl"}},
                        {
                            "id": "pinte",
                            "name": "50 cl",
                            "price_cents": 800,
                            "channel_prices": {"deliveroo": 890},
                            "availability": {"status": "unavailable"},
                        },
                    ],
                }
            ],
        },
    ],
    "option_groups": [
        {
            "id": "cuisson",
            "name": "Cuisson",
            "min": 1,
            "max": 1,
            "options": [
                {"id": "rose", "name": "Rosé", "price_cents": 0, "default": True},
                {"id": "bleu", "name": "Bleu", "price_cents": 0, "availability": {"status": "unavailable"}},
            ],
        },
        {
            "id": "sauces",
            "name": "Sauces",
            "min": 0,
            "max": None,
            "translations": {"en": {"name": "Sauces on the side"}},
            "options": [
                {"id": "bearnaise", "name": "Béarnaise", "price_cents": 150, "allergens": ["eggs", "milk"]},
                {"id": "truffe", "name": "Truffe", "price_cents": 400, "availability": {"status": "hidden"}},
            ],
        },
    ],
    "formulas": [
        {
            "id": "f-midi",
            "name": "Plat et bière",
            "category_id": "plats",
            "price_cents": 2600,
            "channel_prices": {"uber_eats": 2800},
            "drink": "included",
            "tax": {"delivery": "10.0"},
            "steps": [
                {
                    "id": "plat",
                    "name": "Plat",
                    "min": 1,
                    "max": 1,
                    "choices": [
                        {"item_id": "magret", "supplement_cents": 300},
                        {"item_id": "lentilles"},
                        {"item_id": "gibier"},
                    ],
                },
                {
                    "id": "boisson",
                    "name": "Boisson",
                    "min": 1,
                    "max": 1,
                    "choices": [
                        {"item_id": "biere", "variant_id": "demi"},
                        {"item_id": "biere", "variant_id": "pinte", "supplement_cents": 200},
                    ],
                },
            ],
        },
        {
            "id": "f-nuit",
            "name": "Menu du soir",
            "price_cents": 3900,
            "schedule": [{"days": ["fri"], "start": "19:00", "end": "22:00"}],
            "steps": [{"id": "plat", "name": "Plat", "min": 1, "max": 1, "choices": [{"item_id": "magret"}]}],
        },
    ],
    "metadata": {},
}


def full():
    """A copy to change at will."""
    return copy.deepcopy(FULL)


texts = st.text(st.characters(blacklist_categories=("Cs", "Cc", "Co", "Cn")), min_size=3, max_size=60)
names = st.one_of(
    texts.filter(lambda text: len(level(text)) >= 3),
    st.sampled_from(["Œuf mayo 🥚", "<b>Brie</b> & </script>", "Crème brûlée", "Allergènes : lait.", "x" * 130]),
)
descriptions = st.one_of(st.none(), names, st.just("Longue " * 100), st.just("Miel. Allergènes : lait."))
allergen_lists = st.lists(st.sampled_from(sorted(ALLERGENS)), unique=True, max_size=14)
allergens = st.one_of(st.none(), st.just([]), allergen_lists)
prices = st.integers(0, 30_000)
channel_prices = st.dictionaries(st.sampled_from(CHANNELS), prices, max_size=2)
availabilities = st.one_of(
    st.just({"status": "available"}),
    st.fixed_dictionaries({"status": st.sampled_from(["unavailable", "hidden"])}),
    st.just({"status": "unavailable", "until": FAR}),
)
hours = st.sampled_from(
    [
        [{"days": ["mon", "tue"], "start": "12:00", "end": "14:30"}],
        [
            {"days": ["fri"], "start": "12:00", "end": "14:00"},
            {"days": ["sun", "fri"], "start": "19:00", "end": "01:00"},
        ],
        [{"days": ["sat"], "start": "18:00", "end": "00:00"}],
    ]
)
schedules = st.one_of(
    st.just([]), st.just([]), st.just([{"days": ["mon", "fri"], "start": "11:30", "end": "14:30"}]), hours
)
origins = st.lists(
    st.builds(
        lambda species, born, raised, slaughtered: {
            "species": species,
            "raised": raised,
            "slaughtered": slaughtered,
            **({"born": born} if born else {}),
        },
        st.sampled_from(["bovine", "porcine", "ovine", "poultry"]),
        st.sampled_from(["", "FR", "IE"]),
        st.lists(st.sampled_from(["FR", "ES", "XK"]), min_size=1, max_size=2, unique=True),
        st.sampled_from(["FR", "DE"]),
    ),
    max_size=2,
)


@st.composite
def translations(draw):
    """None, or one in English, with or without a description."""
    if not draw(st.booleans()):
        return {}
    told = {"name": draw(names)}
    if draw(st.booleans()):
        told["description"] = draw(names)
    return {"translations": {"en": told}}


@st.composite
def _items(draw, ref, groups):
    item = {
        "id": ref,
        "name": draw(names),
        "description": draw(descriptions),
        "allergens": draw(allergens),
        "traces": draw(st.lists(st.sampled_from(sorted(ALLERGENS)), unique=True, max_size=2)),
        "diets": draw(st.lists(st.sampled_from(DIETS), unique=True, max_size=3)),
        "labels": draw(st.lists(names, unique=True, max_size=1)),
        "homemade": draw(st.booleans()),
        "contains_alcohol": draw(st.booleans()),
        "meat_origins": draw(origins),
        "availability": draw(availabilities),
        "schedule": draw(schedules),
        "tax": draw(st.sampled_from([{}, {"delivery": "10.0"}, {"delivery": "5.5", "eat_in": "10"}])),
        "option_group_ids": draw(st.lists(st.sampled_from(groups), unique=True, max_size=2)) if groups else [],
        "channels": draw(st.one_of(st.none(), st.none(), st.lists(st.sampled_from(CHANNELS), unique=True))),
        **draw(translations()),
    }
    if draw(st.integers(0, 3)):
        return item | {"price_cents": draw(prices), "channel_prices": draw(channel_prices)}
    sizes = draw(st.lists(names, min_size=2, max_size=3, unique_by=level))
    return item | {
        "variants": [
            {
                "id": f"v{rank}",
                "name": name,
                "price_cents": draw(prices),
                "channel_prices": draw(channel_prices),
                "availability": draw(availabilities),
                **draw(translations()),
            }
            for rank, name in enumerate(sizes)
        ]
    }


@st.composite
def _groups(draw, ref):
    options = draw(st.lists(names, min_size=1, max_size=3, unique_by=level))
    low = draw(st.integers(0, min(2, len(options))))
    return {
        "id": ref,
        "name": draw(names),
        "min": low,
        "max": draw(st.one_of(st.none(), st.integers(max(low, 1), 4))),
        "options": [
            {
                "id": f"o{rank}",
                "name": name,
                "price_cents": draw(st.integers(0, 900)),
                "default": rank == 0,
                "allergens": draw(allergens),
                "availability": draw(availabilities),
                **draw(translations()),
            }
            for rank, name in enumerate(options)
        ],
        **draw(translations()),
    }


@st.composite
def _formulas(draw, ref, items, categories):
    supplements = {item["id"]: draw(st.integers(0, 500)) for item in items}

    def choice(item):
        told = {"item_id": item["id"], "supplement_cents": supplements[item["id"]]}
        return told | ({"variant_id": item["variants"][0]["id"]} if "variants" in item else {})

    steps = []
    for rank in range(draw(st.integers(1, 3))):
        low = draw(st.integers(0, 2))
        chosen = draw(st.lists(st.sampled_from(items), min_size=1, max_size=3, unique_by=lambda item: item["id"]))
        limits = {"min": low, "max": draw(st.integers(max(low, 1), 3))}
        steps.append({"id": f"s{rank}", "name": draw(names), **limits, "choices": [choice(item) for item in chosen]})
    placed = {"category_id": draw(st.sampled_from(categories))} if draw(st.booleans()) else {}
    return {
        "id": ref,
        "name": draw(names),
        "description": draw(descriptions),
        "price_cents": draw(prices),
        "channel_prices": draw(channel_prices),
        "drink": draw(st.sampled_from(["included", "excluded"])),
        "steps": steps,
        "schedule": draw(schedules),
        "availability": draw(availabilities),
        **placed,
        **draw(translations()),
    }


@st.composite
def documents(draw, most_items=5):
    """Any canonical document that keeps the schema and its links."""
    refs = [f"i{rank}" for rank in range(draw(st.integers(1, most_items)))]
    groups = [draw(_groups(f"g{rank}")) for rank in range(draw(st.integers(0, 2)))]
    items = [draw(_items(ref, [group["id"] for group in groups])) for ref in refs]
    categories = []
    while items:
        size = draw(st.integers(1, len(items)))
        told = {"id": f"c{len(categories)}", "name": draw(names), "description": draw(descriptions)}
        categories.append(told | {"items": items[:size], **draw(translations())})
        items = items[size:]
    every = [item for category in categories for item in category["items"]]
    places = [category["id"] for category in categories]
    return {
        "schema_version": "1.0",
        "id": FULL["id"],
        "name": draw(names),
        "description": draw(descriptions),
        "type": "regular",
        "start_date": "2026-01-01T00:00:00+01:00",
        "end_date": None,
        "currency": "EUR",
        "timezone": "Europe/Paris",
        "default_language": "fr",
        "languages": ["en", "fr"],
        "service_hours": draw(hours),
        "categories": categories,
        "option_groups": groups,
        "formulas": [draw(_formulas(f"f{rank}", every, places)) for rank in range(draw(st.integers(0, 2)))],
        "metadata": {},
    }
