"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from notifications.services import delivery, settling


@shared_task
def deliver_chunk(chunk_id: str) -> None:
    delivery.deliver_chunk(chunk_id)


@shared_task
def settle_unknown() -> None:
    settling.settle_unknown()
