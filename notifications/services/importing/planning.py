"""What becomes of each line, decided in memory: the preview shows it, the run writes it, both by these functions.

A guest is found by the fingerprint of the e-mail, then of the mobile. What a line says replaces what was known; what it
leaves blank stays. Lines of one file that name the same guest follow one another, in the order of the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from integrations.tables.cells import tidy
from notifications.models import Contact, Suppression, Tag
from notifications.services.importing.lines import Guest, Refusal

ADDED, UPDATED, UNCHANGED, REFUSED = "added", "updated", "unchanged", "refused"
TEXTS = ("first_name", "last_name", "language", "postcode")
CONFLICT = (
    "L'e-mail est celui d'un contact, le mobile celui d'un autre. Ouvrez les deux fiches, corrigez celle qui a tort, "
    "puis importez cette ligne à nouveau."
)
OPPOSED = (
    "Ce client s'est opposé aux messages à son {} actuel : un import ne le remplace pas. S'il le demande, corrigez sa "
    "fiche."
)
CHANNELS = {"email": ("email", "e-mail"), "phone": ("sms", "mobile")}


@dataclass
class State:
    """The guests that lines met so far, as they would be written. keeps: what is known is not replaced."""

    source: str = ""
    keeps: bool = False
    guests: dict[UUID, Contact] = field(default_factory=dict)
    by_index: dict[str, Contact] = field(default_factory=dict)
    # Fingerprints that were asked of the database: what it says of them is not asked again.
    asked: set[str] = field(default_factory=set)
    opposed: set[str] = field(default_factory=set)
    tags: dict[UUID, set[str]] = field(default_factory=dict)
    known_tags: dict[str, Tag] = field(default_factory=dict)
    # Names of tags that nobody has yet, by their key.
    new_tags: dict[str, str] = field(default_factory=dict)
    new: set[UUID] = field(default_factory=set)
    changed: set[UUID] = field(default_factory=set)
    # Whose address or number changes: their old one must be free before somebody else takes it.
    moved: set[UUID] = field(default_factory=set)
    links: set[tuple[UUID, str]] = field(default_factory=set)


@dataclass(frozen=True)
class Outcome:
    """What becomes of a line. contact: as it would be written, None for a line that is refused."""

    guest: Guest
    kind: str
    contact: Contact | None = None
    refusals: tuple[Refusal, ...] = ()


def load(state: State, guests: Sequence[Guest]) -> None:
    """Learn what the database knows of these lines, in a few queries whatever their number."""
    wanted = {index for guest in guests for index in (guest.email_index, guest.phone_index) if index} - state.asked
    found = _named(wanted)
    state.asked |= wanted
    fresh = [contact for contact in found if contact.pk not in state.guests]
    for contact in fresh:
        state.guests[contact.pk] = contact
        for index in (contact.email_index, contact.phone_index):
            if index:
                state.by_index[index] = contact
                state.asked.add(index)
    held = {index for contact in fresh for index in (contact.email_index, contact.phone_index) if index}
    state.opposed |= set(
        Suppression.objects.filter(address_index__in=wanted | held).values_list("address_index", flat=True)
    )
    if any(guest.tags for guest in guests):
        _load_tags(state, [contact.pk for contact in fresh])


def settle(state: State, guest: Guest) -> Outcome:
    """Decide for one line, and remember it for the next ones."""
    if guest.refusals:
        return Outcome(guest, REFUSED, refusals=tuple(guest.refusals))
    by_email = state.by_index.get(guest.email_index) if guest.email_index else None
    by_phone = state.by_index.get(guest.phone_index) if guest.phone_index else None
    if by_email and by_phone and by_email.pk != by_phone.pk:
        return _refused(guest, CONFLICT)
    contact = by_email or by_phone
    if contact is None:
        contact = Contact(source=state.source)
        state.guests[contact.pk] = contact
        state.new.add(contact.pk)
        _write(state, contact, guest)
        return Outcome(guest, ADDED, contact)
    for name in _moves(state, contact, guest):
        if getattr(contact, f"{name}_index") in state.opposed:
            return _refused(guest, OPPOSED.format(CHANNELS[name][1]))
    return Outcome(guest, UPDATED if _write(state, contact, guest) else UNCHANGED, contact)


def _named(indexes: set[str]) -> list[Contact]:
    if not indexes:
        return []
    # Two queries joined by OR would use no index on SQLite's older planners; the fingerprints of both never meet.
    return list(Contact.objects.filter(Q(email_index__in=indexes) | Q(phone_index__in=indexes)).order_by("pk"))


def _load_tags(state: State, fresh: list[UUID]) -> None:
    if not state.known_tags:
        for tag in Tag.objects.order_by("-pk"):
            state.known_tags[tag.slug.casefold()] = tag
            state.known_tags[tidy(tag.name).casefold()] = tag
    through: Any = Contact.tags.through
    for contact_id, slug in through.objects.filter(contact_id__in=fresh).values_list("contact_id", "tag__slug"):
        state.tags.setdefault(contact_id, set()).add(slug.casefold())


def _moves(state: State, contact: Contact, guest: Guest) -> list[str]:
    """The addresses that this line would put in the place of others."""
    found = []
    for name in ("email", "phone"):
        old, new = getattr(contact, f"{name}_index"), getattr(guest, f"{name}_index")
        if old and new and old != new and not state.keeps:
            found.append(name)
    return found


def _write(state: State, contact: Contact, guest: Guest) -> bool:
    """Put on a guest what the line says; False when all of it was there."""
    is_new = contact.pk in state.new
    changed = [_address(state, contact, guest, name) for name in ("email", "phone")]
    for name in TEXTS:
        said, held = guest.values.get(name, ""), getattr(contact, name)
        keeps = state.keeps and held and not (name == "language" and is_new)
        if said and not keeps and tidy(held) != said:
            setattr(contact, name, said)
            changed.append(True)
    if guest.birthday and contact.birthday != guest.birthday and not (state.keeps and contact.birthday):
        contact.birthday = guest.birthday
        changed.append(True)
    for key, said in guest.attributes.items():
        held = contact.attributes.get(key)
        if in_words(held) != said and not (state.keeps and held not in (None, "")):
            contact.attributes = {**contact.attributes, key: said}
            changed.append(True)
    if any(changed) and not is_new:
        state.changed.add(contact.pk)
    return any([*changed, *[_tag(state, contact, name) for name in guest.tags]])


def _address(state: State, contact: Contact, guest: Guest, name: str) -> bool:
    old, new = getattr(contact, f"{name}_index"), getattr(guest, f"{name}_index")
    if not new or old == new or (old and state.keeps):
        return False
    if old:
        state.by_index.pop(old, None)
        state.moved.add(contact.pk)
    setattr(contact, name, guest.values[name])
    setattr(contact, f"{name}_index", new)
    state.by_index[new] = contact
    return True


def _tag(state: State, contact: Contact, name: str) -> bool:
    known = state.known_tags.get(name.casefold())
    key = known.slug.casefold() if known else name.casefold()
    held = state.tags.setdefault(contact.pk, set())
    if key in held:
        return False
    held.add(key)
    if known is None:
        state.new_tags.setdefault(key, name)
    state.links.add((contact.pk, key))
    return True


def in_words(value: Any) -> str:
    """An attribute as a cell shows it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    return tidy(str(value))


def _refused(guest: Guest, reason: str) -> Outcome:
    return Outcome(guest, REFUSED, refusals=(Refusal(guest.number, "", reason),))
