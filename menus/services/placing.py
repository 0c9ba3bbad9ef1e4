"""What one destination should be given at a moment, and how it is reached."""

import copy
from datetime import datetime
from typing import Any

from integrations import credential_use
from menus import queries
from menus.connectors import registry
from menus.connectors.base import MenuConnector, Target
from menus.document import projection_hash
from menus.models import Destination, MenuRevision, MenuSync
from menus.moments import stocked
from menus.repairs import with_kept_allergens

Document = dict[str, Any]
# A write that the place was seen to show, or that nobody can look at.
LANDED = (MenuSync.Status.COHERENT, MenuSync.Status.NOT_VERIFIABLE)


def connector_of(destination: Destination) -> MenuConnector:
    """The one file that knows this platform."""
    return registry[destination.platform]()


def target_of(destination: Destination, *, last_confirmed: Document | None = None) -> Target:
    """Its access and its settings."""
    held = destination.credential
    secrets = credential_use.opened(held, destination.platform) if held else {}
    return Target(secrets, destination.settings, last_confirmed)


def document_for(revision: MenuRevision, destination: Destination, at: datetime) -> Document:
    """The card as this place should be given it: today's dishes and stock, and every allergen that was added there."""
    document = queries.document_now(revision)
    if destination.kept_allergens:
        document = with_kept_allergens(document, destination.kept_allergens)
    return connector_of(destination).prepare(document, at)


def expected_hash(document: Document, connector: MenuConnector) -> str:
    """What a place should show, as one word; where stock is told apart from the card, without the stock."""
    return projection_hash(connector.project(_without_stock_outs(document) if connector.can_suspend else document))


def _without_stock_outs(document: Document) -> Document:
    """What ran out is told apart from the card; what is withdrawn is a change of the card."""
    kept = copy.deepcopy(document)
    for _kind, _ref, entry in stocked(kept):
        if (entry.get("availability") or {}).get("status") == "unavailable":
            entry.pop("availability")
    return kept


def last_landed(destination: Destination) -> MenuSync | None:
    """The last write that this place was seen to show."""
    rows = MenuSync.objects.filter(destination=destination, status__in=LANDED).select_related("revision__menu")
    return rows.order_by("-pushed_at", "-created_at").first()
