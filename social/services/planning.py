"""From a draft to publications: adapted and checked for each network before anything is accepted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from integrations.claims import next_sweep
from integrations.errors import AccountDisconnected, ContentRejected
from integrations.events import announce
from integrations.queueing import enqueue
from social import queries
from social.adaptation.reviewing import Gallery, review
from social.connectors import registry
from social.connectors.base import Draft, Post
from social.models import Account, LateRule, Publication
from social.signals import publication_changed

# By name: tasks.py stands above the services.
PUBLISH = "social.tasks.publish"


@dataclass(frozen=True)
class Plan:
    """What one network will show, and what was left out on the way; nothing at all when the caller gave it up."""

    platform: str
    account: Account
    post: Post
    warnings: list[str] = field(default_factory=list)
    is_skipped: bool = False
    # Its own slot, when the caller took the one that was proposed; otherwise that of the request.
    scheduled_at: datetime | None = None


@dataclass(frozen=True)
class Origin:
    """Who asks: the request, and the campaign's phase if there is one."""

    task_id: UUID | None = None
    campaign_id: UUID | None = None
    phase_id: UUID | None = None
    occurrence: str = ""
    priority: int = 5
    late_rule: str = LateRule.SEND


def plan(
    drafts: dict[str, Draft],
    *,
    accepted: Mapping[str, Sequence[str]] | None = None,
    gallery: Gallery | None = None,
) -> list[Plan]:
    """Adapt and check a draft per platform (by slug). Raises ContentRejected naming every broken rule at once.

    accepted: by platform, the ids of the alternatives to apply. gallery: who opens the pictures; without it, none is
    looked at.
    """
    accounts = queries.accounts_for(list(drafts))
    plans, problems = [], []
    for slug, draft in drafts.items():
        account = accounts.get(slug)
        if account is None:
            raise AccountDisconnected(
                f"Aucun compte {registry[slug].label} n'est relié : ajoutez-le dans « Comptes ».", code="no_account"
            )
        found = review(registry[slug]().tuned(account.settings), draft, (accepted or {}).get(slug, ()), gallery)
        problems += [{"platform": slug, **problem.as_json()} for problem in found.problems]
        plans.append(Plan(slug, account, found.post, found.warnings, found.is_skipped))
    if problems:
        raise ContentRejected(
            " ".join(dict.fromkeys(problem["message"] for problem in problems)),
            code="content_rejected",
            problems=problems,
        )
    return plans


def create_publications(
    plans: list[Plan], *, content_id: UUID, scheduled_at: datetime | None, origin: Origin
) -> list[Publication]:
    """Write one publication per plan and queue those due soon; the same content is never planned twice on an account.

    A publication that exists already for this content, account and occurrence is returned as it is.
    """
    at = scheduled_at or timezone.now()
    made = []
    with transaction.atomic():
        for item in plans:
            publication, is_new = Publication.objects.get_or_create(
                content_id=content_id,
                account=item.account,
                occurrence=origin.occurrence,
                defaults={
                    "task_id": origin.task_id,
                    "campaign_id": origin.campaign_id,
                    "phase_id": origin.phase_id,
                    "priority": origin.priority,
                    "scheduled_at": item.scheduled_at or at,
                    "next_attempt_at": item.scheduled_at or at,
                    "late_rule": origin.late_rule,
                    "post": item.post.as_json(),
                    "targeting": item.post.targeting,
                    "warnings": item.warnings,
                },
            )
            if is_new:
                enqueue_if_due(publication)
            made.append(publication)
    return made


def enqueue_if_due(publication: Publication) -> None:
    """Queue a publication due before the next sweep, at its second; the sweep sees to the others."""
    at = publication.next_attempt_at or timezone.now()
    if at <= next_sweep():
        enqueue(PUBLISH, publication.pk, at=at, priority=publication.priority)


def cancel(publications: Any) -> int:
    """Withdraw publications that have not left; returns how many."""
    waiting = (Publication.Status.SCHEDULED, Publication.Status.HELD)
    with transaction.atomic():
        ids = list(publications.filter(status__in=waiting).values_list("pk", flat=True))
        changed = Publication.objects.filter(pk__in=ids, status__in=waiting).update(
            status=Publication.Status.CANCELED, next_attempt_at=None
        )
        for publication_id in ids:
            announce(publication_changed, Publication, publication_id=publication_id)
    return changed


def retry(publications: Any) -> int:
    """Try again, now, what failed or was held; returns how many."""
    stopped = (Publication.Status.FAILED, Publication.Status.HELD)
    now = timezone.now()
    with transaction.atomic():
        ids = list(publications.filter(status__in=stopped).values_list("pk", flat=True))
        changed = Publication.objects.filter(pk__in=ids, status__in=stopped).update(
            status=Publication.Status.SCHEDULED, next_attempt_at=now, attempts=0
        )
        for publication_id in ids:
            enqueue(PUBLISH, publication_id)
            announce(publication_changed, Publication, publication_id=publication_id)
    return changed


PAUSED = "campaign_paused"


def pause(campaign_id: UUID) -> int:
    """Keep back the publications of a campaign that have not left, until `resume`."""
    waiting = Publication.objects.filter(campaign_id=campaign_id, status=Publication.Status.SCHEDULED)
    return waiting.update(status=Publication.Status.HELD, last_error="Campagne en pause.", last_error_code=PAUSED)


def resume(campaign_id: UUID) -> int:
    """Give the publications that a pause kept back their slot again; one already past goes out now."""
    kept = Publication.objects.filter(campaign_id=campaign_id, status=Publication.Status.HELD, last_error_code=PAUSED)
    with transaction.atomic():
        found = list(kept)
        kept.update(status=Publication.Status.SCHEDULED, last_error="", last_error_code="")
        for publication in found:
            enqueue_if_due(publication)
    return len(found)
