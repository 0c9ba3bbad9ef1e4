"""The duties of a card put in words, for places that have no field for them: traces, origins, home-made, volumes.

French law wants them where the dish is chosen; English is for the guests who read the translation.
"""

from collections.abc import Iterable
from typing import Any

from menus.document import ALLERGENS, level

ENGLISH_ALLERGENS = {
    "gluten": "gluten",
    "crustaceans": "crustaceans",
    "eggs": "eggs",
    "fish": "fish",
    "peanuts": "peanuts",
    "soybeans": "soya",
    "milk": "milk",
    "nuts": "tree nuts",
    "celery": "celery",
    "mustard": "mustard",
    "sesame": "sesame",
    "sulphites": "sulphites",
    "lupin": "lupin",
    "molluscs": "molluscs",
}
DIET_WORDS = {
    "fr": {
        "vegetarian": "Végétarien",
        "vegan": "Végétalien",
        "gluten_free": "Sans gluten",
        "lactose_free": "Sans lactose",
        "halal": "Halal",
        "kosher": "Casher",
        "organic": "Bio",
    },
    "en": {
        "vegetarian": "Vegetarian",
        "vegan": "Vegan",
        "gluten_free": "Gluten-free",
        "lactose_free": "Lactose-free",
        "halal": "Halal",
        "kosher": "Kosher",
        "organic": "Organic",
    },
}
SPECIES = {
    "fr": {"bovine": "Bœuf", "porcine": "Porc", "ovine": "Agneau", "poultry": "Volaille"},
    "en": {"bovine": "Beef", "porcine": "Pork", "ovine": "Lamb", "poultry": "Poultry"},
}
COUNTRIES = {
    "fr": {
        "AR": "Argentine", "AT": "Autriche", "AU": "Australie", "BE": "Belgique", "BR": "Brésil", "CA": "Canada",
        "CH": "Suisse", "CZ": "Tchéquie", "DE": "Allemagne", "DK": "Danemark", "ES": "Espagne", "FR": "France",
        "GB": "Royaume-Uni", "HU": "Hongrie", "IE": "Irlande", "IT": "Italie", "LU": "Luxembourg", "NL": "Pays-Bas",
        "NZ": "Nouvelle-Zélande", "PL": "Pologne", "PT": "Portugal", "RO": "Roumanie", "TH": "Thaïlande",
        "UA": "Ukraine", "US": "États-Unis", "UY": "Uruguay",
    },
    "en": {
        "AR": "Argentina", "AT": "Austria", "AU": "Australia", "BE": "Belgium", "BR": "Brazil", "CA": "Canada",
        "CH": "Switzerland", "CZ": "Czechia", "DE": "Germany", "DK": "Denmark", "ES": "Spain", "FR": "France",
        "GB": "United Kingdom", "HU": "Hungary", "IE": "Ireland", "IT": "Italy", "LU": "Luxembourg",
        "NL": "Netherlands", "NZ": "New Zealand", "PL": "Poland", "PT": "Portugal", "RO": "Romania",
        "TH": "Thailand", "UA": "Ukraine", "US": "United States", "UY": "Uruguay",
    },
}  # fmt: skip
# So many days in a row are said by the first and the last.
IN_A_ROW = 3
WORDS = {
    "fr": {
        "traces": "Peut contenir : {}.",
        "homemade": "Fait maison.",
        "origin": "{}, origine : {}.",
        "born_raised": "{}, né et élevé : {} / abattu : {}.",
        "born": "{}, né : {} / élevé : {} / abattu : {}.",
        "raised": "{}, élevé : {} / abattu : {}.",
        "drink_included": "Boisson comprise.",
        "drink_excluded": "Boisson non comprise.",
        "allergens": "Allergènes : {}.",
        "none": "Sans allergène à déclaration obligatoire.",
        "unknown": "Allergènes : renseignez-vous auprès de l'équipe.",
        "abv": "{} % vol.",
        "hours": "{} de {} à {}",
        "every_day": "tous les jours",
        "days": "du {} au {}",
        "served": "Servi {}.",
    },
    "en": {
        "traces": "May contain: {}.",
        "homemade": "Home-made.",
        "origin": "{}, origin: {}.",
        "born_raised": "{}, born and raised: {} / slaughtered: {}.",
        "born": "{}, born: {} / raised: {} / slaughtered: {}.",
        "raised": "{}, raised: {} / slaughtered: {}.",
        "drink_included": "Drink included.",
        "drink_excluded": "Drink not included.",
        "allergens": "Allergens: {}.",
        "none": "No allergen subject to declaration.",
        "unknown": "Allergens: please ask our staff.",
        "abv": "{}% vol.",
        "hours": "{} from {} to {}",
        "every_day": "every day",
        "days": "{} to {}",
        "served": "Served {}.",
    },
}


FRENCH_DAYS = {
    "mon": "lundi",
    "tue": "mardi",
    "wed": "mercredi",
    "thu": "jeudi",
    "fri": "vendredi",
    "sat": "samedi",
    "sun": "dimanche",
}


def spoken(language: str) -> str:
    """The language of the words for a text in `language`: French for French, English for the others."""
    return "fr" if language.startswith("fr") else "en"


def allergen_names(codes: list[str], language: str = "fr") -> list[str]:
    """Names in the order of the law's annex, whatever the order of the codes."""
    names = ALLERGENS if spoken(language) == "fr" else ENGLISH_ALLERGENS
    return [names[code] for code in ALLERGENS if code in codes]


def allergens_said(codes: list[str] | None, language: str = "fr") -> str:
    """The sentence on allergens; the three states are three sentences."""
    words = WORDS[spoken(language)]
    if codes is None:
        return words["unknown"]
    return words["allergens"].format(", ".join(allergen_names(codes, language))) if codes else words["none"]


def allergens_read(text: str, language: str = "fr") -> tuple[str, list[str] | None]:
    """A text without the sentence that `allergens_said` ends it with, and the allergens of that sentence."""
    words, names = WORDS[spoken(language)], ALLERGENS if spoken(language) == "fr" else ENGLISH_ALLERGENS
    text = level(text)
    for sentence, state in ((words["unknown"], None), (words["none"], [])):
        if text.endswith(sentence):
            return text.removesuffix(sentence).rstrip(), state
    opening = words["allergens"].partition("{")[0]
    head, found, tail = text.rpartition(opening)
    if not found or not tail.endswith("."):
        return text, None
    codes = {name: code for code, name in names.items()}
    said = [word.strip() for word in tail.removesuffix(".").split(",")]
    # Another hand's words are kept as they are: they are allergens that we did not write.
    return head.rstrip(), sorted(codes.get(word, word) for word in said)


def mentions(entry: dict[str, Any], language: str, *, unheld_diets: list[str]) -> list[str]:
    """What must be read beside a dish or a formula, one sentence each, in a fixed order."""
    words, spoken_language = WORDS[spoken(language)], spoken(language)
    said = [f"{quantity_said(entry[name], language)}." for name in ("volume", "portion") if entry.get(name)]
    if entry.get("abv"):
        said.append(words["abv"].format(_decimal(entry["abv"], language)))
    if entry.get("homemade"):
        said.append(words["homemade"])
    said += [_origin(origin, spoken_language) for origin in entry.get("meat_origins") or []]
    said += [f"{DIET_WORDS[spoken_language][diet]}." for diet in unheld_diets]
    said += [f"{level(label)}." for label in sorted(entry.get("labels") or []) if level(label)]
    if entry.get("traces"):
        said.append(words["traces"].format(", ".join(allergen_names(entry["traces"], language))))
    if entry.get("drink"):
        said.append(words[f"drink_{entry['drink']}"])
    return said


ENGLISH_DAYS = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}


def hours_said(schedule: list[dict[str, Any]] | None, language: str = "fr") -> str:
    """ "du mardi au jeudi de 12:00 à 14:30", as staff wrote the periods; "" without hours."""
    hours = WORDS[spoken(language)]["hours"]
    return " ; ".join(
        hours.format(days_said(period["days"], language), period["start"], period["end"]) for period in schedule or []
    )


def days_said(days: Iterable[str], language: str = "fr") -> str:
    """ "tous les jours", "lundi, mardi", "du mardi au jeudi, samedi": three days or more in a row are said by their ends."""
    words, names = WORDS[spoken(language)], FRENCH_DAYS if spoken(language) == "fr" else ENGLISH_DAYS
    wanted = set(days)
    if wanted >= set(names):
        return words["every_day"]
    rows: list[list[str]] = [[]]
    for day, name in names.items():
        if day in wanted:
            rows[-1].append(name)
        elif rows[-1]:
            rows.append([])
    told = [[words["days"].format(row[0], row[-1])] if len(row) >= IN_A_ROW else row for row in rows]
    return ", ".join(part for row in told for part in row)


def hours_in_french(periods: tuple[tuple[str, str, str], ...]) -> str:
    """ "lundi, mardi de 12:00 à 14:30"."""
    by_span: dict[tuple[str, str], list[str]] = {}
    for day, start, end in periods:
        by_span.setdefault((start, end), []).append(day)
    return " ; ".join(f"{days_said(days)} de {start} à {end}" for (start, end), days in by_span.items())


def quantity_said(quantity: dict[str, Any], language: str) -> str:
    """ "33 cl"."""
    return f"{_decimal(quantity['value'], language)} {level(quantity['unit'])}"


def _decimal(text: str, language: str) -> str:
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text.replace(".", ",") if spoken(language) == "fr" else text


def _origin(origin: dict[str, Any], language: str) -> str:
    """One country when all of the animal's life was there; else each step (décret 2002-1465)."""
    words, names = WORDS[language], COUNTRIES[language]

    def countries(codes: list[str]) -> str:
        return ", ".join(names.get(code, code) for code in codes)

    species = SPECIES[language][origin["species"]]
    raised, slaughtered = sorted(origin["raised"]), [origin["slaughtered"]]
    born = [origin["born"]] if origin.get("born") else raised
    if born == raised == slaughtered:
        return words["origin"].format(species, countries(raised))
    if origin["species"] != "bovine":
        return words["raised"].format(species, countries(raised), countries(slaughtered))
    if born == raised:
        return words["born_raised"].format(species, countries(raised), countries(slaughtered))
    return words["born"].format(species, countries(born), countries(raised), countries(slaughtered))
