"""What becomes of the card: where it is shown, what ran out."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from campaigns.services import automations
from integrations.queueing import send
from integrations.services import outbound
from menus.models import Drift, MenuSync, StockPush
from menus.repairs import Action
from menus.services import placing, telling
from menus.signals import (
    availability_changed,
    by_hand_asked,
    drift_ended,
    drift_found,
    menu_synced,
    stock_push_failed,
    stock_told,
)
from vieuxmoulin import alerts
from vieuxmoulin.orchestrator import card_posts, ledger, own_events

# By name: tasks.py stands beside this page.
POST_CARD = "vieuxmoulin.tasks.post_card"
HANDS_ALERT = "hands:"
# Signs of a list of changes.
MOST_INSTRUCTIONS = 600


@receiver(menu_synced)
def follow_menu(sync_id: UUID, **_: Any) -> None:
    sync = MenuSync.objects.select_related("destination", "revision__menu").get(pk=sync_id)
    if sync.status == MenuSync.Status.COHERENT and sync.destination.platform == "website":
        automations.on_event("menu_changed", f"revision:{sync.revision_id}", telling.told_to_guests(sync.revision))
    if sync.status == MenuSync.Status.COHERENT:
        payload = {
            "platform": sync.destination.platform,
            "menu": sync.revision.menu.name,
            "revision": sync.revision.number,
            "content_hash": sync.revision.content_hash,
        }
        outbound.tell("menu_synchronised", "menus", payload, fact_key=f"sync:{sync_id}:{sync.verified_at}")
    if sync.status == MenuSync.Status.NOT_VERIFIABLE:
        alerts.resolve(f"{HANDS_ALERT}{sync.destination_id}")
    ledger.refresh(sync.task_id)


@receiver(by_hand_asked)
def say_the_card_on_the_networks(sync_id: UUID, **_: Any) -> None:
    if MenuSync.objects.filter(pk=sync_id, destination__platform=card_posts.SLUG).exists():
        send(POST_CARD, sync_id)


@receiver(by_hand_asked)
def call_for_a_change_by_hand(sync_id: UUID, **_: Any) -> None:
    """A dish that ran out while nobody looks at the pages, by a till or a sensor, is asked of somebody all the same."""
    sync = MenuSync.objects.select_related("destination", "manual_task").get(pk=sync_id)
    if not placing.connector_of(sync.destination).is_by_hand:
        return
    alerts.raise_alert(
        f"{HANDS_ALERT}{sync.destination_id}",
        f"{sync.destination} : la carte est à changer à la main.",
        f"{_first_lines(sync.manual_task.instructions)}\nEnsuite, cochez « C'est fait ».",
        address=reverse("admin:menus_menusync_change", args=[sync_id]),
        permission="menus.change_menusync",
    )


def _first_lines(text: str) -> str:
    """A list that fits an e-mail; its page has all of it."""
    if len(text) <= MOST_INSTRUCTIONS:
        return text
    return text[:MOST_INSTRUCTIONS].rpartition("\n")[0] + "\n…"


@receiver(drift_found)
def call_for_a_look_at_a_card(drift_id: UUID, **_: Any) -> None:
    drift = Drift.objects.select_related("destination").get(pk=drift_id)
    words = {
        Action.STOP_AND_ALERT: "Quelqu'un y change la carte sans cesse : plus rien n'y est écrit.",
        Action.SUSPEND_ITEMS: "Des allergènes y manquent encore après réparation : les plats y sont retirés de la vente.",
    }
    alerts.raise_alert(
        f"drift:{drift.destination_id}",
        f"{drift.destination} n'affiche pas la même carte que la nôtre.",
        f"{words.get(Action(drift.action), 'Quelque chose y a été changé.')} Voyez ce qui diffère, puis choisissez ce "
        "qui doit rester.",
        address=reverse("admin:menus_drift_change", args=[drift_id]),
        permission="menus.view_drift",
        is_urgent=drift.action in words,
    )


@receiver(drift_ended)
def close_the_look_at_a_card(destination_id: int, **_: Any) -> None:
    alerts.resolve(f"drift:{destination_id}")


@receiver(stock_push_failed)
def call_for_a_dish_still_on_sale(push_id: int, **_: Any) -> None:
    push = StockPush.objects.select_related("destination").get(pk=push_id)
    alerts.raise_alert(
        f"stock:{push.destination_id}",
        f"{push.destination} n'a pas pu être prévenu d'un plat épuisé.",
        f"{push.last_error} Retirez-le là-bas à la main, puis vérifiez l'accès de cette destination.",
        address=reverse("admin:menus_destination_change", args=[push.destination_id]),
        permission="menus.change_destination",
        is_urgent=True,
    )


@receiver(stock_told)
def close_the_call_for_a_dish(destination_id: int, **_: Any) -> None:
    alerts.resolve(f"stock:{destination_id}")


@receiver(availability_changed)
def tell_what_ran_out(refs: list[str], status: str, source: str, **_: Any) -> None:
    payload = {"refs": refs, "status": status, "source": source}
    key = f"availability:{status}:{timezone.now().isoformat()}"
    own_events.tell("availability_changed", "menus", payload, fact_key=key)
