"""What menu platforms tell us by themselves: believed, stored, then followed, in whatever order it comes."""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from integrations.claims import RELEASE
from integrations.events import announce
from integrations.queueing import enqueue
from integrations.services import inbound
from menus import queries
from menus.connectors import registry
from menus.connectors.base import Confirmation, Outcome, WebhookRefused
from menus.models import Destination, MenuSync
from menus.services import placing
from menus.services.planning import CONFIRM
from menus.services.syncing import create_syncs
from menus.services.verifying import CHECK
from menus.signals import menu_synced

# The event under which these calls wait among those of other modules.
EVENT = "menu_platform"
# The platform had an incident of its own: it asks for the same card a little later.
RETRY_AFTER = timedelta(minutes=2)
Status = MenuSync.Status


def address(slug: str) -> str:
    """Where a platform calls us, as it is reached from outside."""
    return f"{settings.PUBLIC_URL}{reverse('menu-webhook', args=[slug])}"


def subscribe(destination: Destination) -> str:
    """Ask a platform to call us; returns the address given to it. Raises CommunicationError."""
    url = address(destination.platform)
    placing.connector_of(destination).subscribe(url, placing.target_of(destination))
    Destination.objects.filter(pk=destination.pk, listens_since=None).update(listens_since=timezone.now())
    return url


def receive(slug: str, body: bytes, headers: Mapping[str, str]) -> int:
    """Verify and store a call; returns how many facts it holds. Raises WebhookRefused."""
    connector = registry[slug]()
    refusal = WebhookRefused("Cette destination n'est pas configurée.", code="unset")
    for destination in Destination.objects.filter(platform=slug).select_related("credential"):
        try:
            connector.verify_webhook(body, headers, placing.target_of(destination).secrets)
        except WebhookRefused as error:
            refusal = error
            continue
        told = connector.parse_webhook(body, headers)
        if told:
            inbound.store(
                source=slug,
                event=EVENT,
                delivery_id=_call_id(told, body),
                occurred_at=timezone.now(),
                payload={"slug": slug, "facts": [{**asdict(one), "outcome": str(one.outcome)} for one in told]},
            )
        return len(told)
    raise refusal


def _call_id(told: list[Confirmation], body: bytes) -> str:
    """The platform's own id of the call, else what it says: a second copy is absorbed."""
    ids = "|".join(one.event_id for one in told if one.event_id)
    return hashlib.sha256(ids.encode() if ids else body).hexdigest()


def process(payload: dict[str, Any]) -> int:
    """Draw what follows from a stored call; returns how many destinations were concerned."""
    concerned = 0
    for fact in payload["facts"]:
        told = Confirmation(**{**fact, "outcome": Outcome(fact["outcome"])})
        for destination in Destination.objects.filter(platform=payload["slug"], is_active=True):
            with transaction.atomic():
                concerned += _follow(destination, told)
    return concerned


def _follow(destination: Destination, told: Confirmation) -> bool:
    if told.sequence is not None:
        newer = Destination.objects.filter(pk=destination.pk).filter(
            Q(last_sequence=None) | Q(last_sequence__lt=told.sequence)
        )
        if not newer.update(last_sequence=told.sequence):
            return False
    if told.outcome == Outcome.REFRESH_REQUESTED:
        revision = queries.revision_in_force()
        if revision is not None and not destination.is_held:
            create_syncs(revision, [destination])
        return revision is not None
    if told.outcome == Outcome.CHANGED:
        Destination.objects.filter(pk=destination.pk).update(next_check_at=timezone.now())
        enqueue(CHECK, destination.pk)
        return True
    return _settle(destination, told)


def _settle(destination: Destination, told: Confirmation) -> bool:
    """The outcome of the write that waits for it."""
    sync = MenuSync.objects.filter(destination=destination, status=Status.CONFIRMING, reference=told.reference).first()
    if sync is None:
        return False
    rows = MenuSync.objects.filter(pk=sync.pk, status=Status.CONFIRMING)
    if told.outcome == Outcome.LIVE:
        rows.update(next_attempt_at=None)
        enqueue(CONFIRM, sync.pk)
    elif told.outcome == Outcome.RETRY:
        rows.update(status=Status.PENDING, next_attempt_at=timezone.now() + RETRY_AFTER, **RELEASE)
    else:
        error = f"La plateforme a refusé la carte. {told.detail}".strip()
        rows.update(status=Status.FAILED, next_attempt_at=None, last_error=error, last_error_code="refused", **RELEASE)
        announce(menu_synced, MenuSync, sync_id=sync.pk)
    return True
