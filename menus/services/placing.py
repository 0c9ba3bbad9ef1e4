"""What one destination should be given at a moment, and how it is reached."""

import copy
from datetime import datetime
from typing import Any

from integrations import credential_use
from menus import moments, queries
from menus.connectors import registry
from menus.connectors.base import MenuConnector, Target
from menus.document import projection_hash
from menus.models import Destination, MenuRevision, MenuSync
from menus.repairs import with_kept_allergens

Document = dict[str, Any]
# A write that the place was seen to show, or that nobody can look at.
LANDED = (MenuSync.Status.COHERENT, MenuSync.Status.NOT_VERIFIABLE)
UNDER_WAY = (
    MenuSync.Status.PENDING,
    MenuSync.Status.PUSHING,
    MenuSync.Status.CONFIRMING,
    MenuSync.Status.VERIFYING,
)


def connector_of(destination: Destination) -> MenuConnector:
    """The one file that knows this platform."""
    return registry[destination.platform]()


def target_of(destination: Destination, *, last_confirmed: Document | None = None, unticked: str = "") -> Target:
    """Its access and its settings."""
    held = destination.credential
    secrets = credential_use.opened(held, destination.platform) if held else {}
    return Target(secrets, destination.settings, last_confirmed, unticked)


def document_for(revision: MenuRevision, destination: Destination, at: datetime) -> Document:
    """The card as this place should be given it: today's dishes and stock, and every allergen that was added there."""
    document = queries.document_now(revision)
    if destination.kept_allergens:
        document = with_kept_allergens(document, destination.kept_allergens)
    return connector_of(destination).prepare(document, at)


def expected_hash(document: Document, connector: MenuConnector) -> str:
    """What a place should show, as one word; with the stock only where a person is asked for it with the card."""
    if connector.is_by_hand:
        return projection_hash(_with_stock(connector.project(document)))
    return projection_hash(connector.project(_without_stock_outs(document) if connector.can_suspend else document))


def _with_stock(shown: Any) -> Any:
    """A projection whose stock counts: by its own name it is left out of every hash, since it changes all day."""
    if isinstance(shown, dict):
        return {("stock" if name == "availability" else name): _with_stock(inner) for name, inner in shown.items()}
    return [_with_stock(inner) for inner in shown] if isinstance(shown, list) else shown


def _without_stock_outs(document: Document) -> Document:
    """What ran out is told apart from the card; what is withdrawn is a change of the card."""
    kept = copy.deepcopy(document)
    for _kind, _ref, entry in moments.stocked(kept):
        if (entry.get("availability") or {}).get("status") == "unavailable":
            entry.pop("availability")
    return kept


def last_landed(destination: Destination) -> MenuSync | None:
    """The last write that this place was seen to show."""
    rows = MenuSync.objects.filter(destination=destination, status__in=LANDED).select_related("revision__menu")
    return rows.order_by("-pushed_at", "-created_at").first()


def done_there(last: MenuSync | None, destination: Destination) -> Document | None:
    """The card that a place was last seen, or said, to show, with what it was told to be out; None before the first."""
    if last is None:
        return None
    connector = connector_of(destination)
    document = moments.editable(connector.prepare(last.revision.document, last.pushed_at or last.created_at))
    if connector.is_by_hand:
        for kind, ref, entry in moments.stocked(document):
            word = destination.told_stock.get(f"{kind}:{ref}", "available")
            entry["availability"] = {"status": word.partition(" ")[0]}
    return document


def is_outdated(destination: Destination, revision: MenuRevision, now: datetime) -> bool:
    """Whether a place is to be given this card: it was last given another one, or the same on another day."""
    if revision.platforms is not None and destination.platform not in revision.platforms:
        return False
    last = (
        MenuSync.objects.filter(destination=destination)
        .exclude(status=MenuSync.Status.SUPERSEDED)
        .select_related("revision")
        .order_by("-created_at", "-pk")
        .first()
    )
    if last is None or last.revision_id != revision.pk:
        return True
    connector = connector_of(destination)
    # What is asked of a person may be asked otherwise as long as nobody did it.
    is_asked = connector.is_by_hand and last.status == MenuSync.Status.CONFIRMING
    if last.status in UNDER_WAY and not is_asked:
        return False
    if last.status == MenuSync.Status.FAILED or not last.expected_hash:
        # Refused: the same card would be refused again.
        return False
    return expected_hash(document_for(revision, destination, now), connector) != last.expected_hash
