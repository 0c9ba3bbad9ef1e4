"""The facts this app announces."""

from django.dispatch import Signal

# event: InboundEvent. Another module told us something; listeners write rows or enqueue, inside one transaction.
inbound_event_received = Signal()
