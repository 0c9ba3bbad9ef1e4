"""Publish: validate against each platform, adapt or refuse, write the rows; the queue does the rest."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.models import Content
from campaigns.services import contents
from integrations.errors import ContentRejected
from social import queries
from social.connectors import registry
from social.connectors.base import Draft, Picture
from social.models import Publication
from social.services import planning, slots
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.ledger import Requester, open_task

# A request takes a moment to travel: a slot that passed just now means "now".
LATE_TOLERANCE = timedelta(minutes=5)
TARGETING_FIELDS = {"location", "radius", "age_range"}


@dataclass(frozen=True)
class Published:
    """A request to publish, accepted: the ledger's line and a publication per platform, by the name the caller used."""

    task: Task
    publications: dict[str, Publication]
    warnings: list[str] = field(default_factory=list)


def publish(
    content: dict[str, Any] | Content,
    platforms: list[str],
    *,
    scheduled_time: datetime | None = None,
    targeting: dict[str, Any] | None = None,
    requester: Requester = Requester(),  # noqa: B008 (frozen)
    campaign_id: Any = None,
    phase_id: Any = None,
    occurrence: str = "",
    priority: int = 5,
    forced: bool = False,
) -> Published:
    """Accept a content for platforms, now or at a time. Raises ContentRejected; then nothing is written.

    forced: leave planned slots as they are, whatever the quota and spacing rules say.
    """
    slugs = resolve_platforms(platforms)
    check_request(scheduled_time, targeting or {})
    with transaction.atomic():
        made = content if isinstance(content, Content) else contents.create_content(content, user=requester.user)
        plans = planning.plan({slug: draft_of(made, slug, targeting or {}) for slug in slugs.values()})
        task = open_task(
            Task.Type.PUBLISH,
            {
                "content_id": str(made.pk),
                "title": made.title,
                "platforms": platforms,
                "scheduled_time": scheduled_time.isoformat() if scheduled_time else None,
            },
            requester,
            priority=priority,
        )
        origin = planning.Origin(task.pk, campaign_id, phase_id, occurrence, priority)
        rows = planning.create_publications(plans, content_id=made.pk, scheduled_at=scheduled_time, origin=origin)
        decided = [] if forced else [note for row in rows for note in slots.settle_slot(row)]
    by_slug = {row.account.platform: row for row in rows}
    warnings = [warning for item in plans for warning in item.warnings] + decided
    return Published(task, {name: by_slug[slug] for name, slug in slugs.items()}, warnings)


def resolve_platforms(platforms: list[str]) -> dict[str, str]:
    """Our slug for each name the caller used. Raises ContentRejected for an empty list or an unknown name."""
    if not platforms:
        raise ContentRejected(
            "Aucune plateforme : nommez-en au moins une.",
            code="no_platform",
            problems=[{"field": "platforms", "message": f"Plateformes : {', '.join(sorted(registry))}."}],
        )
    slugs: dict[str, str] = {}
    problems = []
    for rank, name in enumerate(platforms):
        slug = queries.slug_of(name)
        if slug is None:
            message = f"Plateforme inconnue « {name} ». Plateformes : {', '.join(sorted(registry))}."
            problems.append({"field": f"platforms[{rank}]", "message": message})
        elif slug not in slugs.values():
            slugs[name] = slug
    if problems:
        raise ContentRejected(
            " ".join(problem["message"] for problem in problems), code="unknown_platform", problems=problems
        )
    return slugs


def check_request(scheduled_time: datetime | None, targeting: dict[str, Any]) -> None:
    """Refuse a slot in the past or a targeting that says nothing to us."""
    problems = []
    if scheduled_time and scheduled_time < timezone.now() - LATE_TOLERANCE:
        message = f"Cette date est passée : {scheduled_time.isoformat()}. Donnez une date à venir, ou aucune pour publier maintenant."
        problems.append({"field": "scheduled_time", "message": message})
    for name in sorted(set(targeting) - TARGETING_FIELDS):
        expected = ", ".join(sorted(TARGETING_FIELDS))
        problems.append({"field": f"targeting.{name}", "message": f"Champ inconnu « {name} ». Attendus : {expected}."})
    ages = targeting.get("age_range")
    if ages is not None and not (
        isinstance(ages, list) and len(ages) == 2 and all(isinstance(age, int) for age in ages) and ages[0] <= ages[1]
    ):
        problems.append(
            {"field": "targeting.age_range", "message": "Deux âges attendus, le plus petit d'abord : [18, 65]."}
        )
    if problems:
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="request", problems=problems)


def draft_of(content: Content, slug: str, targeting: dict[str, Any]) -> Draft:
    """A content as one platform's connector takes it; what was written for that platform wins."""
    written = next((variation for variation in content.variations.all() if variation.platform == slug), None)
    return Draft(
        title=written.title if written else content.title,
        body=written.body if written else content.body,
        link=content.link,
        hashtags=tuple(content.hashtags),
        media=tuple(Picture(media.address, media.alt_text, media.kind) for media in content.media.all()),
        targeting=targeting,
    )
