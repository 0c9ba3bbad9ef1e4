"""What the home page tells: what goes out, what failed, the week's figures beside the week before, how all of it feels."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.core.cache import cache
from django.db.models import Count, OuterRef, Q, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Campaign, Phase
from integrations.admin_tools.display import page_of, short_date
from integrations.models import ServiceHealth
from integrations.modules import registry as module_registry
from integrations.services import pulse
from menus.connectors import registry as menu_registry
from menus.models import Destination, MenuSync
from notifications.connectors import registry as message_registry
from notifications.models import Chunk, Notification
from social.connectors import registry as social_registry
from social.models import Account, Publication
from vieuxmoulin.backoffice.troubles import stopped_publications, troubled_syncs
from vieuxmoulin.orchestrator.status import pulse_names

PERIOD = timedelta(days=7)
NEXT_SHOWN, FAILED_SHOWN = 10, 5
SENT = ("sent", "delivered")
# Every open home page asks every ten seconds: the week is counted once for all of them.
FIGURES_SECONDS = 30
Permission = Callable[[str], bool]


@dataclass(frozen=True)
class Line:
    """Something that goes out, or did not."""

    at: datetime | None
    kind: str
    title: str
    where: str
    address: str
    why: str = ""
    retry: str = ""

    @property
    def moment(self) -> str:
        return short_date(self.at)


@dataclass(frozen=True)
class Figure:
    """One number, beside the same of the period before."""

    icon: str
    title: str
    value: str
    before: str
    note: str
    address: str
    is_bad: bool = False


def upcoming(may: Permission) -> list[Line]:
    """The next things that leave: publications, phases and sends, in order."""
    lines: list[Line] = []
    if may("social.view_publication"):
        waiting = Publication.objects.filter(status=Publication.Status.SCHEDULED).order_by("next_attempt_at")
        lines += [
            Line(row.next_attempt_at or row.scheduled_at, row.account.get_platform_display(), str(row.content),
                 row.campaign.name if row.campaign else "", page_of(row))
            for row in waiting.select_related("account", "content", "campaign")[:NEXT_SHOWN]
        ]  # fmt: skip
    if may("campaigns.view_phase"):
        phases = Phase.objects.filter(
            status=Phase.Status.PENDING, campaign__status__in=[Campaign.Status.ACTIVE, Campaign.Status.SCHEDULED]
        ).order_by("next_attempt_at")
        lines += [
            Line(row.next_attempt_at, _("Phase"), row.name, row.campaign.name, page_of(row))
            for row in phases.select_related("campaign")[:NEXT_SHOWN]
        ]
        planned = Campaign.objects.filter(status=Campaign.Status.SCHEDULED).order_by("start_date")
        lines += [
            Line(row.start_date, _("Campagne"), row.name, _("commence"), page_of(row)) for row in planned[:NEXT_SHOWN]
        ]
    if may("notifications.view_chunk"):
        chunks = Chunk.objects.filter(status=Chunk.Status.PENDING).order_by("next_attempt_at")
        lines += [
            Line(row.next_attempt_at or row.created_at, row.get_channel_display(), row.template.name,
                 _("%(number)s messages") % {"number": row.size}, page_of(row))
            for row in chunks.select_related("template")[:NEXT_SHOWN]
        ]  # fmt: skip
    latest = timezone.now() + timedelta(days=36_500)
    return sorted(lines, key=lambda line: line.at or latest)[:NEXT_SHOWN]


def failures(may: Permission) -> list[Line]:
    """What stopped, why, and the way to try again; the latest first."""
    lines: list[Line] = []
    if may("social.view_publication"):
        stopped = stopped_publications(timezone.now() - PERIOD).order_by("-scheduled_at")
        lines += [
            Line(row.scheduled_at, row.account.get_platform_display(), str(row.content), row.get_status_display(),
                 page_of(row), row.last_error, _retry("social_publication_retry", row, may("social.change_publication")))
            for row in stopped.select_related("account", "content")[:FAILED_SHOWN]
        ]  # fmt: skip
    if may("menus.view_menusync"):
        rows = (
            troubled_syncs()
            .order_by("-created_at")
            .select_related("destination", "revision__menu")
            .defer("revision__document")[:FAILED_SHOWN]
        )
        lines += [
            Line(row.created_at, row.destination.name, str(row.revision), row.get_status_display(), page_of(row),
                 row.last_error or _differences(row),
                 _retry("menus_menusync_send_again", row, may("menus.change_menusync")))
            for row in rows
        ]  # fmt: skip
    return sorted(lines, key=lambda line: line.at or timezone.now(), reverse=True)[:FAILED_SHOWN]


def _differences(sync: MenuSync) -> str:
    return (
        _("%(number)s différence(s) avec notre carte") % {"number": len(sync.differences)} if sync.differences else ""
    )


def _retry(operation: str, row: Any, is_allowed: bool) -> str:
    return reverse(f"admin:{operation}", args=[row.pk]) if is_allowed else ""


def disconnected(may: Permission) -> list[dict[str, str]]:
    """The accounts that no longer speak."""
    if not may("social.view_account"):
        return []
    return [
        {
            "name": str(account),
            "why": account.status_reason,
            "address": page_of(account),
            "reconnect": _retry("social_account_reconnect", account, may("social.change_account")),
        }
        for account in Account.objects.filter(status=Account.Status.DISCONNECTED)
    ]


def figures(may: Permission) -> list[Figure]:
    """The week in numbers, each beside the week before; those of half a minute ago are as good."""
    parts = {
        "social.view_publication": lambda week, before: [_publications(week, before)],
        "notifications.view_notification": _messages,
        "menus.view_menusync": lambda week, before: [_coherence(week)],
        "campaigns.view_campaign": lambda week, before: [_campaigns(week)],
    }
    seen = [name for name in parts if may(name)]

    def count() -> list[Figure]:
        week, before = timezone.now() - PERIOD, timezone.now() - 2 * PERIOD
        return [figure for name in seen for figure in parts[name](week, before)]

    return cache.get_or_set(f"home.figures:{','.join(seen)}", count, FIGURES_SECONDS)


def _publications(week: datetime, before: datetime) -> Figure:
    counts = Publication.objects.filter(published_at__gte=before).aggregate(
        now=Count("pk", filter=Q(published_at__gte=week)), then=Count("pk", filter=Q(published_at__lt=week))
    )
    address = reverse("admin:social_publication_changelist")
    return Figure("share", _("Publications en ligne"), str(counts["now"]), str(counts["then"]), _("7 jours"), address)


def _messages(week: datetime, before: datetime) -> list[Figure]:
    recent = Notification.objects.filter(created_at__gte=before)
    counts = recent.aggregate(
        now=Count("pk", filter=Q(created_at__gte=week, status__in=SENT)),
        then=Count("pk", filter=Q(created_at__lt=week, status__in=SENT)),
        stopped=Count("pk", filter=Q(created_at__gte=week, status__in=["failed", "skipped", "unknown"])),
        stopped_then=Count("pk", filter=Q(created_at__lt=week, status__in=["failed", "skipped", "unknown"])),
    )
    reason = (
        recent.filter(created_at__gte=week, status__in=["failed", "skipped", "unknown"])
        .values("reason")
        .annotate(total=Count("pk"))
        .order_by("-total")
        .first()
    )
    address = reverse("admin:notifications_notification_changelist")
    note = _("surtout : %(reason)s") % {"reason": reason["reason"] or "—"} if reason else _("rien à signaler")
    return [
        Figure("mail", _("Messages envoyés"), str(counts["now"]), str(counts["then"]), _("7 jours"), address),
        Figure("unsubscribe", _("Messages non partis"), str(counts["stopped"]), str(counts["stopped_then"]), note,
               address, is_bad=counts["stopped"] > 0),
    ]  # fmt: skip


def _coherence(week: datetime) -> Figure:
    """Of the active destinations, those that show our card, going by the last sync of each; and a week ago."""
    last = MenuSync.objects.filter(destination=OuterRef("pk")).order_by("-created_at").values("status")
    states = list(
        Destination.objects.filter(is_active=True)
        .annotate(now=Subquery(last[:1]), then=Subquery(last.filter(created_at__lt=week)[:1]))
        .values_list("now", "then")
    )
    good, good_then = (sum(pair[side] == MenuSync.Status.COHERENT for pair in states) for side in (0, 1))
    unknown = sum(now == MenuSync.Status.NOT_VERIFIABLE for now, _then in states)
    note = _("dont %(number)s non vérifiables") % {"number": unknown} if unknown else _("destinations identiques")
    is_bad = any(now in ("failed", "drifted") for now, _then in states)
    address = reverse("admin:menus_menusync_changelist")
    return Figure("menu_book", _("Carte à jour"), f"{good} / {len(states)}", str(good_then), note, address, is_bad)


def _campaigns(week: datetime) -> Figure:
    counts = Campaign.objects.aggregate(
        active=Count("pk", filter=Q(status=Campaign.Status.ACTIVE)),
        then=Count(
            "pk",
            filter=Q(start_date__lte=week)
            & (Q(end_date__isnull=True) | Q(end_date__gt=week))
            & Q(status__in=[Campaign.Status.ACTIVE, Campaign.Status.COMPLETED, Campaign.Status.PAUSED]),
        ),
        scheduled=Count("pk", filter=Q(status=Campaign.Status.SCHEDULED)),
    )
    note = _("%(number)s à venir") % {"number": counts["scheduled"]}
    address = reverse("admin:campaigns_campaign_changelist")
    return Figure("campaign", _("Campagnes en cours"), str(counts["active"]), str(counts["then"]), note, address)


def services(may: Permission) -> list[dict[str, Any]]:
    """How each outside service answered last."""
    if not may("integrations.view_servicehealth"):
        return []
    # Each registry knows the name that the vendor gives itself.
    names = {
        slug: kind.label for known in (social_registry, message_registry, menu_registry) for slug, kind in known.items()
    }
    names |= {slug: f"Module {kind.label}" for slug, kind in module_registry.items()}
    return [
        {
            "name": names.get(service.slug, service.slug),
            "is_up": service.is_up,
            "success": short_date(service.last_success_at) if service.last_success_at else "",
            "error": "" if service.is_up else service.last_error,
            "address": page_of(service),
        }
        for service in ServiceHealth.objects.all()
    ]


def pulses() -> list[dict[str, Any]]:
    """Whether our own workers and the clock live."""
    words = {
        "beat": _("Horloge"),
        "worker.publish": _("Publications"),
        "worker.notify": _("Messages"),
        "worker.menus": _("Carte"),
        "worker.campaigns": _("Campagnes"),
        "worker.webhooks": _("Webhooks"),
        "worker.analytics": _("Statistiques"),
    }
    return [
        {"name": words.get(name, name), "is_alive": beat["is_alive"], "seen": beat["seen_at"]}
        for name, beat in pulse.pulses(pulse_names()).items()
    ]
