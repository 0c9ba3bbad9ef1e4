"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from menus.services import syncing


@shared_task
def synchronise(sync_id: str) -> None:
    syncing.synchronise(sync_id)
