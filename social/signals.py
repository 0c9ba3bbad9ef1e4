"""The facts this app announces, once committed."""

from django.dispatch import Signal

# Carries publication_id (UUID).
publication_published = Signal()
# publication_id: UUID. Given up, for a reason that staff can read on the row.
publication_failed = Signal()
# publication_id: UUID. Retained, unknown or canceled: it has a state to report but no outcome.
publication_changed = Signal()
# Carries account_id (UUID).
account_disconnected = Signal()
# Carries account_id (UUID). The platform knows us again.
account_connected = Signal()

# Carries interaction_id (UUID). A guest said or did something new.
interaction_received = Signal()
# publication: Publication. A question, not a fact: whoever knows why it must not leave now answers with the reason.
publication_leaving = Signal()
