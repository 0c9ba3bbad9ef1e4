"""What the CRM does not know yet of our guests: marked on the link, told by a claimed task, settled by its answer."""

from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from integrations.claims import (
    CLEAR_ERROR,
    RELEASE,
    abandoned,
    claim,
    due,
    error_fields,
    retry_at,
    untried,
)
from integrations.errors import AccountDisconnected, CommunicationError, TransientError
from integrations.models import ModuleCursor
from integrations.modules.crm import Crm, CrmContact
from integrations.queueing import enqueue
from integrations.services.streams import BROKEN_PACE
from integrations.waking import wake
from notifications.models import Consent, Contact
from vieuxmoulin.exchange import consents, differences
from vieuxmoulin.exchange.models import ContactLink, Difference
from vieuxmoulin.exchange.ownership import FIELDS, Verdict, settle
from vieuxmoulin.exchange.snapshots import Snapshot, ours_of, snapshot_of

log = structlog.get_logger(__name__)
Status = ContactLink.Status
# By name: tasks.py stands above.
TELL = "vieuxmoulin.tasks.tell_crm"
ROWS_AT_ONCE = 500


def enqueue_telling(link_id: Any) -> None:
    enqueue(TELL, link_id)


def mark(link: ContactLink) -> None:
    """Something of this guest changed here: the CRM is to be told, also if it is being told something right now."""
    ContactLink.objects.filter(pk=link.pk).update(
        status=Status.TO_TELL, next_attempt_at=None, attempts=0, **RELEASE, **CLEAR_ERROR
    )
    enqueue_telling(link.pk)


def mark_contact(contact_id: UUID) -> None:
    """The same by our guest's id; nothing for one whom the CRM does not know."""
    link = ContactLink.objects.filter(contact_ref=contact_id, erased_at=None, gone_at=None).first()
    if link is not None:
        mark(link)


def mark_erased(contact_id: UUID) -> None:
    """Erased here: to be erased there, and never to come back from there."""
    link = ContactLink.objects.filter(contact_ref=contact_id).first()
    if link is not None and link.erased_at is None:
        ContactLink.objects.filter(pk=link.pk).update(erased_at=timezone.now(), snapshot={})
        # They hold the guest's addresses.
        link.differences.all().delete()
        mark(link)


def look_around() -> int:
    """Mark what nobody marked: guests who said something to us and whom the CRM does not have, agreements given since it
    was last told, erasures whose fact was lost with its process. Returns how many links were queued to be told.
    """
    for link in ContactLink.objects.filter(contact=None, contact_ref__isnull=False, erased_at=None):
        if link.contact_ref:
            mark_erased(link.contact_ref)
    if not _crm_was_read():
        return 0
    for contact in _unknown_there().order_by("pk")[:ROWS_AT_ONCE]:
        ContactLink.objects.get_or_create(
            contact=contact, defaults={"contact_ref": contact.pk, "status": Status.TO_TELL}
        )
    said = Q(contact__consents__granted_at__gt=F("told_at")) | Q(contact__consents__withdrawn_at__gt=F("told_at"))
    for link in ContactLink.objects.filter(said, status=Status.IN_STEP, gone_at=None).distinct()[:ROWS_AT_ONCE]:
        mark(link)
    return wake(TELL, to_tell(), most=ROWS_AT_ONCE)


def _unknown_there() -> QuerySet[Contact]:
    """Guests who agreed to something with us and have no card in the CRM, but for those of whom a person has still to say
    which card is theirs.
    """
    asked = Difference.objects.filter(status=Difference.Status.WAITING, field=Difference.Field.IDENTITY)
    doubtful = [pk for row in asked for pk in (row.ours, row.theirs)]
    agreed = {"consents__purpose": Consent.Purpose.MARKETING, "consents__status": Consent.Status.GRANTED}
    return Contact.objects.filter(crm_link=None, **agreed).exclude(pk__in=doubtful).distinct()


def _crm_was_read() -> bool:
    """Before the first whole reading, a guest that we do not find there may be on the next page."""
    return ModuleCursor.objects.filter(module="crm", stream="contacts", synced_at__isnull=False).exists()


def to_tell() -> QuerySet[ContactLink]:
    return due(ContactLink.objects.all(), states=[Status.TO_TELL])


def recover_abandoned() -> int:
    """Links whose worker died: every call to the CRM may be made again. Returns their number."""
    found = abandoned(ContactLink.objects.all(), states=[Status.TELLING])
    return found.update(status=Status.TO_TELL, next_attempt_at=None, **RELEASE)


def retry_refused() -> int:
    """Tell again what the CRM refused: somebody mended it there, or here."""
    return ContactLink.objects.filter(status=Status.FAILED).update(
        status=Status.TO_TELL, next_attempt_at=None, attempts=0
    )


def tell(link_id: Any) -> None:
    """Tell the CRM what it does not know of one guest."""
    if not claim(ContactLink, link_id, from_states=[Status.TO_TELL], to_state=Status.TELLING):
        return
    link, started = ContactLink.objects.select_related("contact").get(pk=link_id), timezone.now()
    try:
        answer = _say(link, Crm())
    except CommunicationError as error:
        _fail(link, error)
    else:
        _end(link, answer, started)


def _say(link: ContactLink, crm: Crm) -> CrmContact | None:
    """Make the calls; returns the guest as the CRM then has them, None when nothing was to be said."""
    contact = link.contact
    if contact is None or link.gone_at:
        if link.erased_at and link.external_id:
            crm.erase_contact(link.external_id)
        return None
    said, now = Snapshot.of_json(link.snapshot), timezone.now()
    answer = None
    if not link.external_id:
        answer = crm.put_contact(str(contact.pk), {name: value for name, value in ours_of(contact).items() if value})
    elif changes := changes_for(contact, said, differences.fields_waiting(link)):
        answer = crm.change_contact(link.external_id, changes)
    said = snapshot_of(answer) if answer else said
    external_id = answer.id if answer else link.external_id
    if told := consents.to_tell(contact, said, now):
        answer = crm.put_consents(external_id or "", told)
    return answer


def changes_for(contact: Contact, said: Snapshot, waiting: set[str]) -> dict[str, Any]:
    """Our values that the CRM should have: those that it lacks, and those that are not its own to say; none of those
    about which somebody has still to decide.
    """
    ours = ours_of(contact)
    found = {}
    for name, owner in FIELDS.items():
        theirs = getattr(said, name)
        # Once decided or told, what the CRM says is what it said: a difference that remains is our later word.
        if (
            name not in waiting
            and ours[name]
            and settle(owner, ours=ours[name], theirs=theirs, last=theirs) == Verdict.TELL
        ):
            found[name] = ours[name]
    return found


def _end(link: ContactLink, answer: CrmContact | None, started: datetime) -> None:
    changes: dict[str, Any] = {
        "status": Status.IN_STEP,
        "told_at": started,
        "attempts": 0,
        "next_attempt_at": None,
    }
    if answer is not None:
        changes |= {"snapshot": snapshot_of(answer).as_json(), "external_id": answer.id}
    held = ContactLink.objects.filter(pk=link.pk, status=Status.TELLING, claimed_by=link.claimed_by)
    try:
        with transaction.atomic():
            held.update(**changes, **RELEASE, **CLEAR_ERROR)
    except IntegrityError:
        # The CRM knew this guest by another card of ours, which is followed already.
        log.warning("crm_card_taken", link=link.pk)
        held.update(status=Status.FAILED, last_error="Le CRM rattache ce client à une fiche déjà suivie.", last_error_code="taken", **RELEASE)  # fmt: skip


def _fail(link: ContactLink, error: CommunicationError) -> None:
    """What the CRM refuses of one guest waits for a person; what is wrong with the CRM, or with our access to it, is no
    word about this guest: it is told again for as long as that takes.
    """
    is_refused = _is_refusal(error)
    at = retry_at(error, link.attempts) if isinstance(error, TransientError) else timezone.now() + BROKEN_PACE
    ContactLink.objects.filter(pk=link.pk, status=Status.TELLING, claimed_by=link.claimed_by).update(
        status=Status.FAILED if is_refused else Status.TO_TELL,
        next_attempt_at=None if is_refused else at,
        **RELEASE,
        **untried(error),
        **error_fields(error),
    )


def _is_refusal(error: CommunicationError) -> bool:
    """Whether the CRM understood us, and said no to what we told it."""
    is_ours_to_mend = isinstance(error, TransientError | AccountDisconnected)
    return not is_ours_to_mend and error.code.startswith("4")
