"""What every sending service's connector takes and returns. Dataclasses only: no database here."""

from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from integrations.connector import Connector
from integrations.errors import CommunicationError


@dataclass(frozen=True)
class Message:
    """One message, rendered. `to` is an address or a number in E.164; `id` is ours and comes back in the outcome."""

    id: str
    to: str = field(repr=False)
    subject: str = ""
    text: str = ""
    html: str = ""
    name: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Access:
    """How we enter the service: its keys and our sender, as the mission's `config/notifications.json` names them."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> str:
        return self.secrets.get(name, "")


@dataclass(frozen=True)
class Outcome:
    """What became of one message: taken by the service (`error` is None), or not and why."""

    message_id: str
    external_id: str = ""
    error: CommunicationError | None = None


class MessageConnector(Connector):
    """One sending service for one channel."""

    channel: ClassVar[str]
    # How many messages one call carries, and how many may be in flight when a worker dies.
    batch_size: ClassVar[int] = 1
    window: ClassVar[int] = 8
    can_read_back: ClassVar[bool] = False

    @abstractmethod
    def send_batch(self, messages: list[Message], access: Access) -> list[Outcome]:
        """Send up to `window` messages and say what became of each; raises only when none of them left."""

    def read_back(self, message: Message, access: Access, since: datetime) -> Outcome | None:
        """Look for a message whose fate is not known; None when it surely never left.

        Only called when `can_read_back` is true.
        """
        raise TypeError(f"{self.label} has no way to look a message up")

    @abstractmethod
    def check(self, access: Access) -> str:
        """The cheapest call that proves the access works; returns the account's name."""
