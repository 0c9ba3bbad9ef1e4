"""The facts this app announces, once committed."""

from django.dispatch import Signal

# task_id: UUID. A chunk of this send has no message left to send.
messages_settled = Signal()
# contact_id: UUID, channel: str, source: str
consent_withdrawn = Signal()
