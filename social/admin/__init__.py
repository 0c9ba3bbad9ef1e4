"""Screens of what is said to everyone; importing them registers them."""

from social.admin.accounts import AccountAdmin
from social.admin.interactions import InteractionAdmin
from social.admin.publications import PUBLICATION_COLOURS, PublicationAdmin

__all__ = ["PUBLICATION_COLOURS", "AccountAdmin", "InteractionAdmin", "PublicationAdmin"]
