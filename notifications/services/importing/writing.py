"""What was planned, put in the database by a few statements whatever the number of guests."""

from typing import Any

from django.utils import timezone
from django.utils.text import slugify

from notifications.models import Contact, Tag
from notifications.services.importing.planning import State

WRITTEN = [
    "first_name", "last_name", "email", "email_index", "phone", "phone_index", "language", "birthday", "postcode",
    "attributes", "updated_at",
]  # fmt: skip


def write(state: State) -> None:
    """Write the guests and tags of a plan; the caller holds the transaction."""
    if state.moved - state.new:
        # Their old fingerprints are free at once, for whoever takes them below.
        Contact.objects.filter(pk__in=state.moved - state.new).update(email_index=None, phone_index=None)
    changed = [state.guests[pk] for pk in sorted(state.changed)]
    for contact in changed:
        contact.updated_at = timezone.now()
    if changed:
        # One INSERT … ON CONFLICT rather than bulk_update's long CASE; the rows are there.
        Contact.objects.bulk_create(changed, update_conflicts=True, unique_fields=["id"], update_fields=WRITTEN)
    if state.new:
        Contact.objects.bulk_create([state.guests[pk] for pk in sorted(state.new)])
    if state.links:
        _write_tags(state)


def _write_tags(state: State) -> None:
    for key, name in state.new_tags.items():
        state.known_tags[key] = Tag.objects.create(slug=_free_slug(name), name=name)
    by_key = {tag.slug.casefold(): tag for tag in state.known_tags.values()}
    by_key |= {key: state.known_tags[key] for key in state.new_tags}
    through: Any = Contact.tags.through
    # A tag given by somebody else meanwhile is given.
    through.objects.bulk_create(
        [through(contact_id=pk, tag_id=by_key[key].pk) for pk, key in sorted(state.links)], ignore_conflicts=True
    )


def _free_slug(name: str) -> str:
    base = slugify(name)[:50] or "etiquette"
    taken = set(Tag.objects.filter(slug__startswith=base).values_list("slug", flat=True))
    return next(slug for slug in [base, *(f"{base}-{rank}" for rank in range(2, len(taken) + 3))] if slug not in taken)
