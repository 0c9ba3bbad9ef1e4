"""Paid orders become what guests bought and what campaigns brought in; no rule of the house acts upon them, they may be
a month old."""

import structlog

from integrations.errors import PermanentError
from integrations.modules.accounting import Order
from notifications.models import Contact
from notifications.services import visits
from vieuxmoulin.exchange.people import customer_of
from vieuxmoulin.orchestrator import converting

log = structlog.get_logger(__name__)
SOURCE = "accounting"


def take(items: tuple[Order, ...], is_first: bool) -> None:
    """Note each order; the same order told twice, also by webhook, is one."""
    for order in items:
        if order.amount_cents > visits.MOST_CENTS:
            continue
        payload = {
            "order_id": order.id,
            "occurred_at": order.occurred_at.isoformat(),
            "amount_cents": order.amount_cents,
            "items": [{"ref": line.item_ref, "quantity": line.quantity} for line in order.lines],
            "campaign_code": order.campaign_code,
        }
        converting.note_purchase(SOURCE, payload, _guest_of(order, payload))


def _guest_of(order: Order, payload: dict[str, object]) -> Contact | None:
    """Whose order it is, once it is kept among what they bought; None for nobody known."""
    customer = customer_of(order.customer)
    if customer is None:
        return None
    try:
        return visits.note(visits.PURCHASE, SOURCE, {**payload, "customer": customer}, at=order.occurred_at)
    except PermanentError as error:
        # An address that is none: the order counts in the sales, for no guest.
        log.warning("order_of_nobody", code=error.code)
        return None
