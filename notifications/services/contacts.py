"""Guests: their addresses, made comparable, and what they agreed to."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any, TypeVar
from uuid import UUID

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.events import announce
from notifications.models import ChannelType, Consent, ConsentEvent, Contact, Suppression
from notifications.services import oppositions
from notifications.services.permission import address_index
from notifications.signals import consent_withdrawn

HOME_REGION = "FR"
Act = ConsentEvent.Action
Known = TypeVar("Known")
# What is read of guests, by the value of the field of that name.
Reader = Callable[[QuerySet[Contact], str], dict[str, Known]]
# The channel, what is written to, and the index that finds it again.
Recognised = tuple[str, str, str]


def normalise_email(text: str) -> str:
    """The address as it is written to; its domain in lower case. Raises ValidationError."""
    text = text.strip()
    validate_email(text)
    name, _, domain = text.rpartition("@")
    return f"{name}@{domain.lower()}"


def normalise_phone(text: str) -> str:
    """A mobile number in E.164, French unless it says otherwise. Raises ValidationError."""
    try:
        number = phonenumbers.parse(text, HOME_REGION)
    except phonenumbers.NumberParseException:
        raise ValidationError("Ce n'est pas un numéro de téléphone.") from None
    mobile = (phonenumbers.PhoneNumberType.MOBILE, phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE)
    if not phonenumbers.is_valid_number(number) or phonenumbers.number_type(number) not in mobile:
        raise ValidationError("Ce numéro n'est pas un mobile valable.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def save_contact(contact: Contact, *, email: str | None = None, phone: str | None = None) -> Contact:
    """Save a guest, with the indexes that find the address and the number again. Raises ValidationError."""
    if email is not None:
        contact.email = normalise_email(email) if email else ""
    if phone is not None:
        contact.phone = normalise_phone(phone) if phone else ""
    contact.email_index = address_index(ChannelType.EMAIL, contact.email) if contact.email else None
    contact.phone_index = address_index(ChannelType.SMS, contact.phone) if contact.phone else None
    taken = Contact.objects.exclude(pk=contact.pk)
    if contact.email_index and taken.filter(email_index=contact.email_index).exists():
        raise ValidationError({"email": "Un autre contact a déjà cette adresse."})
    if contact.phone_index and taken.filter(phone_index=contact.phone_index).exists():
        raise ValidationError({"phone": "Un autre contact a déjà ce numéro."})
    contact.save()
    return contact


def fingerprints(text: str) -> list[str]:
    """The keyed indexes of what may be an address or a number; none for other words."""
    found = []
    for channel, normalise in ((ChannelType.EMAIL, normalise_email), (ChannelType.SMS, normalise_phone)):
        try:
            found.append(address_index(channel, normalise(text)))
        except ValidationError:
            continue
    return found


def recognised(addresses: list[str]) -> dict[str, Recognised]:
    """What each text says: an address, or else a number. Raises ValidationError with a message per text that is neither
    (`error_dict`).
    """
    found: dict[str, Recognised] = {}
    problems = {}
    for address in addresses:
        channel = ChannelType.EMAIL if "@" in address else ChannelType.SMS
        try:
            tidy = normalise_email(address) if channel == ChannelType.EMAIL else normalise_phone(address)
        except ValidationError as error:
            problems[address] = error
        else:
            found[address] = (channel, tidy, address_index(channel, tidy))
    if problems:
        raise ValidationError(problems)
    return found


def find_or_create(addresses: list[str], *, source: str) -> dict[str, Contact]:
    """The guests behind addresses and numbers, by the address as it was given, in as many queries for one as for all.

    A new guest has agreed to nothing. Raises ValidationError as `recognised` does.
    """
    return _found_or_made(recognised(addresses), source, _guests)


def ids_of(wanted: dict[str, Recognised], *, source: str) -> dict[str, UUID]:
    """As `find_or_create`, for whoever needs no more of the guests than their keys, and knows what was recognised."""
    return _found_or_made(wanted, source, _keys)


def names_of(wanted: Iterable[Recognised]) -> dict[str, list[str]]:
    """The fields, one per channel, by which whoever has these addresses is found, and their values."""
    named = defaultdict(list)
    for channel, _, index in wanted:
        named[f"{_COLUMNS[channel]}_index"].append(index)
    return named


def _found_or_made(wanted: dict[str, Recognised], source: str, read: Reader[Known]) -> dict[str, Known]:
    by_index = {index: (channel, tidy) for channel, tidy, index in wanted.values()}
    found = _by_index(by_index, read)
    if unknown := {index: by_index[index] for index in by_index if index not in found}:
        # Another request may write the same guest at this moment: whoever is first is read back.
        Contact.objects.bulk_create(
            [
                Contact(source=source, **{_COLUMNS[channel]: tidy, f"{_COLUMNS[channel]}_index": index})
                for index, (channel, tidy) in unknown.items()
            ],
            ignore_conflicts=True,
        )
        found |= _by_index(unknown, read)
    return {address: found[index] for address, (_, _, index) in wanted.items()}


_COLUMNS: dict[str, str] = {ChannelType.EMAIL: "email", ChannelType.SMS: "phone"}


def _by_index(wanted: dict[str, tuple[str, str]], read: Reader[Known]) -> dict[str, Known]:
    """What is read of the guests who have an address, by its index."""
    known: dict[str, Known] = {}
    for channel, column in _COLUMNS.items():
        indexes = [index for index, (kind, _) in wanted.items() if kind == channel]
        if indexes:
            name = f"{column}_index"
            known |= read(Contact.objects.filter(**{f"{name}__in": indexes}), name)
    return known


def _guests(rows: QuerySet[Contact], name: str) -> dict[str, Contact]:
    """The guests; what is sealed stays so until somebody reads it."""
    return {getattr(guest, name): guest for guest in rows.defer("email", "phone")}


def _keys(rows: QuerySet[Contact], name: str) -> dict[str, UUID]:
    return dict(rows.order_by().values_list(name, "pk"))


def grant(
    contact: Contact, *, channel: str, source: str, wording: str, version: str, purpose: str = Consent.Purpose.MARKETING,
    ip_address: str | None = None,
) -> Consent:  # fmt: skip
    """Record that a guest agreed, with the proof; an opposition on that address is lifted by this act."""
    proof: dict[str, Any] = {
        "source": source,
        "wording": wording,
        "wording_version": version,
        "ip_address": ip_address,
    }
    state = {"status": Consent.Status.GRANTED, "granted_at": timezone.now(), "withdrawn_at": None}
    with transaction.atomic():
        consent, _ = Consent.objects.update_or_create(
            contact=contact, purpose=purpose, channel=channel, defaults=proof | state
        )
        record(contact, Act.GRANTED, channel=channel, purpose=purpose, **proof)
        # To let opens be measured is not to ask for messages again.
        if purpose == Consent.Purpose.MARKETING:
            lift(contact, channel=channel, source=source, ip_address=ip_address)
    return consent


def withdraw(
    contact: Contact, *, channel: str, source: str, ip_address: str | None = None, scope: str = Suppression.Scope.ALL
) -> None:
    """Stop writing to a guest on a channel, from this moment on; doing it twice changes nothing.

    scope: what stops, everything or only offers and news.
    """
    with transaction.atomic():
        _end_consents(contact, channel, list(Consent.Purpose.values), source, ip_address)
        if address := contact.address(channel):
            oppositions.oppose(channel, address_index(channel, address), reason=source, scope=scope)
            # The service may have told of the opposition first: the row is there, what the guest said is not yet.
            said = ConsentEvent.objects.filter(contact=contact, channel=channel, action__in=[Act.OPPOSED, Act.LIFTED])
            if said.values_list("action", flat=True).first() != Act.OPPOSED:
                record(contact, Act.OPPOSED, channel=channel, source=source, ip_address=ip_address)
        announce(consent_withdrawn, Contact, contact_id=contact.pk, channel=channel, source=source)


def withdraw_purpose(
    contact: Contact, *, channel: str, purpose: str, source: str, ip_address: str | None = None
) -> bool:
    """Take back one agreement without opposing to anything else; False when there was none."""
    with transaction.atomic():
        ended = _end_consents(contact, channel, [purpose], source, ip_address)
        if ended and purpose == Consent.Purpose.MARKETING:
            announce(consent_withdrawn, Contact, contact_id=contact.pk, channel=channel, source=source)
    return ended


def lift(contact: Contact, *, channel: str, source: str, ip_address: str | None = None) -> bool:
    """End a guest's opposition on a channel, without agreeing to offers; False when there was none."""
    address = contact.address(channel)
    index = address_index(channel, address) if address else ""
    with transaction.atomic():
        lifted, _ = Suppression.objects.filter(channel=channel, address_index=index).delete() if index else (0, {})
        if lifted:
            record(contact, Act.LIFTED, channel=channel, source=source, ip_address=ip_address)
    return bool(lifted)


def record(
    contact: Contact, action: str, *, channel: str, source: str, purpose: str = Consent.Purpose.MARKETING,
    wording: str = "", wording_version: str = "", ip_address: str | None = None,
) -> ConsentEvent:  # fmt: skip
    """Add to the evidence what a guest said; no code of ours ever changes or deletes a line of it."""
    address = contact.address(channel)
    return ConsentEvent.objects.create(
        contact=contact,
        address_index=address_index(channel, address) if address else "",
        purpose=purpose,
        channel=channel,
        action=action,
        wording=wording,
        wording_version=wording_version[:40],
        source=source[:120],
        ip_address=ip_address,
    )


def _end_consents(contact: Contact, channel: str, purposes: list[str], source: str, ip_address: str | None) -> bool:
    """Withdraw what was given or asked; one line of evidence for each."""
    standing = Consent.objects.filter(contact=contact, channel=channel, purpose__in=purposes).exclude(
        status=Consent.Status.WITHDRAWN
    )
    ended = list(standing.select_for_update().order_by("pk"))
    Consent.objects.filter(pk__in=[consent.pk for consent in ended]).update(
        status=Consent.Status.WITHDRAWN, withdrawn_at=timezone.now()
    )
    for consent in ended:
        record(
            contact, Act.WITHDRAWN, channel=channel, purpose=consent.purpose, source=source, ip_address=ip_address,
            wording=consent.wording, wording_version=consent.wording_version,
        )  # fmt: skip
    return bool(ended)
