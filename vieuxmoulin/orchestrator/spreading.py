"""How far each place is with what ran out: told by us, asked of a person, or without any means of knowing."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import OuterRef, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from integrations.admin_tools.display import short_date
from menus.connectors import registry
from menus.models import Destination, MenuSync, StockPush
from menus.services import placing

LIVE, KNOWN, MOVING, FAILED, HELD, BY_HAND, UNTOLD = STATES = (
    "live", "known", "moving", "failed", "held", "by_hand", "untold",
)  # fmt: skip
# Browsers keep our page a minute.
ALWAYS = gettext_lazy("à jour, en une minute au plus")
ON_ITS_WAY = (StockPush.Status.PENDING, StockPush.Status.PUSHING)
BEING_WRITTEN = (MenuSync.Status.PENDING, MenuSync.Status.PUSHING, MenuSync.Status.VERIFYING)


@dataclass(frozen=True)
class Told:
    """How far one place is. state: one of STATES; words, why: French, for staff.

    why: what keeps it, or what to know of it. sync_id: the write whose page says what a person has to change there.
    """

    platform: str
    name: str
    state: str
    words: str
    why: str = ""
    sync_id: UUID | None = None

    @property
    def is_trouble(self) -> bool:
        """Whether `why` tells of something that keeps it."""
        return self.state in (MOVING, FAILED, HELD)


def told_places() -> list[Told]:
    """Every place where the card is shown; our own page first, then those that are told, then the others."""
    last_push = StockPush.objects.filter(destination=OuterRef("pk")).order_by("-asked_at", "-pk").values("pk")[:1]
    last_sync = MenuSync.objects.filter(destination=OuterRef("pk")).order_by("-created_at", "-pk").values("pk")[:1]
    places = list(
        Destination.objects.filter(is_active=True).annotate(
            last_push=Subquery(last_push), last_sync=Subquery(last_sync)
        )
    )
    pushes = StockPush.objects.in_bulk([place.last_push for place in places if place.last_push])
    by_hand = [place.last_sync for place in places if place.last_sync and placing.connector_of(place).is_by_hand]
    syncs = MenuSync.objects.in_bulk(by_hand) if by_hand else {}
    told = [_told(place, pushes.get(place.last_push), syncs.get(place.last_sync)) for place in places]
    if not any(place.state == LIVE for place in told):
        told.append(_own_page())
    ranks = {LIVE: 0, UNTOLD: 2}
    return sorted(told, key=lambda place: ranks.get(place.state, 1))


def _own_page() -> Told:
    """Our page is there even when nobody made it a destination."""
    slug = next(slug for slug, connector in registry.items() if connector.is_drawn_live)
    return Told(slug, _("Notre site"), LIVE, str(ALWAYS))


def _told(place: Destination, push: StockPush | None, sync: MenuSync | None) -> Told:
    connector = placing.connector_of(place)
    state: tuple[Any, ...]
    if connector.is_drawn_live:
        state = (LIVE, str(ALWAYS))
    elif not connector.can_suspend and not connector.is_by_hand:
        state = (UNTOLD, _("ne peut pas être prévenue"), str(connector.stock_note))
    elif place.is_held:
        state = (HELD, _("attend une décision"), place.held_reason)
    elif connector.is_by_hand:
        state = _by_hand(sync, str(connector.stock_note))
    else:
        state = _by_us(push)
    return Told(place.platform, place.name, *state)


def _by_us(push: StockPush | None) -> tuple[Any, ...]:
    if push is None:
        return KNOWN, _("rien à dire pour l'instant")
    if push.status in ON_ITS_WAY:
        return MOVING, _("en train d'être prévenue…"), push.last_error
    if push.status == StockPush.Status.FAILED:
        return FAILED, _("n'a pas pu être prévenue"), push.last_error
    return KNOWN, _("sait tout depuis le %(date)s") % {"date": short_date(push.done_at)}


def _by_hand(sync: MenuSync | None, note: str) -> tuple[Any, ...]:
    if sync is None:
        return KNOWN, _("n'a pas encore reçu la carte"), note
    if sync.status in BEING_WRITTEN:
        return MOVING, _("la liste de ce qu'il faut y changer se prépare…"), sync.last_error
    if sync.status == MenuSync.Status.CONFIRMING:
        return BY_HAND, _("à changer à la main"), "", sync.pk
    if sync.status == MenuSync.Status.FAILED:
        return FAILED, _("la liste de ce qu'il faut y changer n'a pas pu être faite"), sync.last_error, sync.pk
    return KNOWN, _("rien à y changer pour l'instant"), note
