"""The CRM's guests, taken in: found again among ours, compared, or asked about."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.events import announce
from integrations.modules.crm import CrmContact
from integrations.services import audit
from notifications.models import Contact
from notifications.services import contacts, erasure
from notifications.signals import erasure_requested
from vieuxmoulin.exchange import comparing, consents, differences
from vieuxmoulin.exchange.models import ContactLink, Difference
from vieuxmoulin.exchange.ownership import Ruling
from vieuxmoulin.exchange.snapshots import Snapshot, snapshot_of

SOURCE = "CRM"


def take(items: tuple[CrmContact, ...], is_first: bool) -> None:
    """Take in a page of the CRM; the caller holds the transaction. A guest that did not change costs nothing."""
    found = {link.external_id: link for link in _links([item.id for item in items])}
    for item in items:
        link = found.get(item.id)
        _take_one(item, link, snapshot_of(item))
        if link is None and (made := _links([item.id]).first()):
            # The same guest twice on one page.
            found[item.id] = made


def compare_again() -> int:
    """Look again at every guest with what the CRM said last: what was changed here since goes back to the CRM's value, is
    told to it, or is asked about, by the same rules. Returns how many were looked at.
    """
    rows = ContactLink.objects.filter(contact__isnull=False, gone_at=None, status=ContactLink.Status.IN_STEP)
    looked = 0
    for pk in list(rows.values_list("pk", flat=True)):
        with transaction.atomic():
            link = ContactLink.objects.select_related("contact").get(pk=pk)
            if link.contact is not None and link.snapshot:
                comparing.compare(link, link.contact, Snapshot.of_json(link.snapshot))
                looked += 1
    return looked


def _links(names: Iterable[str]) -> QuerySet[ContactLink]:
    return ContactLink.objects.select_for_update(of=("self",)).select_related("contact").filter(external_id__in=names)


def _take_one(item: CrmContact, link: ContactLink | None, said: Snapshot) -> None:
    if link is not None and (link.erased_at or (link.contact is None and link.contact_ref)):
        # Erased here: the CRM is told, and brings nobody back.
        return
    if item.is_deleted:
        _gone_there(link)
        return
    if link is None:
        link = _linked(item, said)
    elif link.snapshot == said.as_json() and not link.gone_at:
        return
    if link is None:
        return
    if link.contact is not None:
        comparing.compare(link, link.contact, said)
        return
    # Somebody has to say who it is. What the CRM says is kept for that moment; a refusal counts at once, for whoever it is.
    for contact in _candidates(said):
        refusals = {channel: one for channel, one in consents.rulings(contact, said).items() if one == Ruling.WITHDRAW}
        consents.apply(contact, said, refusals)
    comparing.keep(link, said)


def _linked(item: CrmContact, said: Snapshot) -> ContactLink | None:
    """The link of a guest of the CRM that was never met; None for one that is nobody's business here."""
    found = _candidates(said)
    if len(found) > 1:
        link = ContactLink.objects.create(external_id=item.id)
        differences.ask(link, Difference.Field.IDENTITY, str(found[0].pk), str(found[1].pk))
        return link
    if not found:
        if not said.indexes or erasure.was_erased(said.indexes.values()):
            return None
        found = [contacts.save_contact(Contact(source=SOURCE), email=said.email, phone=said.phone)]
        audit.record(audit.Action.CREATE, actor=audit.module("crm"), subject=found[0])
    contact = found[0]
    held = ContactLink.objects.select_for_update(of=("self",)).select_related("contact").filter(contact=contact).first()
    if held is None:
        return ContactLink.objects.create(external_id=item.id, contact=contact, contact_ref=contact.pk)
    if held.external_id is None:
        held.external_id = item.id
        held.save(update_fields=["external_id"])
        return held
    # The CRM has this guest twice: one card is followed.
    link = ContactLink.objects.create(external_id=item.id)
    differences.ask(link, Difference.Field.DUPLICATE, held.external_id, item.id)
    return link


def _candidates(said: Snapshot) -> list[Contact]:
    """Whom it may be: the guest whose id it carries, or those that hold its addresses, the e-mail's first."""
    if (ref := _uuid(said.external_ref)) and (known := Contact.objects.filter(pk=ref).first()):
        return [known]
    email, phone = said.indexes.get("email"), said.indexes.get("phone")
    wanted = (Q(email_index=email) if email else Q(pk__in=[])) | (Q(phone_index=phone) if phone else Q(pk__in=[]))
    return sorted(Contact.objects.filter(wanted), key=lambda row: (row.email_index != email, str(row.pk)))


def _gone_there(link: ContactLink | None) -> None:
    """Deleted in the CRM: no more offers, and a person decides whether it was an erasure."""
    if link is None or link.gone_at:
        return
    ContactLink.objects.filter(pk=link.pk).update(
        gone_at=timezone.now(), snapshot={}, status=ContactLink.Status.IN_STEP, next_attempt_at=None
    )
    if link.contact is not None:
        consents.refuse_all(link.contact)
        announce(erasure_requested, Contact, contact_id=link.contact.pk)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text) if text else None
    except ValueError:
        return None
