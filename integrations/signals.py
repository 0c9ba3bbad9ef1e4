"""The facts this app announces."""

from django.dispatch import Signal

# event: InboundEvent. Another module told us something; listeners write rows or enqueue, inside one transaction.
inbound_event_received = Signal()
# event_id: UUID of an InboundEvent. It was given up after its last try, or could not be read: a person may mend and replay it.
inbound_event_failed = Signal()
# slug: str. A service keeps failing and gets a rest (failures: int, how many in a row); it answers again.
circuit_opened = Signal()
circuit_closed = Signal()
# door: str, times: int. Calls were refused at one entry, many within the hour.
refused_in_a_burst = Signal()
# endpoint_id: UUID. An address that is told of events does not answer any more, was stopped for it, answers again.
endpoint_failing = Signal()
endpoint_stopped = Signal()
endpoint_recovered = Signal()
# module, stream: str, changed: int. What another module changed was taken in here.
stream_read = Signal()
