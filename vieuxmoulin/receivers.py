"""Who reacts to what, on one page. A listener writes rows or enqueues; it never calls the network."""

from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.dispatch import receiver
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.services import automations, lifecycle
from campaigns.signals import campaign_completed, campaign_started
from integrations.models import InboundEvent, WebhookEndpoint
from integrations.modules import registry as module_registry
from integrations.queueing import enqueue, send
from integrations.services import outbound
from integrations.signals import (
    circuit_closed,
    circuit_opened,
    endpoint_failing,
    endpoint_recovered,
    endpoint_stopped,
    inbound_event_failed,
    inbound_event_received,
    refused_in_a_burst,
    stream_read,
)
from menus import queries as menu_queries
from menus.models import Drift, MenuSync, StockPush
from menus.repairs import Action
from menus.services import confirmations, placing, stock, telling
from menus.signals import (
    availability_changed,
    by_hand_asked,
    drift_ended,
    drift_found,
    menu_synced,
    stock_push_failed,
    stock_told,
)
from notifications.models import Provider
from notifications.services import callbacks, visits
from notifications.signals import (
    consent_withdrawn,
    contact_erased,
    erasure_requested,
    messages_settled,
    provider_failed,
    provider_recovered,
)
from social.models import Account, Interaction, Publication
from social.services import interactions
from social.signals import (
    account_connected,
    account_disconnected,
    interaction_received,
    publication_changed,
    publication_failed,
    publication_leaving,
    publication_published,
)
from vieuxmoulin import alerts
from vieuxmoulin.exchange import links, streams
from vieuxmoulin.orchestrator import card_posts, ledger, own_events

BURST_ALERT, HANDS_ALERT = "refused:", "hands:"
# Signs of a list of changes.
MOST_INSTRUCTIONS = 600
# By name: tasks.py stands beside this page. A second is not felt by whoever watches, and spares a count per chunk.
SYNC_MODULES = "vieuxmoulin.tasks.sync_modules"
REFRESH, REFRESH_SECONDS = "vieuxmoulin.tasks.refresh_task", 1
POST_CARD = "vieuxmoulin.tasks.post_card"

# --- Publications ----------------------------------------------------------------------------------------------------


@receiver(publication_leaving)
def hold_what_names_an_absent_dish(publication: Publication, **_: Any) -> str | None:
    """Law 10: asked again at the moment of leaving."""
    absent = menu_queries.absent_items(publication.content.item_refs)
    return f"Plat indisponible : {', '.join(absent)}." if absent else None


@receiver(publication_published)
def tell_publication_success(publication_id: UUID, **_: Any) -> None:
    publication = Publication.objects.select_related("account").get(pk=publication_id)
    payload = {
        "platform": publication.account.platform,
        "post_id": publication.public_id,
        "permalink": publication.permalink,
        "engagement_metrics": {"likes": 0, "shares": 0, "comments": 0},
    }
    own_events.tell("publication_success", "social_media", payload, fact_key=f"publication:{publication_id}:success")
    ledger.refresh(publication.task_id)


@receiver(publication_failed)
def tell_publication_failure(publication_id: UUID, **_: Any) -> None:
    publication = Publication.objects.select_related("account").get(pk=publication_id)
    payload = {
        "platform": publication.account.platform,
        "post_id": publication.public_id,
        "error": {"code": publication.last_error_code, "message": publication.last_error},
    }
    key = f"publication:{publication_id}:failure:{publication.attempts}"
    own_events.tell("publication_failure", "social_media", payload, fact_key=key)
    ledger.refresh(publication.task_id)


@receiver(publication_changed)
def follow_publication(publication_id: UUID, **_: Any) -> None:
    ledger.refresh(Publication.objects.values_list("task_id", flat=True).get(pk=publication_id))


@receiver(account_disconnected)
def call_for_reconnection(account_id: UUID, **_: Any) -> None:
    account = Account.objects.get(pk=account_id)
    waiting = Publication.objects.filter(account=account, status=Publication.Status.SCHEDULED).count()
    alerts.raise_alert(
        f"account:{account_id}",
        f"{account} ne peut plus publier : reconnectez-le.",
        f"{account.status_reason} Rien n'est perdu : {waiting} publication(s) prévue(s) seront retenues, puis partiront "
        "une fois le compte reconnecté et leur envoi relancé.",
        address=reverse("admin:social_account_change", args=[account_id]),
        permission="social.change_account",
        is_urgent=True,
    )


@receiver(account_connected)
def close_call_for_reconnection(account_id: UUID, **_: Any) -> None:
    alerts.resolve(f"account:{account_id}")


@receiver(interaction_received)
def tell_engagement(interaction_id: UUID, **_: Any) -> None:
    interaction = Interaction.objects.select_related("account", "publication__account").get(pk=interaction_id)
    publication = interaction.publication
    payload = {
        "platform": interaction.account.platform,
        "kind": interaction.kind,
        "interaction_id": str(interaction.pk),
        "post_id": publication.public_id if publication else interaction.post_external_id,
        "author": interaction.author_name,
        "text": interaction.text,
        "url": interaction.url,
        "occurred_at": interaction.occurred_at.isoformat(),
    }
    own_events.tell("engagement", "social_media", payload, fact_key=f"interaction:{interaction_id}")


# --- Messages and menus ----------------------------------------------------------------------------------------------


@receiver(messages_settled)
def follow_messages(task_id: UUID, **_: Any) -> None:
    """A send has a thousand chunks: its line in the ledger is read again once for many of them."""
    if cache.add(f"ledger.refresh:{task_id}", True, REFRESH_SECONDS):
        send(REFRESH, task_id, at=timezone.now() + timedelta(seconds=REFRESH_SECONDS))


@receiver(erasure_requested)
def ask_staff_to_erase(contact_id: UUID, **_: Any) -> None:
    """The law gives a month; no name here, the contact's page has it."""
    alerts.raise_alert(
        f"erasure:{contact_id}",
        "Un client demande l'effacement de ses données.",
        "La loi donne un mois pour répondre. Plus rien ne lui est envoyé d'ici là. Vérifiez ce qui doit être gardé "
        "(factures), puis supprimez sa fiche : les preuves de ses choix restent, sans son nom.",
        address=reverse("admin:notifications_contact_change", args=[contact_id]),
        permission="notifications.delete_contact",
    )


@receiver(consent_withdrawn)
def tell_that_a_guest_wants_no_more(contact_id: UUID, channel: str, source: str, **_: Any) -> None:
    payload = {"contact_id": str(contact_id), "channel": channel, "source": source}
    key = f"consent:{contact_id}:{channel}:{timezone.now().isoformat()}"
    outbound.tell("consent_withdrawn", "notifications", payload, fact_key=key)
    links.mark_contact(contact_id)


@receiver(contact_erased)
def tell_that_a_guest_is_forgotten(contact_id: UUID, **_: Any) -> None:
    outbound.tell(
        "contact_erased", "notifications", {"contact_id": str(contact_id)}, fact_key=f"contact:{contact_id}:erased"
    )
    alerts.resolve(f"erasure:{contact_id}")
    links.mark_erased(contact_id)


@receiver(provider_failed)
def tell_that_a_service_was_set_aside(provider_id: int, has_fallback: bool, code: str, **_: Any) -> None:
    provider = Provider.objects.get(pk=provider_id)
    relay = (
        "Les messages partent par le prestataire suivant."
        if has_fallback
        else "Les messages attendent : rien n'est perdu."
    )
    alerts.raise_alert(
        f"provider:{provider_id}",
        f"{provider} ne prend plus nos messages.",
        f"{provider.resting_reason} {relay}",
        address=reverse("admin:notifications_provider_change", args=[provider_id]),
        permission="notifications.change_provider",
        is_urgent=not has_fallback,
    )


@receiver(provider_recovered)
def close_service_alert(provider_id: int, **_: Any) -> None:
    alerts.resolve(f"provider:{provider_id}")


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


@receiver(publication_published)
def tick_the_card_said_on_the_networks(publication_id: UUID, **_: Any) -> None:
    content = Publication.objects.select_related("content").get(pk=publication_id).content
    if content.metadata.get(card_posts.SYNC):
        card_posts.follow(content)


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


# --- Campaigns -------------------------------------------------------------------------------------------------------


@receiver(campaign_started)
def tell_campaign_started(campaign_id: UUID, **_: Any) -> None:
    campaign = Campaign.objects.get(pk=campaign_id)
    payload = {"campaign_id": str(campaign_id), "name": campaign.name}
    own_events.tell("campaign_started", "campaigns", payload, fact_key=f"campaign:{campaign_id}:started")


@receiver(campaign_completed)
def tell_campaign_completed(campaign_id: UUID, **_: Any) -> None:
    campaign = Campaign.objects.get(pk=campaign_id)
    payload = {"campaign_id": str(campaign_id), "name": campaign.name, "outcome": campaign.outcome}
    own_events.tell("campaign_completed", "campaigns", payload, fact_key=f"campaign:{campaign_id}:completed")


# --- What other modules tell us --------------------------------------------------------------------------------------


@receiver(inbound_event_received)
def keep_what_guests_say(event: InboundEvent, **_: Any) -> None:
    if event.event == interactions.META_EVENT:
        interactions.receive_meta(event.payload)


@receiver(inbound_event_received)
def keep_what_services_tell(event: InboundEvent, **_: Any) -> None:
    if event.event == callbacks.EVENT:
        callbacks.process(event.payload)


@receiver(inbound_event_received)
def know_guests_better(event: InboundEvent, **_: Any) -> None:
    """Before the rules, which write to the guest that the event names."""
    if event.event in visits.EVENTS:
        visits.note(event.event, event.source, event.payload, at=event.occurred_at)


@receiver(inbound_event_received)
def take_the_count_of_the_stock(event: InboundEvent, **_: Any) -> None:
    if event.event == "stock_update":
        stock.note_levels(event.payload, at=event.occurred_at)


@receiver(stream_read)
def tell_that_data_were_taken_in(module: str, stream: str, changed: int, **_: Any) -> None:
    payload = {"module": module, "stream": stream, "changed": changed}
    key = f"synchronised:{module}:{stream}:{timezone.now().isoformat()}"
    outbound.tell("data_synchronised", "modules", payload, fact_key=key)


@receiver(inbound_event_received)
def read_at_once_what_a_module_hints_at(event: InboundEvent, **_: Any) -> None:
    """The event is only a hurry: what is true is read from the module itself."""
    if event.event in streams.HURRIES:
        enqueue(SYNC_MODULES, event.source)


@receiver(inbound_event_received)
def keep_what_menu_platforms_tell(event: InboundEvent, **_: Any) -> None:
    if event.event == confirmations.EVENT:
        confirmations.process(event.payload)


@receiver(inbound_event_received)
def follow_the_rules_of_the_house(event: InboundEvent, **_: Any) -> None:
    automations.on_event(event.event, f"{automations.INBOUND}{event.pk}", event.payload)


@receiver(inbound_event_received)
def fire_phases_that_wait_for_it(event: InboundEvent, **_: Any) -> None:
    lifecycle.on_event(event.event)


# --- Webhooks, in and out --------------------------------------------------------------------------------------------


@receiver(inbound_event_failed)
def call_for_an_event_that_was_given_up(event_id: UUID, **_: Any) -> None:
    event = InboundEvent.objects.get(pk=event_id)
    alerts.raise_alert(
        f"inbound:{event.source}:{event.event}",
        f"Un événement « {event.event} » de « {event.source} » n'a pas pu être traité.",
        f"{event.last_error} Il est gardé : corrigez la cause, puis « Rejouer ».",
        address=reverse("admin:integrations_inboundevent_change", args=[event.pk]),
        permission="integrations.change_inboundevent",
    )


@receiver(circuit_opened)
def tell_that_a_service_rests(slug: str, failures: int, **_: Any) -> None:
    if settings.MODULES_SYNC and slug in module_registry:
        # Read again and again: `exchange/watch.py` tells of it, once, when it lasts.
        return
    alerts.raise_alert(
        f"circuit:{slug}",
        f"{slug} ne répond plus.",
        f"{failures} appels d'affilée ont échoué. Ce qui l'attend est gardé et partira dès son retour : il est essayé "
        "de nouveau toutes les quelques minutes, vous n'avez rien à faire.",
        address=reverse("admin:integrations_servicehealth_changelist"),
        permission="integrations.view_servicehealth",
    )


@receiver(circuit_closed)
def tell_that_a_service_is_back(slug: str, **_: Any) -> None:
    alerts.resolve(f"circuit:{slug}")


@receiver(refused_in_a_burst)
def tell_of_a_burst_of_refused_calls(door: str, times: int, **_: Any) -> None:
    alerts.raise_alert(
        f"{BURST_ALERT}{door}",
        f"{times} appels refusés en une heure à l'entrée « {door} ».",
        "Un module qui a gardé un ancien secret, ou quelqu'un qui essaie d'entrer. Rien n'est passé. Voyez les adresses.",
        address=f"{reverse('admin:integrations_refusedcall_changelist')}?door={quote(door)}",
        permission="integrations.view_refusedcall",
        is_urgent=True,
    )


@receiver(endpoint_failing)
def warn_of_a_program_that_does_not_answer(endpoint_id: UUID, **_: Any) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    _tell_of_endpoint(endpoint, "ne répond plus : nos envois sont réessayés, et il sera arrêté après cinq jours.")


@receiver(endpoint_stopped)
def tell_of_a_program_that_is_called_no_more(endpoint_id: UUID, **_: Any) -> None:
    endpoint = WebhookEndpoint.objects.get(pk=endpoint_id)
    told = f"n'est plus appelé. {endpoint.stopped_reason} Ce qu'il a manqué est gardé : « Réactiver » le lui renvoie."
    _tell_of_endpoint(endpoint, told)


def _tell_of_endpoint(endpoint: WebhookEndpoint, told: str) -> None:
    name = endpoint.description or urlsplit(endpoint.url).hostname or ""
    alerts.raise_alert(
        f"endpoint:{endpoint.pk}",
        f"« {name} » ne reçoit pas nos événements.",
        f"Le destinataire « {name} » {told}",
        address=reverse("admin:integrations_webhookendpoint_change", args=[endpoint.pk]),
        permission="integrations.change_webhookendpoint",
    )


@receiver(endpoint_recovered)
def close_the_alert_of_a_program(endpoint_id: UUID, **_: Any) -> None:
    alerts.resolve(f"endpoint:{endpoint_id}")
