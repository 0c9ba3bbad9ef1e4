"""Celery entry points: an id in, nothing decided here."""

from celery import shared_task

from menus.services import stock, syncing, verifying


@shared_task
def synchronise(sync_id: str) -> None:
    syncing.synchronise(sync_id)


@shared_task
def confirm(sync_id: str) -> None:
    syncing.confirm(sync_id)


@shared_task
def push_stock(push_id: str) -> None:
    stock.push_stock(push_id)


@shared_task
def tell_stock_again() -> None:
    stock.tell_again()


@shared_task
def check(destination_id: str) -> None:
    verifying.check(destination_id)
