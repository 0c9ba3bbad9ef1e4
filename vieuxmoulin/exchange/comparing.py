"""One guest on both sides, compared: what the rules settle is done, the rest is asked."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE
from integrations.errors import TransientError
from integrations.services import audit
from notifications.models import Contact, Tag
from notifications.services import contacts
from vieuxmoulin.exchange import consents, differences, links
from vieuxmoulin.exchange.models import ContactLink
from vieuxmoulin.exchange.ownership import FIELDS, Ruling, Verdict, settle
from vieuxmoulin.exchange.snapshots import ADDRESSES, Snapshot, ours_of, tag_slug
from vieuxmoulin.exchange.tags import tag_of

TELLING = (Ruling.TELL_REFUSAL, Ruling.TELL_AGREEMENT)


def compare(link: ContactLink, contact: Contact, said: Snapshot) -> None:
    """Settle every field and consent of a guest with what the CRM says now, and keep what it says."""
    started = timezone.now()
    # What staff are saving at this moment is waited for, and not written over.
    contact = Contact.objects.select_for_update().get(pk=contact.pk)
    ours, last = ours_of(contact), Snapshot.of_json(link.snapshot)
    waiting = differences.fields_waiting(link)
    tells, taken = False, {}
    for name, owner in FIELDS.items():
        theirs = getattr(said, name)
        verdict = settle(owner, ours=ours[name], theirs=theirs, last=getattr(last, name))
        if verdict == Verdict.TAKE and name in ADDRESSES and is_elsewhere(contact, name, said):
            verdict = Verdict.ASK
        if verdict == Verdict.TELL and name in waiting:
            # A difference that waits for a person is no change of ours.
            verdict = Verdict.ASK
        if verdict == Verdict.ASK:
            differences.ask(link, name, str(ours[name] or ""), str(theirs or ""))
        elif name in waiting:
            differences.gone(link, name)
        if verdict == Verdict.TAKE:
            taken[name] = theirs
        tells = tells or verdict == Verdict.TELL
    _write(contact, taken)
    _tag(contact, set(said.tags), set(last.tags))
    found = consents.rulings(contact, said)
    consents.apply(contact, said, found)
    keep(link, said, tells=tells or any(ruling in TELLING for ruling in found.values()), at=started)


def keep(link: ContactLink, said: Snapshot, *, tells: bool = False, at: datetime | None = None) -> None:
    """Remember what the CRM says. tells: it is to be told something. at: when we began to look, for what guests say since."""
    ContactLink.objects.filter(pk=link.pk).update(
        snapshot=said.as_json(),
        status=ContactLink.Status.TO_TELL if tells else ContactLink.Status.IN_STEP,
        told_at=link.told_at if tells else at or timezone.now(),
        gone_at=None,
        next_attempt_at=None,
        attempts=0,
        **RELEASE,
        **CLEAR_ERROR,
    )
    if tells:
        links.enqueue_telling(link.pk)


def is_elsewhere(contact: Contact, name: str, said: Snapshot) -> bool:
    """Whether another guest of ours holds the address that the CRM gives to this one."""
    index = said.indexes.get(name)
    return bool(index) and Contact.objects.exclude(pk=contact.pk).filter(**{f"{name}_index": index}).exists()


def _write(contact: Contact, taken: dict[str, Any]) -> None:
    addresses = {name: taken.pop(name) for name in ADDRESSES if name in taken}
    for name, value in taken.items():
        setattr(contact, name, value)
    if not taken and not addresses:
        return
    try:
        contacts.save_contact(contact, **addresses)
    except ValidationError:
        # Somebody subscribed with it this instant.
        raise TransientError(
            "Une adresse du CRM vient d'être prise par un autre contact : la page sera relue.", code="address_taken"
        ) from None
    fields = {"fields": sorted({*taken, *addresses})}
    audit.record(audit.Action.CHANGE, actor=audit.module("crm"), subject=contact, detail=fields)


def _tag(contact: Contact, now: set[str], before: set[str]) -> None:
    """The CRM's tags come and go with it; those that staff gave here stay."""
    for name in sorted(now - before):
        if tag := tag_of(name):
            contact.tags.add(tag)
    if dropped := {tag_slug(name) for name in before - now} - {tag_slug(name) for name in now}:
        contact.tags.remove(*Tag.objects.filter(slug__in=dropped))
