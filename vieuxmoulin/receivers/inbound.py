"""What other modules and services tell us. Its listeners run in this order, in one transaction: all of them, or none."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from campaigns.services import automations, lifecycle
from integrations.models import InboundEvent
from integrations.queueing import enqueue
from integrations.services import outbound
from integrations.signals import inbound_event_received, stream_read
from menus.services import confirmations, stock
from notifications.services import callbacks, visits
from social.services import interactions
from vieuxmoulin.exchange import streams
from vieuxmoulin.orchestrator import converting

# By name: tasks.py stands beside this page.
SYNC_MODULES = "vieuxmoulin.tasks.sync_modules"


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
        guest = visits.note(event.event, event.source, event.payload, at=event.occurred_at)
        if event.event == visits.PURCHASE:
            converting.note_purchase(event.source, event.payload, guest)


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
