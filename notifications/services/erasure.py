"""To forget a guest (GDPR, article 17): what names them goes; figures, and the proof of their choices, stay nameless."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import structlog
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from integrations.events import announce
from notifications.models import Chunk, Contact, DeliveryEvent, ErasedAddress, Notification
from notifications.signals import contact_erased

log = structlog.get_logger(__name__)
Status = Notification.Status
# What has not left yet will not.
WAITING = (Status.PENDING, Status.QUEUED)
BATCH = 500


def erase(guests: QuerySet[Contact]) -> int:
    """Forget these guests; returns how many. Oppositions stay, by their fingerprint: nobody writes there again."""
    erased = 0
    for contact_id in list(guests.order_by("pk").values_list("pk", flat=True)):
        with transaction.atomic():
            erased += _erase(contact_id)
    return erased


def _erase(contact_id: Any) -> int:
    guest = Contact.objects.select_for_update().filter(pk=contact_id).first()
    if guest is None:
        return 0
    messages = Notification.objects.filter(contact=guest)
    messages.filter(status__in=WAITING).update(status=Status.CANCELED, reason="Client effacé.")
    # How a guest reads is theirs as well: that a message was opened stays, with what and where from does not.
    DeliveryEvent.objects.filter(notification__in=messages.values("pk")).update(user_agent="", url="")
    messages.update(recipient="", data={}, moment_reason="")
    _empty_chunks_of_one(messages)
    for index in (guest.email_index, guest.phone_index):
        if index:
            ErasedAddress.objects.update_or_create(address_index=index, defaults={"erased_at": timezone.now()})
    guest.delete()
    _unname_history(contact_id)
    log.info("contact_erased", contact=str(contact_id))
    announce(contact_erased, Contact, contact_id=contact_id)
    return 1


def was_erased(indexes: Iterable[str], *, since: datetime | None = None) -> bool:
    """Whether a guest behind one of these fingerprints was erased, after a moment if one is given: what is older than
    that is not to bring them back.
    """
    rows = ErasedAddress.objects.filter(address_index__in=list(indexes))
    return (rows.filter(erased_at__gte=since) if since else rows).exists()


def _unname_history(contact_id: Any) -> None:
    """The back-office's history of changes, where older lines still bear the name."""
    kind = ContentType.objects.get_for_model(Contact)
    lines = LogEntry.objects.filter(content_type=kind, object_id=str(contact_id))
    lines.update(object_repr=str(Contact._meta.verbose_name))


def _empty_chunks_of_one(messages: QuerySet[Notification]) -> None:
    """The data of a send to one guest (a booking) is about that guest; that of a crowd is about the offer."""
    alone = Chunk.objects.filter(pk__in=messages.values("chunk_id"), size=1)
    alone.update(data={})
