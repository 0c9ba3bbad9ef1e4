"""The cells of a card's sheet, in the words of a kitchen: prices with a comma, allergens in French, « oui » and « non »."""

import re
import unicodedata
from typing import Any

from menus import words
from menus.document import ALLERGENS, DIETS, SPECIES
from menus.models import HIGHEST_PRICE_CENTS
from menus.words import NONE

EUROS = re.compile(r"(\d{1,6})(?:[.,](\d{1,2}))?")
NOT_KNOWN = {"inconnu", "inconnus", "?", "nsp", "a verifier"}
NOTHING_IN_IT = {"aucun", "aucune", "aucuns", "neant", "sans", "0", "none"}
MORE_ALLERGENS = {
    "ble": "gluten", "seigle": "gluten", "orge": "gluten", "avoine": "gluten", "epeautre": "gluten",
    "cereales": "gluten", "lactose": "milk", "cacahuete": "peanuts", "arachide": "peanuts", "so2": "sulphites",
    "noix": "nuts", "amande": "nuts", "noisette": "nuts", "pistache": "nuts", "fruits a coques": "nuts",
    "coquillage": "molluscs", "graines de sesame": "sesame",
}  # fmt: skip
MORE_SPECIES = {
    "boeuf": "bovine",
    "veau": "bovine",
    "mouton": "ovine",
    "ovin": "ovine",
    "bovin": "bovine",
    "porcin": "porcine",
}
YES, NO = {"oui", "o", "x", "1", "vrai", "true", "yes"}, {"non", "n", "0", "faux", "false", "no", ""}
COUNTRY = r"([A-Za-z]{2})"
RAISED = re.compile(rf"eleve\w*\s+(?:en\s+|:\s*)?({COUNTRY}(?:\s*(?:et|,|/)\s*{COUNTRY}(?![a-z]))*)")
BORN = re.compile(rf"\bne\w*\s+(?:en\s+|:\s*)?{COUNTRY}\b")
SLAUGHTERED = re.compile(rf"abattu\w*\s+(?:en\s+|:\s*)?{COUNTRY}\b")


# A text between two bars, where a backslash makes the next sign an ordinary one.
PIECES, ESCAPE = re.compile(r"(?:\\.|[^|\\])+", re.DOTALL), re.compile(r"\\(.)", re.DOTALL)


class Wrong(ValueError):
    """Why a cell cannot be taken, with its cure."""


def bare(text: str) -> str:
    """Without accents, capitals nor doubled spaces: how words are recognised."""
    text = unicodedata.normalize("NFD", text.casefold().replace("œ", "oe"))
    return " ".join("".join(sign for sign in text if not unicodedata.combining(sign)).split())


def cents(text: str) -> int:
    """« 23,90 », « 23.90 € », « 1 000 ». Raises Wrong."""
    match = EUROS.fullmatch(re.sub(r"\s|€|eur(os?)?", "", text.casefold()))
    if match is None:
        raise Wrong(f"« {text[:40]} » n'est pas un prix : écrivez-le comme 23,90.")
    found = int(match[1]) * 100 + int((match[2] or "0").ljust(2, "0"))
    if found > HIGHEST_PRICE_CENTS:
        raise Wrong(f"« {text[:40]} » dépasse {HIGHEST_PRICE_CENTS // 100} € : vérifiez la virgule.")
    return found


def euros(amount: int) -> str:
    """« 23,90 »."""
    return f"{amount // 100},{amount % 100:02d}"


def allergens(text: str) -> list[str] | None:
    """Three states: « inconnu » or nothing, « aucun », or a list. Raises Wrong."""
    told = bare(text)
    if not told or told in NOT_KNOWN:
        return None
    return [] if told in NOTHING_IN_IT else allergen_codes(text)


def allergen_codes(text: str) -> list[str]:
    """A list of French names or of codes, in the order of the regulation. Raises Wrong."""
    names = {_singular(bare(name)): code for code, name in ALLERGENS.items()} | {
        _singular(name): code for name, code in MORE_ALLERGENS.items()
    }
    names |= {code: code for code in ALLERGENS}
    found = set()
    for word in _listed(text):
        code = names.get(bare(word)) or names.get(_singular(bare(word)))
        if code is None:
            raise Wrong(
                f"« {word[:40]} » n'est pas l'un des 14 allergènes : {', '.join(ALLERGENS.values())} ; "
                "ou écrivez « aucun », ou « inconnu »."
            )
        found.add(code)
    return [code for code in ALLERGENS if code in found]


def allergens_in_words(codes: list[str] | None) -> str:
    return "inconnu" if codes is None else ", ".join(ALLERGENS[code] for code in codes) or NONE


def diets(text: str) -> list[str]:
    """Raises Wrong."""
    names = {bare(name): code for code, name in DIETS.items()} | {code: code for code in DIETS}
    names |= {"vegetarienne": "vegetarian", "vegan": "vegan", "vegane": "vegan", "kasher": "kosher", "casher": "kosher"}
    found = []
    for word in _listed(text):
        code = names.get(bare(word))
        if code is None:
            raise Wrong(f"« {word[:40]} » n'est pas un régime connu : {', '.join(DIETS.values())}.")
        found.append(code)
    return list(dict.fromkeys(found))


def yes(text: str) -> bool:
    """« oui » or « non ». Raises Wrong."""
    told = bare(text)
    if told not in YES | NO:
        raise Wrong(f"« {text[:40]} » : écrivez « oui » ou « non ».")
    return told in YES


def origins(text: str) -> list[dict[str, Any]]:
    """« volaille : élevé FR, abattu FR ; bœuf : IE ». Raises Wrong."""
    species = {bare(name): code for code, name in SPECIES.items()} | MORE_SPECIES | {code: code for code in SPECIES}
    rows = []
    for part in filter(str.strip, text.split(";")):
        name, colon, rest = part.partition(":")
        code, told = species.get(bare(name)), bare(rest)
        if code is None or not colon:
            raise Wrong(f"« {part.strip()[:60]} » : écrivez par exemple « volaille : élevé FR, abattu FR ».")
        rows.append({"species": code, **_countries(told, part)})
    return rows


def _countries(told: str, part: str) -> dict[str, Any]:
    if re.fullmatch("[a-z]{2}", told):
        country = told.upper()
        return {"born": country, "raised": [country], "slaughtered": country}
    raised, slaughtered, born = RAISED.search(told), SLAUGHTERED.search(told), BORN.search(told)
    if raised is None or slaughtered is None:
        raise Wrong(f"« {part.strip()[:60]} » : dites où l'animal est élevé et abattu, comme « élevé FR, abattu FR ».")
    countries = [one.upper() for one in re.findall(r"\b[a-z]{2}\b", raised[1]) if one != "et"]
    found: dict[str, Any] = {"born": born[1].upper()} if born else {}
    return {**found, "raised": countries, "slaughtered": slaughtered[1].upper()}


def origins_in_words(rows: list[dict[str, Any]]) -> str:
    return words.origins(rows)


def joined(texts: list[str]) -> str:
    """Texts that may hold commas, in one cell."""
    told = " | ".join(text.replace("\\", "\\\\").replace("|", "\\|") for text in texts)
    return f"{told} |" if len(texts) == 1 and "," in told else told


def split(text: str) -> list[str]:
    """What `joined` put together; commas do as well when there is no bar."""
    if "|" not in text and "\\" not in text:
        parts = text.split(",")
    else:
        parts = [ESCAPE.sub(r"\1", part) for part in PIECES.findall(text)]
    return list(dict.fromkeys(part.strip() for part in parts if part.strip()))


def _listed(text: str) -> list[str]:
    return [word.strip() for word in re.split(r"[,;|/\n]", text) if word.strip()]


def _singular(name: str) -> str:
    """« œufs » and « œuf », « fruits à coque » and « fruit à coque »."""
    return " ".join(word.rstrip("s") for word in name.split())
