"""Guests on their way out: CSV or a workbook, written as they are read, that no spreadsheet takes for formulas.

The columns are those that an import reads back; what it must not write (agreements, oppositions) it ignores.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import phonenumbers
import structlog
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils import timezone

from integrations.services import audit
from integrations.tables.cells import tidy
from notifications.models import ChannelType, Consent, Contact, Suppression
from notifications.services.contacts import HOME_REGION, normalise_phone
from notifications.services.importing.mapping import ATTRIBUTE_HEADER, FIELDS, LONGEST_KEY
from notifications.services.importing.planning import in_words

BATCH = 500
MOST_ATTRIBUTES = 40
Pair = tuple[str, str]
AGREEMENTS: dict[str, Pair] = {
    "Offres par e-mail": (Consent.Purpose.MARKETING, ChannelType.EMAIL),
    "Offres par SMS": (Consent.Purpose.MARKETING, ChannelType.SMS),
    "Offres par notification": (Consent.Purpose.MARKETING, ChannelType.PUSH),
    "Mesure des e-mails": (Consent.Purpose.TRACKING, ChannelType.EMAIL),
}
STATES = {"granted": "oui", "withdrawn": "retiré", "pending": "à confirmer"}
NONE, OPPOSED = "non", "opposition"
log = structlog.get_logger(__name__)


def header(attributes: Sequence[str]) -> list[str]:
    """The names of the columns."""
    own = [f"{ATTRIBUTE_HEADER}{key}" for key in attributes]
    return [*(field.label for field in FIELDS.values()), *own, "Origine", "Ajouté le", *AGREEMENTS]


def attribute_keys(guests: QuerySet[Contact]) -> list[str]:
    """The attributes that these guests have, the first forty by name; those that a column can hold."""
    found: set[str] = set()
    for attributes in guests.order_by().exclude(attributes={}).values_list("attributes", flat=True).iterator(BATCH):
        found |= {key for key, value in attributes.items() if _is_column(key, value)}
    return sorted(found)[:MOST_ATTRIBUTES]


def rows(guests: QuerySet[Contact], attributes: Sequence[str]) -> Iterator[list[str]]:
    """The guests as lines of text, a batch in memory at a time."""
    read = guests.prefetch_related("tags", "consents").order_by("pk").iterator(BATCH)
    batch: list[Contact] = []
    for guest in read:
        batch.append(guest)
        if len(batch) == BATCH:
            yield from _lines(batch, attributes)
            batch = []
    yield from _lines(batch, attributes)


def note(*, actor: audit.Actor, number: int, filters: dict[str, Any], form: str) -> None:
    """Who took how many guests out, and by which filters; whom they were is not written."""
    log.info("contacts_exported", user=actor.name, number=number, filters=filters, form=form)
    detail = {"rows": number, "filters": sorted(filters), "format": form}
    audit.record(audit.Action.EXPORT, actor=actor, subject=Contact, detail=detail)


def phone_in_words(phone: str) -> str:
    """« 06 12 34 56 78 », « 00 44 7911 123456 »: what a spreadsheet leaves alone and an import reads back."""
    try:
        number = phonenumbers.parse(phone)
        text = phonenumbers.format_out_of_country_calling_number(number, HOME_REGION)
        return text if normalise_phone(text) == phone else phone
    except (phonenumbers.NumberParseException, ValidationError):
        return phone


def _lines(batch: Sequence[Contact], attributes: Sequence[str]) -> Iterator[list[str]]:
    indexes = {index for guest in batch for index in (guest.email_index, guest.phone_index) if index}
    opposed = set(Suppression.objects.filter(address_index__in=indexes).values_list("address_index", flat=True))
    for guest in batch:
        yield [tidy(cell) for cell in _cells(guest, attributes, opposed)]


def _cells(guest: Contact, attributes: Sequence[str], opposed: set[str]) -> list[str]:
    consents = {(consent.purpose, consent.channel): consent.status for consent in guest.consents.all()}
    silent = {
        ChannelType.EMAIL: guest.email_index in opposed,
        ChannelType.SMS: guest.phone_index in opposed,
    }
    return [
        guest.email,
        phone_in_words(guest.phone) if guest.phone else "",
        guest.first_name,
        guest.last_name,
        guest.language,
        f"{guest.birthday:%d/%m/%Y}" if guest.birthday else "",
        guest.postcode,
        " | ".join(tidy(tag.name) for tag in guest.tags.all()),
        *(in_words(guest.attributes.get(key)) for key in attributes),
        guest.source,
        f"{timezone.localtime(guest.created_at):%d/%m/%Y}",
        *(
            OPPOSED if silent.get(ChannelType(channel)) else STATES.get(consents.get((purpose, channel), ""), NONE)
            for purpose, channel in AGREEMENTS.values()
        ),
    ]


def _is_column(key: str, value: Any) -> bool:
    return key.isidentifier() and len(key) <= LONGEST_KEY and isinstance(value, str | int | float | bool)
