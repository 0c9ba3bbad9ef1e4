"""Said to one person: guests, what they agreed to, the templates, and each message on its way."""

from notifications.models.messages import Chunk, MessageTemplate, Notification, Provider
from notifications.models.people import ChannelType, Consent, Contact, Purpose, Suppression, Tag

__all__ = [
    "ChannelType",
    "Chunk",
    "Consent",
    "Contact",
    "MessageTemplate",
    "Notification",
    "Provider",
    "Purpose",
    "Suppression",
    "Tag",
]
