"""Reads about accounts and publications that are used more than once."""

from collections.abc import Collection
from typing import Any

from django.db.models import Count, QuerySet

from social.connectors import registry
from social.models import Account, Interaction, Publication


def with_content() -> QuerySet[Publication]:
    """Publications with all that sending and showing them needs."""
    return Publication.objects.select_related("content", "account", "account__credential", "campaign")


def slug_of(platform: str) -> str | None:
    """Our name of a platform; the mission's older names (twitter) are understood."""
    if platform in registry:
        return platform
    return next((slug for slug, connector in registry.items() if platform in connector.aliases), None)


def accounts_for(platforms: list[str]) -> dict[str, Account]:
    """The account that speaks on each platform: the primary one, by slug."""
    accounts = Account.objects.filter(platform__in=platforms).select_related("credential")
    return {account.platform: account for account in accounts.order_by("is_primary", "-created_at")}


def unread_interactions() -> int:
    """How many words of guests nobody has read."""
    return Interaction.objects.filter(is_read=False).count()


def counts(task_id: Any) -> dict[str, int]:
    """How many publications of one request are in each state."""
    return dict(
        Publication.objects.filter(task_id=task_id).values_list("status").annotate(total=Count("pk")).order_by()
    )


def counts_of(task_ids: Collection[Any]) -> QuerySet[Publication, tuple[Any, str, int]]:
    """The same for many requests at once: (request, state, how many publications)."""
    rows = Publication.objects.filter(task_id__in=task_ids)
    return rows.values_list("task_id", "status").annotate(total=Count("pk")).order_by()
