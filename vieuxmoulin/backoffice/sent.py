"""What was sent to guests, in words: which template, to whom, by what, and who asked."""

from collections.abc import Iterable
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _

from integrations.admin_tools.display import NOTHING, label, short_date
from integrations.admin_tools.operations import counted
from notifications.models import ChannelType, MessageTemplate, Segment, Tag
from vieuxmoulin.backoffice.progress import TASK_COLOURS, counts_in_words
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.audience import EVERYBODY, SEGMENT_PREFIX, TAG_PREFIX

RECENT = 8
CHANNELS = {value: str(said) for value, said in ChannelType.choices}


def recent() -> list[dict[str, Any]]:
    """The last sends that staff asked for; those of rules and campaigns are in the ledger."""
    return describe(
        Task.objects.filter(type=Task.Type.NOTIFY, user__isnull=False)
        .select_related("user")
        .order_by("-timestamp")[:RECENT]
    )


def describe(tasks: Iterable[Task]) -> list[dict[str, Any]]:
    """Each send as staff read it, in three queries whatever their number."""
    found = list(tasks)
    entries = [entry for task in found for entry in _groups(task.params.get("recipients"))]
    names = _names(entries)
    slugs = {task.params.get("template", "") for task in found}
    templates = dict(MessageTemplate.objects.filter(slug__in=slugs, is_current=True).values_list("slug", "name"))
    return [
        {
            "address": reverse("backoffice:send", args=[task.pk]),
            "name": templates.get(task.params.get("template", "")) or task.params.get("template") or NOTHING,
            "audience": _words(task.params.get("recipients"), names),
            "channels": ", ".join(CHANNELS.get(name, name) for name in task.params.get("channels", [])),
            "asked_by": task.asked_by or NOTHING,
            "asked_at": short_date(task.timestamp),
            "badge": label(task.get_status_display(), TASK_COLOURS.get(task.status, "")),
            "counts": ", ".join(counts_in_words(task)),
        }
        for task in found
    ]


def audience_in_words(named: Any) -> str:
    """The recipients of a request as its ledger line keeps them: groups by their names, people by their number."""
    return _words(named, _names(_groups(named)))


def _groups(named: Any) -> list[str]:
    return named if isinstance(named, list) else []


def _names(entries: list[str]) -> dict[str, str]:
    """What staff call each group."""
    named = {EVERYBODY: _("Tous les contacts")}
    models: tuple[tuple[str, type[Segment] | type[Tag]], ...] = ((SEGMENT_PREFIX, Segment), (TAG_PREFIX, Tag))
    for prefix, model in models:
        slugs = [entry.removeprefix(prefix) for entry in entries if entry.startswith(prefix)]
        if slugs:
            rows = model.objects.filter(slug__in=slugs).values_list("slug", "name")
            named |= {f"{prefix}{slug}": name for slug, name in rows}
    return named


def _words(named: Any, names: dict[str, str]) -> str:
    if isinstance(named, int):
        return counted(named, _("1 personne"), _("{} personnes"), _("personne"))
    return ", ".join(names.get(entry, entry) for entry in _groups(named)) or NOTHING
