"""Notify: resolve recipients, write a row per guest and channel; chunks go out by the queue."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction

from integrations.errors import ContentRejected
from notifications import queries
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose, Tag
from notifications.services import contacts as contact_services
from notifications.services import sending
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.ledger import Requester, open_task, refresh

EVERYBODY = "all"
TAG_PREFIX = "tag:"
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
) -> Notified:
    """Accept a message for guests: ids, addresses, numbers, "tag:name" or "all".

    Raises ContentRejected naming each fault; then nothing is written.
    """
    found = find_template(template)
    check_channels(channels)
    for channel in channels:
        sending.ensure_usable(found, channel, data)
    with transaction.atomic():
        guests = resolve_recipients([recipients] if isinstance(recipients, str) else recipients)
        task = open_task(
            Task.Type.NOTIFY,
            {"template": template, "channels": channels, "recipients": len(guests)},
            requester,
            priority=PRIORITIES[Purpose(found.purpose)],
        )
        origin = sending.Origin(task.pk, campaign_id, phase_id, task.priority)
        total = sending.create_messages(template=found, contacts=guests, channels=channels, data=data, origin=origin)
    if not total:
        refresh(task.pk)
    return Notified(task, total)


def find_template(slug: str) -> MessageTemplate:
    """The version in use. Raises ContentRejected listing the templates there are."""
    found = queries.current_template(slug)
    if found is None:
        known = ", ".join(MessageTemplate.objects.filter(is_current=True).values_list("slug", flat=True)) or "aucun"
        message = f"Modèle inconnu « {slug} ». Modèles : {known}."
        raise ContentRejected(message, code="unknown_template", problems=[{"field": "template", "message": message}])
    return found


def check_channels(channels: list[str]) -> None:
    """Raises ContentRejected for no channel or an unknown one."""
    unknown = [name for name in channels if name not in ChannelType.values]
    if unknown or not channels:
        said = f"Canal inconnu « {unknown[0]} »." if unknown else "Aucun canal."
        message = f"{said} Canaux : {', '.join(ChannelType.values)}."
        raise ContentRejected(message, code="unknown_channel", problems=[{"field": "channels", "message": message}])


def resolve_recipients(recipients: list[str]) -> list[Contact]:
    """The guests named, each once. Raises ContentRejected naming every entry that is nobody."""
    guests: dict[Any, Contact] = {}
    problems = []
    for rank, entry in enumerate(recipients):
        try:
            for guest in _resolve(entry):
                guests[guest.pk] = guest
        except ValidationError as error:
            problems.append({"field": f"recipients[{rank}]", "message": " ".join(error.messages)})
    if not recipients:
        problems.append({"field": "recipients", "message": "Aucun destinataire."})
    if problems:
        raise ContentRejected(
            " ".join(problem["message"] for problem in problems), code="recipients", problems=problems
        )
    return list(guests.values())


def _resolve(entry: str) -> list[Contact]:
    if entry == EVERYBODY:
        return list(Contact.objects.order_by("pk"))
    if entry.startswith(TAG_PREFIX):
        tag = Tag.objects.filter(slug=entry.removeprefix(TAG_PREFIX)).first()
        if tag is None:
            raise ValidationError(f"Étiquette inconnue « {entry.removeprefix(TAG_PREFIX)} ».")
        return list(tag.contacts.order_by("pk"))
    if _is_uuid(entry):
        guest = Contact.objects.filter(pk=entry).first()
        if guest is None:
            raise ValidationError(f"Aucun contact n'a l'identifiant {entry}.")
        return [guest]
    return [contact_services.find_or_create(entry, source="api")]


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
