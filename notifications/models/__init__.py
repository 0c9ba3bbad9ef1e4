"""Said to one person: guests, what they agreed to, the templates, and each message on its way."""

from notifications.models.messages import Chunk, MessageTemplate, Notification, Provider
from notifications.models.people import (
    ChannelType,
    Consent,
    ConsentEvent,
    Contact,
    ContactImport,
    ErasedAddress,
    Habit,
    Purchase,
    Purpose,
    PushSubscription,
    Segment,
    Suppression,
    Tag,
)
from notifications.models.tracking import DeliveryEvent

__all__ = [
    "ChannelType",
    "Chunk",
    "Consent",
    "ConsentEvent",
    "Contact",
    "ContactImport",
    "DeliveryEvent",
    "ErasedAddress",
    "Habit",
    "MessageTemplate",
    "Notification",
    "Provider",
    "Purchase",
    "Purpose",
    "PushSubscription",
    "Segment",
    "Suppression",
    "Tag",
]
