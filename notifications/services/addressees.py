"""Whom a message is for, when the whole record of the guest would be read for nothing."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias

from notifications.models import Contact
from notifications.models.people import full_name


@dataclass(slots=True)
class Guest:
    """The few facts of a guest that a message needs. to: where the guest is written to on the channel at hand."""

    pk: Any
    first_name: str
    last_name: str
    language: str
    to: str = field(default="", repr=False)

    def __str__(self) -> str:
        return full_name(self.first_name, self.last_name)

    def address(self, channel: str) -> str:
        """As `Contact.address`, for the one channel that was read."""
        return self.to


Addressee: TypeAlias = Contact | Guest
