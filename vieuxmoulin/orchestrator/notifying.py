"""Notify: resolve recipients, write a row per guest and channel; chunks go out by the queue."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.utils import timezone

from integrations.errors import ContentRejected
from notifications import queries
from notifications.models import ChannelType, MessageTemplate, Purpose
from notifications.services import sending
from notifications.services.expansion import Labels
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.audience import Audience, find_audience
from vieuxmoulin.orchestrator.ledger import Requester, new_task, refresh

# A request takes a moment to travel.
LATE_TOLERANCE = timedelta(minutes=5)
# A booking is answered before a promotion leaves.
PRIORITIES = {Purpose.TRANSACTIONAL: 1, Purpose.MARKETING: 6}


@dataclass(frozen=True)
class Notified:
    """A request to write to guests, accepted."""

    task: Task
    messages: int


def notify(
    template: str,
    recipients: list[str] | str,
    data: dict[str, Any],
    channels: list[str],
    *,
    requester: Requester = Requester(),  # noqa: B008 (frozen)
    campaign_id: Any = None,
    phase_id: Any = None,
    when: sending.When = sending.When(),  # noqa: B008 (frozen)
    variation: str = "",
    request_id: UUID | None = None,
) -> Notified:
    """Accept a message for guests: ids, addresses, numbers, "tag:name", "segment:name" or "all".

    when: now by default, from a date on, or each guest at their own moment between two dates.
    request_id: what the request is called by whoever makes it; a second of that name is an IntegrityError.

    Raises ContentRejected naming each fault; then nothing is written.
    """
    found = find_template(template)
    check_channels(channels)
    for channel in channels:
        sending.ensure_usable(found, channel, data)
    check_when(when)
    audience = find_audience(recipients)
    task = new_task(
        Task.Type.NOTIFY,
        {"template": template, "channels": channels, "recipients": audience.spoken},
        requester,
        priority=PRIORITIES[Purpose(found.purpose)],
        request_id=request_id,
    )
    labels = Labels(campaign_id, phase_id, audience.segment_id, variation)
    origin = sending.Origin(task.pk, labels, task.priority, row=task)
    total = _in_one_trip(found, audience, channels, data, origin, when) or sending.create_messages(
        template=found,
        contacts=audience.everybody(),
        channels=channels,
        data=data,
        origin=origin,
        when=when,
        at_most=audience.named,
    )
    if not total:
        refresh(task.pk)
    return Notified(task, total)


def _in_one_trip(
    template: MessageTemplate,
    audience: Audience,
    channels: list[str],
    data: dict[str, Any],
    origin: sending.Origin,
    when: sending.When,
) -> int:
    """Write to few guests named one by one, who mostly are guests already; 0, and nothing written, when one is not."""
    number = audience.named
    if number is None or number > sending.FEW or len(channels) > 1 or when.is_best:
        return 0
    return sending.create_few(
        template=template,
        names=audience.names,
        channel=channels[0],
        data=data,
        origin=origin,
        at=when.starts_at,
        number=number,
    )


def find_template(slug: str) -> MessageTemplate:
    """The version in use. Raises ContentRejected listing the templates there are."""
    found = queries.current_template(slug)
    if found is None:
        known = ", ".join(MessageTemplate.objects.filter(is_current=True).values_list("slug", flat=True)) or "aucun"
        message = f"Modèle inconnu « {slug} ». Modèles : {known}."
        raise ContentRejected(message, code="unknown_template", problems=[{"field": "template", "message": message}])
    return found


def check_when(when: sending.When) -> None:
    """Refuse a moment in the past, or a window that ends before it begins. Raises ContentRejected."""
    problems = []
    if when.starts_at and when.starts_at < timezone.now() - LATE_TOLERANCE:
        problems.append({"field": "scheduled_time", "message": "Cette date est passée : donnez une date à venir."})
    if when.ends_at and when.ends_at <= (when.starts_at or timezone.now()):
        problems.append({"field": "until", "message": "La fin doit venir après le début."})
    if problems:
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="when", problems=problems)


def check_channels(channels: list[str]) -> None:
    """Raises ContentRejected for no channel or an unknown one."""
    unknown = [name for name in channels if name not in ChannelType.values]
    if unknown or not channels:
        said = f"Canal inconnu « {unknown[0]} »." if unknown else "Aucun canal."
        message = f"{said} Canaux : {', '.join(ChannelType.values)}."
        raise ContentRejected(message, code="unknown_channel", problems=[{"field": "channels", "message": message}])
