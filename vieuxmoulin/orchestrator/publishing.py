"""Publish: validate against each platform, adapt or refuse, write the rows; the queue does the rest."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.models import Content
from campaigns.services import contents
from integrations.errors import ContentRejected, QuotaExceeded
from integrations.strict_json import printable
from social import queries
from social.adaptation.pictures import FITTINGS
from social.adaptation.reviewing import CHOICES, review
from social.connectors import registry
from social.connectors.base import Draft, Picture, SocialConnector
from social.models import Publication
from social.services import planning, slots
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.gallery import Gallery, addresses
from vieuxmoulin.orchestrator.ledger import Requester, open_task

# A request takes a moment to travel: a slot that passed just now means "now".
LATE_TOLERANCE = timedelta(minutes=5)
# What a content's free data may ask of its adaptation (social.adaptation.post.Draft).
ADAPTATION_OPTIONS = ("thread", "auto_fit", "focus", "background")
PROPOSALS = (*CHOICES, slots.SLOT)
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
    accept: Mapping[str, Any] | None = None,
    gallery: Gallery | None = None,
) -> Published:
    """Accept a content for platforms, now or at a time. Raises ContentRejected; then nothing is written.

    accept: by platform, the id (or ids) of the alternatives that a refusal or a rehearsal proposed. gallery: one that
    has looked at the pictures already, for a caller that opened a transaction; otherwise they are looked at here.
    forced: leave planned slots as they are, whatever the quota and spacing rules say.
    """
    slugs = resolve_platforms(platforms)
    accepted = resolve_accepted(accept or {}, slugs)
    check_request(scheduled_time, targeting or {}, may_move=all(_wants_slot(accepted, slug) for slug in slugs.values()))
    gallery = gallery or look_at(content, slugs.values(), accepted)
    with transaction.atomic():
        made = content if isinstance(content, Content) else contents.create_content(content, user=requester.user)
        drafts = {slug: draft_of(made, slug, targeting or {}) for slug in slugs.values()}
        plans = planning.plan(drafts, accepted=accepted, gallery=gallery)
        kept = [_at_good_slot(item, accepted, scheduled_time, campaign_id) for item in plans if not item.is_skipped]
        if not kept:
            raise ContentRejected(" ".join(item.warnings[0] for item in plans), code="nothing_left")
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
        origin = planning.Origin(task.pk, campaign_id, phase_id, occurrence, priority, made.late_rule)
        rows = planning.create_publications(kept, content_id=made.pk, scheduled_at=scheduled_time, origin=origin)
        decided = [] if forced else [note for row in rows for note in slots.settle_slot(row)]
    by_slug = {row.account.platform: row for row in rows}
    warnings = [warning for item in plans for warning in item.warnings] + decided
    return Published(task, {name: by_slug[slug] for name, slug in slugs.items() if slug in by_slug}, warnings)


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


def _wants_slot(accepted: Mapping[str, Sequence[str]], slug: str) -> bool:
    return slots.SLOT in accepted.get(slug, ())


def _at_good_slot(
    item: planning.Plan, accepted: Mapping[str, Sequence[str]], at: datetime | None, campaign_id: Any
) -> planning.Plan:
    """The plan at the next good slot, for a caller who took that proposal. Raises QuotaExceeded when there is none."""
    if not _wants_slot(accepted, item.platform):
        return item
    after = max(at or timezone.now(), timezone.now())
    text = item.post.text
    if at and at >= timezone.now() and not slots.conflicts(item.account, at, text=text, campaign_id=campaign_id):
        return item
    better = slots.next_good_slot(item.account, after, text=text, campaign_id=campaign_id)
    if better is None:
        raise QuotaExceeded(
            f"{item.account} : aucun créneau libre d'ici deux semaines. Choisissez une date plus lointaine.",
            code="slot",
        )
    return replace(item, scheduled_at=better)


def check_request(scheduled_time: datetime | None, targeting: dict[str, Any], *, may_move: bool = False) -> None:
    """Refuse a slot in the past, unless the next good one was accepted, or a targeting that says nothing to us."""
    problems: list[dict[str, Any]] = []
    if scheduled_time and scheduled_time < timezone.now() - LATE_TOLERANCE and not may_move:
        message = f"Cette date est passée : {scheduled_time.isoformat()}. Donnez une date à venir, ou aucune pour publier maintenant."
        other = {"id": slots.SLOT, "label": "Prendre, sur chaque réseau, le prochain bon créneau"}
        problems.append({"field": "scheduled_time", "message": message, "alternatives": [other]})
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


def resolve_accepted(accept: Mapping[str, Any], slugs: dict[str, str]) -> dict[str, tuple[str, ...]]:
    """By our slug, the alternatives to apply. Raises ContentRejected for a platform or an alternative we do not know."""
    accepted: dict[str, tuple[str, ...]] = {}
    problems = []
    for name, given in accept.items():
        slug = slugs.get(name) or queries.slug_of(name)
        if slug is None or slug not in slugs.values():
            message = f"« {printable(name)} » n'est pas une plateforme de cette demande : {', '.join(slugs)}."
            problems.append({"field": f"accept.{printable(name)}", "message": message})
            continue
        choices = (given,) if isinstance(given, str) else tuple(given)
        for choice in choices:
            if choice not in PROPOSALS:
                message = f"Proposition inconnue « {printable(choice)} ». Propositions : {', '.join(PROPOSALS)}."
                problems.append({"field": f"accept.{printable(name)}", "message": message})
        accepted[slug] = accepted.get(slug, ()) + choices
    if problems:
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="accept", problems=problems)
    return accepted


def look_at(
    content: dict[str, Any] | Content,
    slugs: Iterable[str],
    accepted: Mapping[str, Sequence[str]],
    *,
    keeps: bool = True,
) -> Gallery:
    """Open the pictures of a content that a platform has rules for. Call it before a transaction."""
    gallery = Gallery(keeps=keeps)
    if any(registry[slug].picture_rules for slug in slugs):
        metadata = _mapping(content.metadata if isinstance(content, Content) else content.get("metadata"))
        wanted = bool(metadata.get("auto_fit")) or any(set(FITTINGS) & set(choices) for choices in accepted.values())
        gallery.look(addresses(content), for_copies=wanted)
    return gallery


def rehearse(
    content: dict[str, Any] | Content,
    platforms: list[str],
    *,
    scheduled_time: datetime | None = None,
    targeting: dict[str, Any] | None = None,
    accept: Mapping[str, Any] | None = None,
    campaign_id: Any = None,
    gallery: Gallery | None = None,
) -> dict[str, dict[str, Any]]:
    """By platform, the post as it would leave, its warnings, problems with their alternatives, and cost; no trace.

    Raises ContentRejected when the request itself is wrong.
    """
    slugs = resolve_platforms(platforms)
    accepted = resolve_accepted(accept or {}, slugs)
    check_request(scheduled_time, targeting or {}, may_move=all(_wants_slot(accepted, slug) for slug in slugs.values()))
    gallery = gallery or look_at(content, slugs.values(), accepted, keeps=False)
    # Rows that are never saved: whoever types must not take the database's only writer at each stroke.
    made = content if isinstance(content, Content) else contents.rehearse_content(content)
    accounts = queries.accounts_for(list(slugs.values()))
    rehearsed = {}
    for name, slug in slugs.items():
        draft = draft_of(made, slug, targeting or {})
        network = registry[slug]().tuned(accounts[slug].settings if slug in accounts else {})
        said = _rehearsed(network, draft, accepted.get(slug, ()), gallery, slug in accounts)
        said["slot"] = _slot(accounts.get(slug), said["post"], scheduled_time, campaign_id, _wants_slot(accepted, slug))
        rehearsed[name] = said
    return rehearsed


def _slot(
    account: Any, post: dict[str, Any], at: datetime | None, campaign_id: Any, is_taken: bool
) -> dict[str, Any] | None:
    """When the post would leave on that account: as asked, or moved, with the rules that stand against the hour."""
    if account is None:
        return None
    found = slots.offer(account, at, text=post.get("text", ""), campaign_id=campaign_id)
    moved = found.better if found.conflicts else None
    leaves_at = moved or at
    said = found.as_json()
    return {
        "scheduled_time": leaves_at,
        "is_moved": moved is not None,
        "problems": [] if is_taken else said["problems"],
        "alternatives": [] if is_taken else said["alternatives"],
    }


def _rehearsed(
    connector: SocialConnector, draft: Draft, choices: Sequence[str], gallery: Gallery, is_connected: bool
) -> dict[str, Any]:
    found = review(connector, draft, choices, gallery)
    slug = connector.slug
    problems = [{"platform": slug, **problem.as_json()} for problem in found.problems]
    if not is_connected:
        message = f"Aucun compte {connector.label} n'est relié : ajoutez-le dans « Comptes »."
        problems.append({"platform": slug, "rule": "no_account", "message": message})
    cost = None if found.is_skipped else connector.cost(found.post)
    return {
        "post": found.post.as_json(),
        "warnings": found.warnings,
        "problems": problems,
        "cost": cost.as_json() if cost else None,
    }


def draft_of(content: Content, slug: str, targeting: dict[str, Any]) -> Draft:
    """A content as one platform's connector takes it; what was written for that platform wins."""
    written = next((variation for variation in content.variations.all() if variation.platform == slug), None)
    free = {**_mapping(content.metadata), **(_mapping(written.metadata) if written else {})}
    return Draft(
        title=written.title if written else content.title,
        body=written.body if written else content.body,
        link=content.link,
        hashtags=tuple(content.hashtags),
        media=tuple(Picture(media.address, media.alt_text, media.kind) for media in content.media.all()),
        targeting=targeting,
        is_own_text=written is not None,
        options={name: free[name] for name in ADAPTATION_OPTIONS if name in free},
    )


def _mapping(data: Any) -> dict[str, Any]:
    """Free data may be anything that JSON holds."""
    return data if isinstance(data, dict) else {}
