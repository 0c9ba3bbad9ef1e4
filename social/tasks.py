"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from social.services import publishing


@shared_task
def publish(publication_id: str) -> None:
    publishing.publish(publication_id)


@shared_task
def settle(publication_id: str) -> None:
    publishing.settle(publication_id)
