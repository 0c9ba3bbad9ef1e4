"""A card on every played platform, and the work that a beat and its workers would do, called as functions."""

import copy

from django.db import transaction

from integrations.models import InboundEvent
from integrations.services import inbound
from menus.models import Destination, MenuSync, StockPush
from menus.services import confirmations, planning, revisions, stock, syncing, verifying, writing
from tests.factories import CredentialFactory
from tests.menus.connectors.targets import TARGETS
from tests.menus.documents import FULL

PLATFORMS = sorted(TARGETS)


class AtOnce:
    """A test's transaction never commits: what a platform does after its own commit is done at once."""

    atomic = staticmethod(transaction.atomic)

    @staticmethod
    def on_commit(work):
        work()


def open_house(document=None):
    """A menu and the destinations that are reached by the network, nothing sent yet."""
    menu = writing.replace(copy.deepcopy(document or FULL))
    for slug, target in TARGETS.items():
        place = Destination.objects.create(
            platform=slug,
            name=slug,
            credential=CredentialFactory(platform=slug, secrets=dict(target.secrets)),
            settings=dict(target.settings),
        )
        confirmations.subscribe(place)
    return menu


def publish(menu):
    """Publish everywhere, as staff do."""
    revision = revisions.publish(menu)
    syncing.create_syncs(
        revision, list(Destination.objects.filter(is_active=True)), is_urgent=planning.changes_allergens(revision)
    )
    return revision


def work(told=()):
    """Do what is due until nothing is; `told` holds the calls that platforms make meanwhile."""
    for _round in range(20):
        done = 0
        for sync in MenuSync.objects.filter(status="pending"):
            MenuSync.objects.filter(pk=sync.pk).update(next_attempt_at=None)
            syncing.synchronise(sync.pk)
            done += 1
        while told:
            call = told.pop(0)
            slug = call.url.rstrip("/").rpartition("/")[2]
            confirmations.receive(slug, call.body, call.headers)
            done += 1
        for event in InboundEvent.objects.filter(status="pending"):
            inbound.process(event.pk)
        for sync in MenuSync.objects.filter(status="confirming", next_attempt_at=None, manual_task=None):
            syncing.confirm(sync.pk)
            done += 1
        for push in StockPush.objects.filter(status="pending"):
            StockPush.objects.filter(pk=push.pk).update(next_attempt_at=None)
            stock.push_stock(push.pk)
            done += 1
        if not done:
            return
    raise AssertionError("the work never ends")


def look():
    """Read every place again, whatever its pace; the decisions by platform."""
    Destination.objects.update(next_check_at=None)
    return {place.platform: verifying.check(place.pk) for place in Destination.objects.filter(is_active=True)}


def states():
    """The last write of each place."""
    return {
        place.platform: place.syncs.order_by("-created_at", "-pk").first().status
        for place in Destination.objects.order_by("platform")
        if place.syncs.exists()
    }
