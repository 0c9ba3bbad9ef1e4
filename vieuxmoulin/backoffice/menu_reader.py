"""Answers typed in the forms of the card, read one by one; each that cannot be read has its reason."""

import re
from collections.abc import Callable
from typing import Any

from django.core.exceptions import ValidationError

from integrations.admin_tools.fields import EurosField
from integrations.errors import ContentRejected
from menus.models import HIGHEST_PRICE_CENTS
from menus.services.editing_texts import line, paragraph
from menus.words import DAYS
from vieuxmoulin.backoffice.menu_answers import ENGLISH, NONE, SERVICES, UNKNOWN, Answers, Document, in_order
from vieuxmoulin.backoffice.menu_moments import wall_clock

QUANTITY = re.compile(r"(\d+(?:[.,]\d{1,3})?)\s*([A-Za-zÀ-ÿ]{1,20})")
DECIMAL = re.compile(r"\d+([.,]\d{1,3})?")
COUNTRY_NAMES = {
    "france": "FR", "allemagne": "DE", "belgique": "BE", "espagne": "ES", "irlande": "IE", "italie": "IT",
    "pays-bas": "NL", "pologne": "PL", "portugal": "PT", "royaume-uni": "GB", "ue": "EU", "danemark": "DK",
    "nouvelle-zélande": "NZ", "argentine": "AR", "uruguay": "UY", "brésil": "BR", "australie": "AU",
}  # fmt: skip
EMPTY: tuple[Any, ...] = (None, "", [], {}, False)


class Reader:
    """Reads answers one by one and remembers what is wrong with them."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.faults: list[dict[str, str]] = []

    def take(self, field: str, read: Callable[[], Any], label: str = "") -> Any:
        """What an answer means; None, and a fault, when it means nothing."""
        try:
            return read()
        except ContentRejected as error:
            message = str(error)
        except ValidationError as error:
            message = " ".join(error.messages)
        except ValueError as error:
            message = str(error)
        self.faults.append({"field": field, "message": f"{label} : {message}" if label else message})
        return None

    def check(self) -> None:
        """Raises ContentRejected with all the faults found."""
        if self.faults:
            raise ContentRejected(" ".join(one["message"] for one in self.faults), code="menu", problems=self.faults)

    # --- Pieces ------------------------------------------------------------------------------------------------------

    def texts(self, base: Document) -> Document:
        """Name and description, and their English; other languages stay."""
        name = self.take("name", lambda: line(self.answers["name"], "name"), "Nom")
        description = self.take("description", lambda: paragraph(self.answers["description"], "description"), "Texte")
        english: Document = {}
        if self.answers["name_en"]:
            english["name"] = self.take("name_en", lambda: line(self.answers["name_en"], "name"), "Nom en anglais")
        if self.answers.get("description_en"):
            english["description"] = self.take(
                "description_en", lambda: paragraph(self.answers["description_en"], "description"), "Texte en anglais"
            )
        others = {key: value for key, value in base.get("translations", {}).items() if key != ENGLISH}
        translations = {**others, ENGLISH: english} if english else others
        return {"name": name or "", "description": description, "translations": translations}

    def sold(self, base: Document) -> Document:
        """What a dish and a set menu share: prices elsewhere, taxes, hours, dates, where it is shown."""
        found = {
            "channel_prices": self.prices(self.answers["prices"], "price_at_"),
            "tax": {
                service: rate
                for service in SERVICES
                if (rate := self.decimal(f"tax_{service}", self.answers["tax"].get(service, ""), "TVA"))
            },
            "schedule": self.hours(base.get("schedule", [])),
            "channels": None if self.answers["everywhere"] else sorted(self.answers["channels"]) or None,
            **self.dates(),
        }
        if not self.answers["everywhere"] and not self.answers["channels"]:
            self.faults.append({"field": "channels", "message": "Montré sur : cochez une destination, ou « partout »."})
        return found

    def dates(self) -> Document:
        return {
            name: moment.isoformat() if moment else None
            for name in ("start_date", "end_date")
            for moment in [self.take(name, lambda name=name: wall_clock(self.answers[name]), "Date")]
        }

    def prices(self, typed: dict[str, str], prefix: str) -> dict[str, int]:
        found = {}
        for slug, text in typed.items():
            cents = self.take(f"{prefix}{slug}", lambda text=text: cents_of(text), "Prix") if text else None
            if cents is not None:
                found[slug] = cents
        return found

    def decimal(self, field: str, text: str, label: str) -> str:
        """« 5,5 » as the format wants it."""
        if not text:
            return ""
        if not DECIMAL.fullmatch(text.rstrip(" %°")):
            self.faults.append({"field": field, "message": f"{label} : écrivez un nombre, comme 5,5."})
            return ""
        return text.rstrip(" %°").replace(",", ".")

    def whole(self, field: str, text: str, label: str, *, least: int = 0) -> int | None:
        """A number without decimals; None when it is left blank."""
        if not text:
            return None
        if not text.isdecimal() or int(text) < least:
            self.faults.append({"field": field, "message": f"{label} : écrivez un nombre entier, {least} au moins."})
            return None
        return int(text)

    def quantity(self, field: str, text: str) -> Document | None:
        """« 25 cl »."""
        if not text:
            return None
        found = QUANTITY.fullmatch(text.strip())
        if found is None:
            self.faults.append({"field": field, "message": "Volume : écrivez un nombre et une unité, comme 25 cl."})
            return None
        return {"value": found[1].replace(",", "."), "unit": found[2]}

    def hours(self, _base: list[Document]) -> list[Document]:
        rows = []
        for row in self.answers["hours"]:
            if not row["days"] or not row["start"] or not row["end"]:
                message = "Heures : cochez des jours, et donnez l'heure de début et de fin."
                self.faults.append({"field": "hours", "message": message})
                continue
            days = [code for code in DAYS if code in row["days"]]
            rows.append({"days": days, "start": row["start"][:5], "end": row["end"][:5]})
        return rows

    def allergens(self, answers: Answers, field: str = "allergens") -> list[str] | None:
        """Three states; what contradicts itself is refused rather than guessed."""
        state, listed = answers["allergen_state"], in_order(answers["allergens"])
        if state in (NONE, UNKNOWN) and listed:
            message = "Allergènes : certains sont cochés. Choisissez « renseignés », ou décochez-les."
            self.faults.append({"field": field, "message": message})
        if state not in (NONE, UNKNOWN) and not listed:
            message = "Allergènes : cochez ceux que le plat contient, ou choisissez « aucun » ou « inconnus »."
            self.faults.append({"field": field, "message": message})
        return None if state == UNKNOWN else listed


def cents_of(text: str) -> int:
    """« 23,90 » in cents. Raises ValidationError."""
    found = EurosField(highest_cents=HIGHEST_PRICE_CENTS).to_python(text)
    if found is None:
        raise ValidationError("Écrivez un prix en euros, comme 12,50.")
    return found


def country_of(text: str) -> str:
    """« FR » or « France ». Raises ValueError."""
    told = text.strip()
    code = COUNTRY_NAMES.get(told.casefold(), told.upper())
    if not re.fullmatch("[A-Z]{2}", code):
        raise ValueError(f"« {told} » : écrivez le pays en deux lettres, comme FR.")
    return code


def said(entry: Document) -> Document:
    """Without what says nothing; a price of 0 and an empty list of allergens do say something."""
    return {
        name: value
        for name, value in entry.items()
        if name == "allergens" or (isinstance(value, int) and not isinstance(value, bool)) or value not in EMPTY
    }
