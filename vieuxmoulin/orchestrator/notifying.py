"""Notify: resolve recipients, write a row per guest and channel; chunks go out by the queue."""

from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.errors import ContentRejected
from notifications import queries
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose, Segment, Tag
from notifications.services import contacts as contact_services
from notifications.services import segments, sending
from notifications.services.expansion import Labels
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.ledger import Requester, new_task, refresh

EVERYBODY = "all"
TAG_PREFIX, SEGMENT_PREFIX = "tag:", "segment:"
# A request takes a moment to travel.
LATE_TOLERANCE = timedelta(minutes=5)
# A booking is answered before a promotion leaves.
PRIORITIES = {Purpose.TRANSACTIONAL: 1, Purpose.MARKETING: 6}


def _spoken(recipients: list[str] | str) -> list[str] | int:
    """The groups as they were named; of people, only how many: the ledger holds no address."""
    entries = [recipients] if isinstance(recipients, str) else recipients
    return list(entries) if all(_is_group(entry) for entry in entries) else len(entries)


def _at_most(recipients: list[str] | str) -> int | None:
    """How many guests are named, when they are named one by one."""
    spoken = _spoken(recipients)
    return spoken if isinstance(spoken, int) and not any(map(_is_group, recipients)) else None


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
    guests = resolve_recipients([recipients] if isinstance(recipients, str) else recipients)
    task = new_task(
        Task.Type.NOTIFY,
        {"template": template, "channels": channels, "recipients": _spoken(recipients)},
        requester,
        priority=PRIORITIES[Purpose(found.purpose)],
        request_id=request_id,
    )
    labels = Labels(campaign_id, phase_id, segment_id_of(recipients), variation)
    total = sending.create_messages(
        template=found,
        contacts=guests,
        channels=channels,
        data=data,
        origin=sending.Origin(task.pk, labels, task.priority),
        when=when,
        at_most=_at_most(recipients),
        request=task,
    )
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


def check_when(when: sending.When) -> None:
    """Refuse a moment in the past, or a window that ends before it begins. Raises ContentRejected."""
    problems = []
    if when.starts_at and when.starts_at < timezone.now() - LATE_TOLERANCE:
        problems.append({"field": "scheduled_time", "message": "Cette date est passée : donnez une date à venir."})
    if when.ends_at and when.ends_at <= (when.starts_at or timezone.now()):
        problems.append({"field": "until", "message": "La fin doit venir après le début."})
    if problems:
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="when", problems=problems)


def segment_id_of(recipients: list[str] | str) -> Any:
    """The segment that a send is for, when it is for one and nobody else: figures are then told by it."""
    entries = [recipients] if isinstance(recipients, str) else recipients
    if len(entries) != 1 or not entries[0].startswith(SEGMENT_PREFIX):
        return None
    slug = entries[0].removeprefix(SEGMENT_PREFIX)
    return Segment.objects.filter(slug=slug).values_list("pk", flat=True).first()


def check_channels(channels: list[str]) -> None:
    """Raises ContentRejected for no channel or an unknown one."""
    unknown = [name for name in channels if name not in ChannelType.values]
    if unknown or not channels:
        said = f"Canal inconnu « {unknown[0]} »." if unknown else "Aucun canal."
        message = f"{said} Canaux : {', '.join(ChannelType.values)}."
        raise ContentRejected(message, code="unknown_channel", problems=[{"field": "channels", "message": message}])


def resolve_recipients(recipients: list[str]) -> QuerySet[Contact]:
    """The guests named, each once; an address of nobody yet becomes a guest who agreed to nothing.

    Raises ContentRejected naming every entry that is nobody; then nobody is written either.
    """
    problems: dict[str, str] = {}
    known, addresses = _people([entry for entry in recipients if not _is_group(entry)], problems)
    groups = [_members(entry, problems) for entry in recipients if _is_group(entry)]
    if not recipients:
        problems[""] = "Aucun destinataire."
    if problems:
        listed = [
            {"field": f"recipients[{recipients.index(entry)}]" if entry else "recipients", "message": said}
            for entry, said in problems.items()
        ]
        raise ContentRejected(" ".join(problems.values()), code="recipients", problems=listed)
    named = [*known, *contact_services.ids_of(addresses, source="api").values()]
    return Contact.objects.filter(reduce(or_, groups, Q(pk__in=named)))


def _is_group(entry: str) -> bool:
    return entry == EVERYBODY or entry.startswith((TAG_PREFIX, SEGMENT_PREFIX))


def _members(entry: str, problems: dict[str, str]) -> Q:
    """Who is in a group; one that is unknown is a problem, and nobody."""
    if entry.startswith(TAG_PREFIX):
        slug = entry.removeprefix(TAG_PREFIX)
        tag_id = Tag.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if tag_id is None:
            problems[entry] = f"Étiquette inconnue « {slug} »."
            return Q(pk__in=[])
        # By its key, whose guests the database counts beforehand: their number decides how it looks them up.
        return Q(pk__in=Contact.tags.through.objects.filter(tag_id=tag_id).values("contact_id"))
    if entry.startswith(SEGMENT_PREFIX):
        slug = entry.removeprefix(SEGMENT_PREFIX)
        segment = Segment.objects.filter(slug=slug).first()
        if segment is None:
            problems[entry] = f"Segment inconnu « {slug} »."
            return Q(pk__in=[])
        return Q(pk__in=segments.members(segment.rules).order_by().values("pk"))
    return Q(pk__isnull=False)


def _people(entries: list[str], problems: dict[str, str]) -> tuple[set[UUID], dict[str, contact_services.Recognised]]:
    """Of the guests named one by one: the ids, and the addresses and numbers, which are perhaps nobody's yet."""
    ids = {UUID(entry): entry for entry in entries if _is_uuid(entry)}
    known = set(Contact.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    for pk, entry in ids.items():
        if pk not in known:
            problems[entry] = f"Aucun contact n'a l'identifiant {entry}."
    try:
        return known, contact_services.recognised([entry for entry in entries if not _is_uuid(entry)])
    except ValidationError as error:
        problems |= {address: " ".join(said) for address, said in error.message_dict.items()}
        return known, {}


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
