"""The cells of a line made into what a guest's fields hold, or the reasons why they cannot be."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.tables.cells import tidy, unescaped
from notifications.models import ChannelType
from notifications.services import contacts
from notifications.services.importing import mapping
from notifications.services.importing.table import LINE, Line
from notifications.services.permission import address_index

LONGEST = {"first_name": 100, "last_name": 100, "postcode": 12}
LONGEST_EMAIL, LONGEST_TAG, MOST_TAGS = 254, 60, 20
OLDEST = 1900
SHORTENED = re.compile(r"\d([.,]\d+)?E\+?\d+", re.IGNORECASE)
LANGUAGES = {
    "francais": "fr", "french": "fr", "anglais": "en", "english": "en", "allemand": "de", "german": "de", "deutsch": "de",
    "espagnol": "es", "spanish": "es", "espanol": "es", "italien": "it", "italian": "it", "italiano": "it",
    "neerlandais": "nl", "dutch": "nl", "nederlands": "nl",
}  # fmt: skip


class Wrong(ValueError):
    """Why a cell cannot be taken, with its cure; never the cell itself."""


@dataclass(frozen=True)
class Refusal:
    """column: as the file names it, "" for the line as a whole."""

    line: int
    column: str
    reason: str

    def as_json(self) -> dict[str, object]:
        return {"line": self.line, "column": self.column, "reason": self.reason}


@dataclass
class Guest:
    """What one line says of somebody; blank means that it says nothing."""

    number: int
    values: dict[str, str] = field(default_factory=dict)
    birthday: date | None = None
    tags: list[str] = field(default_factory=list)
    attributes: dict[str, str] = field(default_factory=dict)
    email_index: str = ""
    phone_index: str = ""
    refusals: list[Refusal] = field(default_factory=list)


def guest_of(line: Line, fields: Sequence[str], columns: Sequence[str]) -> Guest:
    """Read a line with the meaning given to its columns; all of its faults at once."""
    guest = Guest(line.number)
    if LINE in line.faults:
        guest.refusals.append(Refusal(line.number, "", line.faults[LINE]))
        return guest
    for rank, (name, column) in enumerate(zip(fields, columns, strict=True)):
        if name == mapping.IGNORED:
            continue
        if rank in line.faults:
            guest.refusals.append(Refusal(line.number, column, line.faults[rank]))
            continue
        if text := tidy(unescaped(line.cells[rank])):
            try:
                _take(guest, name, text, column)
            except Wrong as wrong:
                guest.refusals.append(Refusal(line.number, column, str(wrong)))
    if not guest.email_index and not guest.phone_index and not guest.refusals:
        reason = "Ni e-mail ni mobile : on ne pourrait ni lui écrire, ni la retrouver au prochain import."
        guest.refusals.append(Refusal(line.number, "", reason))
    return guest


def _take(guest: Guest, name: str, text: str, column: str) -> None:
    if name == "email":
        guest.values["email"] = email_of(text)
        guest.email_index = address_index(ChannelType.EMAIL, guest.values["email"])
    elif name == "phone":
        guest.values["phone"] = phone_of(text)
        guest.phone_index = address_index(ChannelType.SMS, guest.values["phone"])
    elif name == "birthday":
        guest.birthday = birthday_of(text)
    elif name == "language":
        guest.values["language"] = language_of(text)
    elif name == "tags":
        guest.tags = tags_of(text)
    elif name == mapping.ATTRIBUTE:
        guest.attributes[mapping.attribute_key(column)] = text
    elif len(text) > LONGEST[name]:
        raise Wrong(f"{len(text)} signes : {LONGEST[name]} au plus.")
    else:
        guest.values[name] = text


def email_of(text: str) -> str:
    text = text.removeprefix("mailto:").strip("<>")
    try:
        if len(text) > LONGEST_EMAIL:
            raise Wrong(f"Adresse de plus de {LONGEST_EMAIL} signes : ce n'est pas un e-mail.")
        return contacts.normalise_email(text)
    except ValidationError:
        raise Wrong("Ce n'est pas une adresse e-mail valable : une seule par cellule, comme nom@exemple.fr.") from None


def phone_of(text: str) -> str:
    """In E.164; the zero or the sign that a spreadsheet took away is put back."""
    if SHORTENED.fullmatch(text):
        raise Wrong("Le tableur a abrégé ce numéro (6,1E+08) : mettez la colonne au format Texte et corrigez-le.")
    digits = re.sub(r"\D", "", text)
    tries = [text, f"+{digits}"] if len(digits) > 10 and not text.startswith(("+", "0")) else [text]
    for number in tries:
        try:
            return contacts.normalise_phone(number)
        except ValidationError as error:
            why = str(error.messages[0])
    raise Wrong(f"{why} Corrigez la cellule, ou videz-la.")


def birthday_of(text: str) -> date:
    """From « 14/07/1985 » or « 1985-07-14 »."""
    text = re.sub(r"[ T]00:00(:00)?$", "", text)
    if found := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})", text):
        year, month, day = found.groups()
    elif found := re.fullmatch(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", text):
        day, month, year = found.groups()
    else:
        raise Wrong("Date illisible : écrivez jj/mm/aaaa, comme 14/07/1985.")
    try:
        made = date(int(year), int(month), int(day))
    except ValueError:
        raise Wrong("Cette date n'existe pas : écrivez jj/mm/aaaa, le jour d'abord.") from None
    if made.year < OLDEST or made > timezone.localdate():
        raise Wrong(f"Cette date n'est pas celle d'une naissance : entre {OLDEST} et aujourd'hui.")
    return made


def language_of(text: str) -> str:
    said = LANGUAGES.get(mapping.plain(text), text.lower().replace("_", "-"))
    if not re.fullmatch(r"[a-z]{2}(-[a-z]{2})?", said):
        raise Wrong("Langue inconnue : écrivez fr, en, de, es, it ou nl.")
    return said


def tags_of(text: str) -> list[str]:
    """The names in a cell, cut at bars, else at semicolons or commas."""
    parts = text.split("|") if "|" in text else re.split("[;,]", text)
    names = list(dict.fromkeys(name.strip() for name in parts if name.strip()))
    if len(names) > MOST_TAGS:
        raise Wrong(f"{len(names)} étiquettes : {MOST_TAGS} au plus pour une personne.")
    if any(len(name) > LONGEST_TAG for name in names):
        raise Wrong(f"Une étiquette fait {LONGEST_TAG} signes au plus.")
    return names
