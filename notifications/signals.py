"""The facts this app announces, once committed."""

from django.dispatch import Signal

# task_id: UUID. A chunk of this send has no message left to send.
messages_settled = Signal()
# Carries contact_id (UUID), channel and source (str).
consent_withdrawn = Signal()
# Carries provider_id (int), has_fallback (bool), code (str). A sending service was set aside for a while.
provider_failed = Signal()
# Carries provider_id (int). It takes messages again.
provider_recovered = Signal()
# Carries contact_id (UUID). A guest asks on the preference page that their data be erased; a person decides.
erasure_requested = Signal()
# Carries contact_id (UUID). A guest was forgotten; nothing but that id is left to tell.
contact_erased = Signal()
