"""The minute sweep: rows are the truth, so whatever is due is enqueued again, whoever forgot it (law 1)."""

from functools import partial

import structlog
from django.db.models import Case, F, When
from django.urls import reverse
from django.utils import timezone

from campaigns.models import AutomationRun
from campaigns.services import automations, lifecycle
from integrations.claims import due
from integrations.queueing import send
from integrations.services import credentials, inbound, outbound, pulse, refusals
from integrations.waking import wake
from menus.models import MenuSync, StockPush
from menus.services import availability, syncing
from menus.services import planning as card_planning
from notifications.connectors import registry as message_registry
from notifications.models import ChannelType, Chunk
from notifications.services import outcomes, providers, sending
from notifications.services.importing import applying
from social.models import Account, Publication, Reply
from social.services import accounts, interactions, planning, publishing
from vieuxmoulin import alerts, reconciling
from vieuxmoulin.backoffice import troubles
from vieuxmoulin.orchestrator import automating, card_posts, conducting, status
from vieuxmoulin.orchestrator.actions import post

log = structlog.get_logger(__name__)
SETTLE = "social.tasks.settle"
# What staff are told of rows that stand still, by queue.
STUCK_ALERT, IMPORT_ALERT = "stuck:", "contact_import:"
ALLERGEN_ALERT, BY_HAND_ALERT, HANDS_ALERT, REFUSED_ALERT = "allergens:", "by_hand:", "hands:", "refused:"
STUCK_TITLES = {
    "publish": "Des publications n'avancent plus.",
    "notify": "Des messages aux clients n'avancent plus.",
    "menus": "Des mises à jour de la carte n'avancent plus.",
    "stock": "Des plats épuisés ne sont pas encore retirés partout.",
    "campaigns": "Des phases de campagne n'avancent plus.",
    "webhooks": "Des webhooks sortants n'avancent plus.",
    "inbound": "Des événements reçus ne sont pas traités.",
    "unknown": "Des messages sont peut-être partis : quelqu'un doit trancher.",
}


def sweep() -> dict[str, int]:
    """Do the round; returns how many rows each part of it enqueued or mended."""
    done = {
        "publications_recovered": publishing.recover_abandoned(),
        "replies_recovered": interactions.recover_abandoned(),
        "chunks_recovered": outcomes.recover_abandoned(),
        "syncs_recovered": syncing.recover_abandoned(),
        "phases_recovered": conducting.recover_abandoned(),
        "automations_recovered": automating.recover_abandoned(),
        "events_recovered": inbound.recover_abandoned(),
        "deliveries_recovered": outbound.recover_abandoned(),
        "campaigns_started": lifecycle.start_due(),
        "campaigns_ended": lifecycle.settle_overdue(),
    }
    done |= card_planning.sweep()
    done["card_posts"] = card_posts.sweep()
    done |= _wake()
    waiting = applying.waiting()
    for import_id in waiting:
        send(applying.RUN, import_id)
    send("notifications.tasks.settle_unknown")
    conducting.settle_running()
    done["requests"] = reconciling.reconcile()
    _alert_stuck()
    _alert_imports()
    _alert_cards()
    _calm_down()
    troubles.count_and_keep()
    credentials.write_down()
    alerts.send_mails()
    return done | {"imports": len(waiting)}


def _wake() -> dict[str, int]:
    """Queue what is due of each kind, as urgently as it was first queued; returns how many rows of each."""
    publications, replies, syncs = Publication.objects.all(), Reply.objects.all(), MenuSync.objects.all()
    urgent_first = Case(When(is_urgent=True, then=syncing.URGENT), default=syncing.ORDINARY)
    scheduled = due(publications, states=[Publication.Status.SCHEDULED])
    chunks = due(Chunk.objects.all(), states=[Chunk.Status.PENDING])
    return {
        "publish": wake(planning.PUBLISH, scheduled, urgency=F("priority")),
        "settle": wake(SETTLE, due(publications, states=[Publication.Status.UNKNOWN])),
        "replies_settle": wake(interactions.SETTLE_REPLY, due(replies, states=[Reply.Status.UNKNOWN])),
        "replies": wake(interactions.SEND_REPLY, due(replies, states=[Reply.Status.PENDING]), urgency=2),
        "notify": wake(sending.DELIVER_CHUNK, chunks, urgency=F("priority")),
        "menus": wake(syncing.SYNCHRONISE, due(syncs, states=[MenuSync.Status.PENDING]), urgency=urgent_first),
        "stock": wake(
            availability.PUSH,
            due(StockPush.objects.all(), states=[StockPush.Status.PENDING]),
            urgency=availability.PRIORITY,
        ),
        "automations": wake(automations.RUN, due(AutomationRun.objects.all(), states=[AutomationRun.Status.PENDING])),
        "inbound": wake(inbound.PROCESS, inbound.due_in_turn()),
        "webhooks": wake(outbound.DELIVER, outbound.due_in_turn()),
        "phases": wake(lifecycle.FIRE_PHASE, lifecycle.due_phases()),
    }


def _alert_stuck() -> None:
    """Law 5: what should have moved and has not is named, in the log row by row and to staff as one alert per queue."""
    named = []
    for queue, rows in status.stuck_rows().items():
        late = list(rows[:20])
        if late:
            named.append(f"{STUCK_ALERT}{queue}")
            names = ", ".join(f"{row} ({row.pk})" for row in late[:3])
            alerts.raise_alert(
                named[-1],
                STUCK_TITLES.get(queue, STUCK_TITLES["publish"]),
                f"{rows.count()} ligne(s) attendent depuis trop longtemps, dont : {names}. "
                "Vérifiez sur le tableau de bord que les travailleurs et l'horloge sont en vie.",
                address=reverse("admin:index"),
                is_urgent=True,
            )
        for row in late:
            since = row.sending_at if queue == "unknown" else row.next_attempt_at
            log.error("row_stuck", queue=queue, model=type(row).__name__, pk=str(row.pk), due_at=str(since))
    alerts.resolve_others(STUCK_ALERT, named)


def _alert_imports() -> None:
    """Law 5: a list of guests that stopped midway waits for somebody, as long as its file is kept."""
    named = []
    for row in applying.stopped():
        named.append(f"{IMPORT_ALERT}{row.pk}")
        alerts.raise_alert(
            named[-1],
            "Un import de contacts s'est arrêté.",
            f"« {row.name} » : {row.report.get('error', '')} Ouvrez-le, puis « Reprendre ».",
            address=reverse("admin:notifications_contactimport_state", args=[row.pk]),
            permission="notifications.add_contactimport",
        )
    alerts.resolve_others(IMPORT_ALERT, named)


def _alert_cards() -> None:
    """An allergen that a place does not show yet is a danger; what nobody did by hand in time is a card that lies."""
    named = []
    for sync in card_planning.late_allergens():
        named.append(f"{ALLERGEN_ALERT}{sync.destination_id}")
        alerts.raise_alert(
            named[-1],
            f"{sync.destination} n'affiche pas encore un allergène changé.",
            f"Plus de cinq minutes ont passé. {sync.last_error} Prévenez l'équipe, et retirez le plat là-bas s'il le faut.",
            address=reverse("admin:menus_menusync_change", args=[sync.pk]),
            permission="menus.view_menusync",
            is_urgent=True,
        )
    alerts.resolve_others(ALLERGEN_ALERT, named)
    named = []
    for task in card_planning.late_by_hand():
        named.append(f"{BY_HAND_ALERT}{task.pk}")
        alerts.raise_alert(
            named[-1],
            f"{task.sync.destination} : la carte n'a pas été changée à la main.",
            "Faites les changements listés, puis cochez « C'est fait ».",
            address=reverse("admin:menus_menusync_change", args=[task.sync_id]),
            permission="menus.change_menusync",
        )
    alerts.resolve_others(BY_HAND_ALERT, named)
    # Done, replaced, or late, which is told above.
    waiting = card_planning.asked_by_hand().filter(due_at__gte=timezone.now(), sync__destination__is_active=True)
    asked = waiting.values_list("sync__destination_id", flat=True)
    alerts.resolve_others(HANDS_ALERT, [f"{HANDS_ALERT}{pk}" for pk in asked])


def _calm_down() -> None:
    """A burst of refused calls is over after an hour without any; a post that was answered waits no more."""
    alerts.resolve(*(f"{REFUSED_ALERT}{door}" for door in refusals.calm_doors()))
    post.close_answered()


def check_services() -> None:
    """Ask each connected account and each sending service who we are, and keep the answer for the home page."""
    for account in Account.objects.filter(status=Account.Status.CONNECTED).select_related("credential"):
        pulse.visit(account.platform, partial(accounts.visit, account))
    for channel in ChannelType.values:
        for provider in providers.usable(channel):
            service = message_registry[provider.platform]()
            pulse.visit(provider.platform, partial(service.check, providers.access_of(provider)))
