"""The facts this app announces, once committed."""

from django.dispatch import Signal

# Carries revision_id (UUID).
menu_published = Signal()
# sync_id: UUID. The sync has reached a state that only a new request or a person changes.
menu_synced = Signal()
