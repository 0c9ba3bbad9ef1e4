"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from notifications.services import delivery, settling, subscribing
from notifications.services.importing import applying


@shared_task
def deliver_chunk(chunk_id: str) -> None:
    delivery.deliver_chunk(chunk_id)


@shared_task
def settle_unknown() -> None:
    settling.settle_unknown()


@shared_task
def learn_stops() -> None:
    """Each hour: some services only tell who said STOP when they are asked."""
    subscribing.learn_stops()


@shared_task
def import_contacts(import_id: str) -> None:
    applying.run(import_id)
