"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from integrations.services import inbound, outbound


@shared_task
def process_inbound(event_id: str) -> None:
    inbound.process(event_id)


@shared_task
def deliver_webhook(delivery_id: str) -> None:
    outbound.deliver(delivery_id)
