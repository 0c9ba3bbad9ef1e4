"""Guests: their addresses, made comparable, and what they agreed to."""

from typing import Any

import phonenumbers
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils import timezone

from integrations.events import announce
from notifications.models import ChannelType, Consent, Contact, Suppression
from notifications.services.permission import address_index
from notifications.signals import consent_withdrawn

HOME_REGION = "FR"


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


def find_or_create(addresses: list[str], *, source: str) -> dict[str, Contact]:
    """The guests behind addresses and numbers, by the address as it was given, in two queries for all of them.

    A new guest has agreed to nothing. Raises ValidationError with a message per address that is none (`error_dict`).
    """
    wanted: dict[str, tuple[str, str, str]] = {}
    problems = {}
    for address in addresses:
        channel = ChannelType.EMAIL if "@" in address else ChannelType.SMS
        try:
            tidy = normalise_email(address) if channel == ChannelType.EMAIL else normalise_phone(address)
        except ValidationError as error:
            problems[address] = error
        else:
            wanted[address] = (channel, tidy, address_index(channel, tidy))
    if problems:
        raise ValidationError(problems)
    found = _by_index({index for _, _, index in wanted.values()})
    for kind, tidy, index in wanted.values():
        if index not in found:
            fields = {"email": tidy} if kind == ChannelType.EMAIL else {"phone": tidy}
            found[index] = save_contact(Contact(source=source), **fields)
    return {address: found[index] for address, (_, _, index) in wanted.items()}


def _by_index(indexes: set[str]) -> dict[str, Contact]:
    known: dict[str, Contact] = {}
    for field in ("email_index", "phone_index"):
        for contact in Contact.objects.filter(**{f"{field}__in": indexes}):
            known[getattr(contact, field)] = contact
    return known


def grant(
    contact: Contact, *, channel: str, source: str, wording: str, version: str, purpose: str = Consent.Purpose.MARKETING,
    ip_address: str | None = None,
) -> Consent:  # fmt: skip
    """Record that a guest agreed, with the proof; an opposition on that address is lifted by this act."""
    proof: dict[str, Any] = {
        "status": Consent.Status.GRANTED,
        "source": source,
        "wording": wording,
        "wording_version": version,
        "ip_address": ip_address,
        "granted_at": timezone.now(),
        "withdrawn_at": None,
    }
    with transaction.atomic():
        consent, _ = Consent.objects.update_or_create(contact=contact, purpose=purpose, channel=channel, defaults=proof)
        if address := contact.address(channel):
            Suppression.objects.filter(channel=channel, address_index=address_index(channel, address)).delete()
    return consent


def withdraw(contact: Contact, *, channel: str, source: str) -> None:
    """Stop writing to a guest on a channel, from this moment on; doing it twice changes nothing."""
    with transaction.atomic():
        Consent.objects.filter(contact=contact, channel=channel, status=Consent.Status.GRANTED).update(
            status=Consent.Status.WITHDRAWN, withdrawn_at=timezone.now()
        )
        if address := contact.address(channel):
            Suppression.objects.get_or_create(
                channel=channel, address_index=address_index(channel, address), defaults={"reason": source[:60]}
            )
        announce(consent_withdrawn, Contact, contact_id=contact.pk, channel=channel, source=source)
