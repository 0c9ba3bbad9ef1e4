"""Paid orders become what guests bought; no rule of the house acts upon them, they may be a month old."""

import structlog

from integrations.errors import PermanentError
from integrations.modules.accounting import Order
from notifications.services import visits
from vieuxmoulin.exchange.people import customer_of

log = structlog.get_logger(__name__)
SOURCE = "accounting"


def take(items: tuple[Order, ...], is_first: bool) -> None:
    """Note each order of a guest; the same order told twice, also by webhook, is one."""
    for order in items:
        customer = customer_of(order.customer)
        if customer is None or order.amount_cents > visits.MOST_CENTS:
            continue
        payload = {
            "order_id": order.id,
            "occurred_at": order.occurred_at.isoformat(),
            "amount_cents": order.amount_cents,
            "customer": customer,
            "items": [{"ref": line.item_ref, "quantity": line.quantity} for line in order.lines],
        }
        try:
            visits.note(visits.PURCHASE, SOURCE, payload, at=order.occurred_at)
        except PermanentError as error:
            # An address that is none: the order counts in the sales, for no guest.
            log.warning("order_of_nobody", code=error.code)
