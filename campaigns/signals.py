"""The facts this app announces, once committed."""

from django.dispatch import Signal

# Carries campaign_id (UUID).
campaign_started = Signal()
# campaign_id: UUID. Every phase has reached its end; the campaign's `outcome` says how.
campaign_completed = Signal()
