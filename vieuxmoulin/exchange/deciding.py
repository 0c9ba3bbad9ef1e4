"""A difference with the CRM, done as a person decided."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from integrations.errors import PermanentError
from notifications.models import Contact
from notifications.services import contacts
from vieuxmoulin.exchange import comparing, links
from vieuxmoulin.exchange.models import ContactLink, Difference
from vieuxmoulin.exchange.snapshots import Snapshot

Status, Field = Difference.Status, Difference.Field


def decide(difference_id: Any, *, keep_ours: bool, by: str) -> Difference:
    """Do what a person chose. Raises PermanentError, in words, for what is settled already or cannot be done."""
    with transaction.atomic():
        row = Difference.objects.select_for_update(of=("self",)).select_related("link").filter(pk=difference_id).first()
        if row is None or row.status != Status.WAITING:
            raise PermanentError("Cette différence est déjà tranchée, ou n'existe plus.", code="already_settled")
        row.status = Status.OURS if keep_ours else Status.THEIRS
        row.decided_at, row.decided_by = timezone.now(), by[:150]
        row.save(update_fields=["status", "decided_at", "decided_by"])
        if row.field == Field.IDENTITY:
            _identify(row, keep_ours)
        elif row.field == Field.DUPLICATE:
            _follow(row, keep_ours)
        else:
            _choose_address(row, keep_ours)
    return row


def _choose_address(row: Difference, keep_ours: bool) -> None:
    contact = row.link.contact
    if contact is None:
        raise PermanentError("Ce contact a été effacé entre-temps.", code="already_settled")
    if keep_ours:
        # Told to the CRM, which then says the same.
        links.mark(row.link)
        return
    value: dict[str, Any] = {row.field: row.theirs}
    try:
        contacts.save_contact(contact, **value)
    except ValidationError as error:
        raise PermanentError(
            f"{' '.join(error.messages)} Ouvrez les deux fiches, corrigez celle qui a tort, puis revenez.", code="taken"
        ) from None


def _identify(row: Difference, keep_ours: bool) -> None:
    """Two contacts of ours may be this guest of the CRM: the one that was chosen is."""
    contact = Contact.objects.filter(pk=row.ours if keep_ours else row.theirs).first()
    if contact is None:
        raise PermanentError("Ce contact n'existe plus : choisissez l'autre.", code="gone")
    if ContactLink.objects.filter(contact=contact).exists():
        raise PermanentError("Ce contact suit déjà une autre fiche du CRM : choisissez l'autre.", code="taken")
    _attach(row.link, contact)


def _follow(row: Difference, keep_ours: bool) -> None:
    """The CRM has this guest twice: go on with the card that was chosen."""
    if keep_ours:
        return
    held = ContactLink.objects.select_related("contact").filter(external_id=row.ours).first()
    if held is None or held.contact is None:
        raise PermanentError("La fiche suivie jusqu'ici n'existe plus.", code="gone")
    contact = held.contact
    ContactLink.objects.filter(pk=held.pk).update(contact=None, contact_ref=None)
    _attach(row.link, contact)


def _attach(link: ContactLink, contact: Contact) -> None:
    """From now on this card of the CRM is this guest: compared as if it were met for the first time."""
    said = Snapshot.of_json(link.snapshot)
    link.contact, link.contact_ref, link.snapshot = contact, contact.pk, {}
    link.save(update_fields=["contact", "contact_ref", "snapshot"])
    comparing.compare(link, contact, said)


def sides(row: Difference) -> tuple[str, str]:
    """Both values as a person reads them: ours (or the first), the CRM's (or the second)."""
    if row.field == Field.IDENTITY:
        names = {str(contact.pk): str(contact) for contact in Contact.objects.filter(pk__in=[row.ours, row.theirs])}
        return names.get(row.ours, "?"), names.get(row.theirs, "?")
    return row.ours, row.theirs
