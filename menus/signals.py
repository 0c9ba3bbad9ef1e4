"""The facts this app announces, once committed."""

from django.dispatch import Signal

# Carries revision_id (UUID).
menu_published = Signal()
# Carries refs (list[str]), status and source (str). Dishes ran out or came back.
availability_changed = Signal()
# Carries push_id (int). A place could not be told what ran out.
stock_push_failed = Signal()
# destination_id: int. A place that was hard to reach knows again what is out.
stock_told = Signal()
# Carries drift_id (UUID). Something else than our card was read at a place, and a person should look.
drift_found = Signal()
# Carries destination_id (int). What was read there is as it should be again.
drift_ended = Signal()
# sync_id: UUID. The sync has reached a state that only a new request or a person changes.
menu_synced = Signal()
# sync_id: UUID. Something is to be done at a place that no machine of ours writes to: somebody, or another app, may do it.
by_hand_asked = Signal()
