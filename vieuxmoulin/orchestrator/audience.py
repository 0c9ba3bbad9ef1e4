"""Whom a request to write is for: guests named one by one, and groups."""

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import Any
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from integrations.errors import ContentRejected
from integrations.ids import is_uuid
from notifications.models import Contact, Segment, Tag
from notifications.services import contacts as contact_services
from notifications.services import segments

EVERYBODY = "all"
TAG_PREFIX, SEGMENT_PREFIX = "tag:", "segment:"


@dataclass(frozen=True)
class Audience:
    """The guests named one by one, by id or by an address that is perhaps nobody's yet, and the conditions of groups.

    segment_id: the segment, when it is for one and nobody else: figures are then told by it.
    """

    entries: list[str]
    ids: set[UUID]
    addresses: dict[str, contact_services.Recognised]
    groups: list[Q]
    segment_id: Any = None

    @property
    def spoken(self) -> list[str] | int:
        """The groups as they were named; of people, only how many: the ledger holds no address."""
        return list(self.entries) if len(self.groups) == len(self.entries) else len(self.entries)

    @property
    def named(self) -> int | None:
        """How many ids and addresses there are, when nobody is named otherwise: the most that it can hold."""
        return None if self.groups else len(self.ids) + len({index for _, _, index in self.addresses.values()})

    @property
    def names(self) -> dict[str, list[Any]]:
        """What those are found by who are named one by one: fields of Contact, and the values that they have."""
        of_addresses = contact_services.names_of(self.addresses.values())
        return {"id": list(self.ids), **of_addresses} if self.ids else of_addresses

    def known(self) -> QuerySet[Contact]:
        """Those who are guests already, each once."""
        named = [Q(**{f"{name}__in": values}) for name, values in self.names.items()]
        return Contact.objects.filter(reduce(or_, [*self.groups, *named]))

    def everybody(self) -> QuerySet[Contact]:
        """All of them, each once; an address of nobody yet becomes a guest who agreed to nothing."""
        ids = [*self.ids, *contact_services.ids_of(self.addresses, source="api").values()]
        return Contact.objects.filter(reduce(or_, self.groups, Q(pk__in=ids)))


def find_audience(recipients: list[str] | str) -> Audience:
    """Read ids, addresses, numbers, "tag:name", "segment:name" or "all"; nothing is written.

    Raises ContentRejected naming every entry that is nobody.
    """
    entries = [recipients] if isinstance(recipients, str) else recipients
    problems: dict[str, str] = {}
    known, addresses = _people([entry for entry in entries if not _is_group(entry)], problems)
    found = [_members(entry, problems) for entry in entries if _is_group(entry)]
    if not entries:
        problems[""] = "Aucun destinataire."
    if problems:
        listed = [
            {"field": f"recipients[{entries.index(entry)}]" if entry else "recipients", "message": said}
            for entry, said in problems.items()
        ]
        raise ContentRejected(" ".join(problems.values()), code="recipients", problems=listed)
    segment_id = found[0][1] if found and len(entries) == 1 else None
    return Audience(entries, known, addresses, [members for members, _ in found], segment_id)


def _is_group(entry: str) -> bool:
    return entry == EVERYBODY or entry.startswith((TAG_PREFIX, SEGMENT_PREFIX))


def _members(entry: str, problems: dict[str, str]) -> tuple[Q, Any]:
    """Who is in a group, and its key when it is a segment; one that is unknown is a problem, and nobody."""
    if entry.startswith(TAG_PREFIX):
        slug = entry.removeprefix(TAG_PREFIX)
        tag_id = Tag.objects.filter(slug=slug).values_list("pk", flat=True).first()
        if tag_id is None:
            problems[entry] = f"Étiquette inconnue « {slug} »."
            return Q(pk__in=[]), None
        # By its key, whose guests the database counts beforehand: their number decides how it looks them up.
        return Q(pk__in=Contact.tags.through.objects.filter(tag_id=tag_id).values("contact_id")), None
    if entry.startswith(SEGMENT_PREFIX):
        slug = entry.removeprefix(SEGMENT_PREFIX)
        segment = Segment.objects.filter(slug=slug).first()
        if segment is None:
            problems[entry] = f"Segment inconnu « {slug} »."
            return Q(pk__in=[]), None
        return Q(pk__in=segments.members(segment.rules).order_by().values("pk")), segment.pk
    return Q(pk__isnull=False), None


def _people(entries: list[str], problems: dict[str, str]) -> tuple[set[UUID], dict[str, contact_services.Recognised]]:
    """Of the guests named one by one: the ids, and the addresses and numbers, which are perhaps nobody's yet."""
    ids = {UUID(entry): entry for entry in entries if is_uuid(entry)}
    known = set(Contact.objects.filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    for pk, entry in ids.items():
        if pk not in known:
            problems[entry] = f"Aucun contact n'a l'identifiant {entry}."
    try:
        return known, contact_services.recognised([entry for entry in entries if not is_uuid(entry)])
    except ValidationError as error:
        problems |= {address: " ".join(said) for address, said in error.message_dict.items()}
        return known, {}
