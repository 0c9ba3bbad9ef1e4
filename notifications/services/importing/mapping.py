"""What each column of a file means: the fields that a guest has, guessed from headers and from what cells look like."""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError

from notifications.services import contacts
from notifications.services.importing.table import Line

IGNORED = ""
# A column that is no field of ours: kept under its own name, for segments and templates.
ATTRIBUTE = "attribute"
ATTRIBUTE_HEADER = "Attribut : "
LONGEST_KEY = 40
# How much of a column must look like a field for it to be taken for it.
LIKENESS = 0.6
EMAIL = re.compile(r"[^@\s;,]+@[^@\s;,]+\.[^@\s;,]+")
DAY = re.compile(r"(\d{4}-\d{2}-\d{2}|\d{1,2}[/.-]\d{1,2}[/.-]\d{4})")
POSTCODE = re.compile(r"\d{5}")


@dataclass(frozen=True)
class Field:
    """One thing that a column may hold. words: the headers that mean it, in French and in English."""

    label: str
    words: tuple[str, ...]
    example: tuple[str, str]


FIELDS: dict[str, Field] = {
    "email": Field(
        "E-mail",
        ("email", "e mail", "mail", "courriel", "adresse email", "adresse e mail", "adresse mail", "email address",
         "adresse electronique", "e mail address"),
        ("camille.durand@example.com", "john.smith@example.com"),
    ),
    "phone": Field(
        "Mobile",
        ("mobile", "telephone", "tel", "portable", "telephone mobile", "telephone portable", "numero", "numero de telephone",
         "numero de mobile", "tel mobile", "tel portable", "gsm", "phone", "phone number", "mobile phone", "cell",
         "cell phone", "sms"),
        ("06 12 34 56 78", "+44 7911 123456"),
    ),
    "first_name": Field(
        "Prénom", ("prenom", "first name", "firstname", "given name", "forename", "prenom client"), ("Camille", "John")
    ),
    "last_name": Field(
        "Nom",
        ("nom", "nom de famille", "last name", "lastname", "surname", "family name", "name", "nom client"),
        ("Durand", "Smith"),
    ),
    "language": Field("Langue", ("langue", "language", "lang", "locale"), ("français", "en")),
    "birthday": Field(
        "Anniversaire",
        ("anniversaire", "date de naissance", "naissance", "ne le", "nee le", "date anniversaire", "birthday", "birthdate",
         "birth date", "date of birth", "dob"),
        ("14/07/1985", "1990-03-02"),
    ),
    "postcode": Field(
        "Code postal", ("code postal", "cp", "postcode", "post code", "postal code", "zip", "zip code", "zipcode"),
        ("33590", "SW1A 1AA"),
    ),
    "tags": Field(
        "Étiquettes", ("etiquettes", "etiquette", "tags", "tag", "groupe", "groupes", "groups", "group"),
        ("Habitués, Terrasse", ""),
    ),
}  # fmt: skip


def plain(text: str) -> str:
    """A header without accents, capitals or punctuation."""
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return " ".join(re.findall(r"[a-z0-9]+", bare))


def looks_like_a_guest(cells: Sequence[str]) -> bool:
    """Whether a first line is somebody already, rather than the names of columns."""
    return any(EMAIL.fullmatch(cell.strip()) or _is_mobile(cell) for cell in cells)


def guess(columns: Sequence[str], sample: Sequence[Line], *, has_header: bool) -> list[str]:
    """What each column means, each field once: by its header first, else by what its cells look like."""
    found = [_by_header(name) if has_header else IGNORED for name in columns]
    for rank, name in enumerate(found):
        if name in FIELDS and name in found[:rank]:
            found[rank] = IGNORED
    for rank, name in enumerate(found):
        if name == IGNORED:
            cells = [line.cells[rank].strip() for line in sample if line.cells[rank:] and line.cells[rank].strip()]
            seen = _by_look(cells, has_header)
            if seen and seen not in found:
                found[rank] = seen
    return found


def check(fields: Sequence[str]) -> list[str]:
    """What is wrong with a mapping, in French; empty when it may be used."""
    problems = []
    for name, field in FIELDS.items():
        if (times := fields.count(name)) > 1:
            problems.append(f"{times} colonnes sont dites « {field.label} » : gardez-en une, ignorez les autres.")
    if "email" not in fields and "phone" not in fields:
        problems.append(
            "Dites quelle colonne est l'e-mail ou le mobile : sans l'un des deux, personne ne peut être retrouvé."
        )
    return problems


def is_known(name: str) -> bool:
    return name in (IGNORED, ATTRIBUTE) or name in FIELDS


def attribute_key(header: str) -> str:
    """The name under which a column is kept among a guest's attributes."""
    header = header.removeprefix(ATTRIBUTE_HEADER)
    if re.fullmatch(r"\w+", header):
        return header[:LONGEST_KEY]
    return plain(header).replace(" ", "_")[:LONGEST_KEY] or "colonne"


def model_rows() -> list[list[str]]:
    """The file that shows staff what is expected."""
    return [[field.label for field in FIELDS.values()]] + [
        [field.example[rank] for field in FIELDS.values()] for rank in range(2)
    ]


def choices() -> list[tuple[str, str]]:
    """What a column may be, as the page offers it."""
    return [
        (IGNORED, "Ignorer"),
        *((name, field.label) for name, field in FIELDS.items()),
        (ATTRIBUTE, "Attribut (sous le nom de la colonne)"),
    ]


def label_of(name: str) -> str:
    return dict(choices()).get(name, name)


def _by_header(header: str) -> str:
    if header.startswith(ATTRIBUTE_HEADER):
        return ATTRIBUTE
    words = plain(header)
    return next((name for name, field in FIELDS.items() if words in field.words), IGNORED)


def _by_look(cells: list[str], has_header: bool) -> str:
    looks: list[tuple[str, Any]] = [("email", EMAIL.fullmatch), ("phone", _is_mobile)]
    if not has_header:
        looks += [("birthday", DAY.fullmatch), ("postcode", POSTCODE.fullmatch)]
    for name, test in looks:
        if cells and sum(bool(test(cell)) for cell in cells) >= LIKENESS * len(cells):
            return name
    return IGNORED


def _is_mobile(cell: str) -> bool:
    # A price or a year is read as a number of telephone by nobody.
    if sum(sign.isdigit() for sign in cell) < 9 or len(cell) > 25:
        return False
    try:
        contacts.normalise_phone(cell)
    except ValidationError:
        return False
    return True
