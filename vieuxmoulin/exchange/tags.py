"""The CRM's groups of guests are tags here: their members come with the guests, their names with the groups."""

from integrations.modules.crm import CrmSegment
from notifications.models import Tag
from vieuxmoulin.exchange.snapshots import tag_slug


def tag_of(name: str) -> Tag | None:
    """The tag of a group by its name in the CRM, made where there is none; None for a name that can be none."""
    slug = tag_slug(name)
    if not slug:
        return None
    return Tag.objects.get_or_create(slug=slug, defaults={"name": first_name(name)})[0]


def first_name(name: str) -> str:
    """How a group is called until the CRM says its name."""
    return name.replace("_", " ").capitalize()[:120]


def take(segments: tuple[CrmSegment, ...], is_first: bool) -> None:
    """Call the tags as the CRM calls its groups; a name that staff gave stays."""
    for segment in segments:
        tag = tag_of(segment.id)
        if tag is not None and segment.name and tag.name == first_name(segment.id):
            tag.name = segment.name[:120]
            tag.save(update_fields=["name"])
