"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from social.services import interactions, metrics, publishing, tokens


@shared_task
def publish(publication_id: str) -> None:
    publishing.publish(publication_id)


@shared_task
def settle(publication_id: str) -> None:
    publishing.settle(publication_id)


@shared_task
def send_reply(reply_id: str) -> None:
    interactions.send_reply(reply_id)


@shared_task
def settle_reply(reply_id: str) -> None:
    interactions.settle_reply(reply_id)


@shared_task
def take_metrics() -> None:
    metrics.take_due()


@shared_task
def poll_interactions() -> None:
    interactions.poll_all()


@shared_task
def renew_tokens() -> None:
    tokens.renew_due()
