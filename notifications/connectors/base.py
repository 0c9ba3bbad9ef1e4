"""What every sending service's connector takes and returns. Dataclasses only: no database here."""

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from integrations.connector import Connector
from integrations.errors import CommunicationError, PermanentError


@dataclass(frozen=True, eq=False)
class Pattern:
    """One e-mail for many guests: pieces of its texts at even ranks, the names of the places between them at odd ranks."""

    subject: tuple[str, ...]
    text: tuple[str, ...]
    html: tuple[str, ...]
    places: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        names = dict.fromkeys((*self.subject[1::2], *self.text[1::2], *self.html[1::2]))
        object.__setattr__(self, "places", tuple(names))

    def fill(self, words: Mapping[str, str]) -> tuple[str, str, str]:
        """Subject, text and HTML, each place filled by its name."""
        return _fill(self.subject, words), _fill(self.text, words), _fill(self.html, words)


def _fill(pieces: tuple[str, ...], words: Mapping[str, str]) -> str:
    whole = [*pieces]
    whole[1::2] = [words[name] for name in pieces[1::2]]
    return "".join(whole)


@dataclass(frozen=True)
class Message:
    """One message, rendered. `id` is ours and comes back in the outcome.

    to: an address, a number in E.164, or the JSON of browsers' subscriptions. is_marketing: the law wants a way out
    (STOP) in it; a service message says so on purpose. url, icon: where a push notification leads, and its picture.
    pattern, words: what it shares with other messages and its own words, for services that take both apart.
    """

    id: str
    to: str = field(repr=False)
    subject: str = ""
    text: str = ""
    html: str = ""
    name: str = ""
    headers: dict[str, str] = field(default_factory=dict, repr=False)
    is_marketing: bool = True
    url: str = ""
    icon: str = ""
    pattern: Pattern | None = field(default=None, repr=False)
    words: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Access:
    """How we enter the service: its keys and our sender, as the mission's `config/notifications.json` names them."""

    secrets: dict[str, str] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> str:
        return self.secrets.get(name, "")


@dataclass(frozen=True)
class Outcome:
    """What became of one message: taken by the service (`error` is None), or not and why.

    gone: of several places where one guest is reached (browsers), those that will never take anything again.
    """

    message_id: str
    external_id: str = ""
    error: CommunicationError | None = None
    gone: tuple[str, ...] = field(default=(), repr=False)


class EventKind(StrEnum):
    """What a service may tell of a message after it took it; the values of `DeliveryEvent.Kind` in the database."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # still on its way, the service tries again by itself
    BOUNCED = "bounced"  # dead address or number
    BLOCKED = "blocked"  # not delivered, and the address is not to blame
    FAILED = "failed"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"
    OPENED = "opened"
    CLICKED = "clicked"


@dataclass(frozen=True)
class WebhookRequest:
    """A call that a service made to us, before anybody believed it.

    url: as the service called it, public scheme and host, query included. body: the very bytes, for signatures.
    """

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    received_at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def header(self, name: str) -> str:
        """A header whatever its case, "" when absent."""
        return next((value for key, value in self.headers.items() if key.lower() == name.lower()), "")


@dataclass(frozen=True)
class DeliveryEvent:
    """One fact that a service tells about one message.

    message_id: our id where the service gives it back, else "" and `external_id` finds the message; both are empty for
    a word of a guest that answers no message in particular (STOP), told by `recipient`. event_id: the same for each
    copy of the same fact. suppresses: this address must not be written to again on this channel.
    """

    message_id: str
    external_id: str
    kind: EventKind
    occurred_at: datetime
    event_id: str
    reason: str = ""
    url: str = field(default="", repr=False)
    user_agent: str = ""
    ip: str = field(default="", repr=False)
    is_machine: bool = False
    suppresses: bool = False
    recipient: str = field(default="", repr=False)
    raw: dict[str, Any] = field(default_factory=dict, repr=False)


class WebhookRefused(PermanentError):
    """This call is not the service's, or cannot be read. code: "signature", "secret", "stale", "malformed", "unset"."""


class MessageConnector(Connector):
    """One sending service for one channel."""

    channel: ClassVar[str]
    # How many messages one call carries, and how many may be in flight when a worker dies.
    batch_size: ClassVar[int] = 1
    window: ClassVar[int] = 8
    can_read_back: ClassVar[bool] = False
    # It takes apart what the messages of a call share: `Message.pattern` and `Message.words`.
    takes_patterns: ClassVar[bool] = False
    # Whether the service calls us back about its messages, and how large such a call may be.
    has_webhook: ClassVar[bool] = False
    # It does not sign: the address given to it must hold `access["webhook_secret"]` as one part of its path.
    webhook_needs_secret: ClassVar[bool] = False
    webhook_methods: ClassVar[tuple[str, ...]] = ("POST",)
    max_webhook_bytes: ClassVar[int] = 2 * 1024 * 1024

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

    def check_address(self, to: str) -> None:
        """Raise a CommunicationError for an address that this service would not write to; nothing leaves."""

    # --- what the service tells afterwards: pure functions but for `confirm`, `subscribe` and `stop_list` --------------

    def verify_webhook(self, request: WebhookRequest, access: Access) -> None:
        """Raise WebhookRefused unless the call is the service's own; every call is answered 200 after that."""
        raise WebhookRefused(f"{self.label} ne nous appelle pas.", code="unset")

    def parse_webhook(self, request: WebhookRequest) -> list[DeliveryEvent]:
        """The facts of a verified call, in its own order; what we have no word for is left out.

        Raises WebhookRefused (malformed) when nothing of it can be read.
        """
        return []

    def confirm(self, event: DeliveryEvent, access: Access) -> DeliveryEvent | None:
        """Ask the service whether a fact told without a signature is true; None when it is not. Calls the network."""
        return event

    def subscribe(self, url: str, access: Access) -> dict[str, str]:
        """Ask the service to call `url`; returns what must be kept with the access from now on. Calls the network."""
        return {}

    def stop_list(self, access: Access) -> list[str]:
        """The numbers or addresses that said STOP at the service, where it only tells when asked. Calls the network."""
        return []
