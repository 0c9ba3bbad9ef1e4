"""The facts this app announces, once committed."""

from django.dispatch import Signal

# task_id: UUID. A chunk of this send has no message left to send.
messages_settled = Signal()
# Carries contact_id (UUID), channel and source (str).
consent_withdrawn = Signal()
