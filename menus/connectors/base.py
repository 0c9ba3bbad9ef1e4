"""What every destination's connector takes and returns: canonical documents and plain data, no database here."""

import functools
from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, ClassVar

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from integrations.connector import Connector
from integrations.errors import PermanentError, SyncError
from menus import moments
from menus.verification import Difference, Projection, compare

__all__ = [
    "AvailabilityChange",
    "Confirmation",
    "Difference",
    "MenuConnector",
    "Outcome",
    "Projection",
    "Pushed",
    "Setting",
    "Target",
    "WebhookRefused",
    "careful",
    "compare",
    "everything",
    "unavailable",
]


@dataclass(frozen=True)
class Setting:
    """One thing to know of a destination, asked for in the back-office. `name` is its key in `Target.settings`."""

    name: str
    label: str
    help_text: str = ""
    is_required: bool = True
    default: str = ""


@dataclass(frozen=True)
class Target:
    """Where to write: the secrets that open it and its settings (catalog id, store id…).

    last_confirmed: the document last confirmed there, for destinations that are told what changed.
    unticked: what a person was asked there since, and that nobody said to have done.
    """

    secrets: dict[str, str] = field(default_factory=dict, repr=False)
    settings: dict[str, Any] = field(default_factory=dict)
    last_confirmed: dict[str, Any] | None = field(default=None, repr=False)
    unticked: str = field(default="", repr=False)


@dataclass(frozen=True)
class Pushed:
    """What the destination answered to a write.

    reference: what its confirmation will name. is_confirmed: False when the proof is to come (a webhook, a person).
    detail: French, for staff.
    """

    reference: str = ""
    is_confirmed: bool = True
    detail: str = ""


class Outcome(StrEnum):
    """What a platform tells us by itself."""

    LIVE = "live"
    REFUSED = "refused"
    RETRY = "retry"
    REFRESH_REQUESTED = "refresh_requested"  # it lost our menu and asks for it again
    CHANGED = "changed"  # another hand wrote there: read it back


@dataclass(frozen=True)
class Confirmation:
    """One fact told by a platform.

    reference: the menu, store or catalog meant. event_id: the same fact has the same id. sequence: where facts may
    arrive out of order, an older one is to be ignored (None: the platform does not number them).
    """

    reference: str
    outcome: Outcome
    detail: str = ""
    event_id: str = ""
    sequence: int | None = None


@dataclass(frozen=True)
class AvailabilityChange:
    """What can be ordered now. kind: item, variant, option, formula. ref: `item`, `item/variant`, `group/option`.

    status: available, unavailable, hidden. until: aware, None for "until told otherwise".
    """

    kind: str
    ref: str
    status: str
    until: datetime | None = None

    @property
    def external_id(self) -> str:
        """The id under which platforms know it: theirs have no slash."""
        return self.ref.replace("/", "--")

    @property
    def word(self) -> str:
        """What a place is told, as `Destination.told_stock` keeps it: another date is another word."""
        if self.status != "unavailable" or self.until is None:
            return self.status
        return f"{self.status} {self.until.astimezone(UTC).isoformat()}"


class WebhookRefused(PermanentError):
    """This call is not the platform's, or cannot be read. code: "signature", "malformed", "unset"."""


def careful(normalise: Callable[[Any, Any], Projection]) -> Callable[[Any, Any], Projection]:
    """Mark a `normalise` whose platform may change its shape one day: what it cannot read is an error of ours."""

    @functools.wraps(normalise)
    def read(self: Any, answer: Any) -> Projection:
        try:
            return normalise(self, answer)
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise SyncError(
                f"{self.label} répond sous une forme que nous ne savons pas lire ({type(error).__name__}).",
                code="unreadable_menu",
                vendor_answer=str(answer)[:2_000],
                action="La carte n'a pas pu être relue : prévenez qui s'occupe de l'installation.",
            ) from None

    return read


class MenuConnector(Connector):
    """One place where the card is shown. `project` and `normalise` are pure and meet in one neutral shape."""

    # False where nothing can be read back: such a destination is never said to be coherent.
    is_verifiable: ClassVar[bool] = True
    # Whether one dish can be taken off sale without writing the whole card.
    can_suspend: ClassVar[bool] = False
    # Whether it is drawn from our own rows, and so shows at once what ran out.
    is_drawn_live: ClassVar[bool] = False
    # Whether what ran out there is asked of a person, by a task with what to change.
    is_by_hand: ClassVar[bool] = False
    # For staff, where a dish that ran out is not simply taken off sale: what guests see there meanwhile, and what to do.
    stock_note: ClassVar[str | Promise] = gettext_lazy(
        "Rien n'y dit qu'un plat manque : les clients l'y voient encore. Dites-le-leur à la commande."
    )
    # Whether `push` also tells what ran out; otherwise `set_availability(everything(document))` comes after it is live.
    push_carries_stock: ClassVar[bool] = True
    has_webhook: ClassVar[bool] = False
    # Minutes to wait for an asynchronous confirmation before reading back instead.
    confirmation_minutes: ClassVar[int] = 15
    # Minutes between two reads when nothing happens; 0: only after a write.
    read_every_minutes: ClassVar[int] = 60
    settings_fields: ClassVar[tuple[Setting, ...]] = ()

    def prepare(self, document: dict[str, Any], at: datetime) -> dict[str, Any]:
        """The document as of a moment: what starts later or is over is out, stock-outs whose end is past are over.

        Give the result to the other methods, and keep it: they are pure, and the moment of reading is another one.
        """
        return moments.as_of(document, at)

    def problems(self, document: dict[str, Any]) -> list[str]:
        """What this destination would refuse, in French, each with its place; nothing is sent while there is any."""
        return []

    def left_out(self, document: dict[str, Any]) -> list[str]:
        """What is kept from this destination on purpose, in French, with the cure."""
        return []

    def missing_settings(self, target: Target) -> list[Setting]:
        """What staff must still fill in before anything can be sent there."""
        return [one for one in self.settings_fields if one.is_required and not setting_of(target, one)]

    @abstractmethod
    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Replace the whole menu there. Safe to repeat: the vendor rebuilds everything at each write."""

    def body(self, document: dict[str, Any], target: Target) -> Any:
        """What `push` would send, for people who want to see it before: JSON, text or bytes."""
        return None

    @abstractmethod
    def read(self, target: Target) -> Any:
        """Fetch what the destination shows now."""

    @abstractmethod
    def project(self, document: dict[str, Any]) -> Projection:
        """What this destination should show, after what it cannot hold is dropped."""

    @abstractmethod
    def normalise(self, answer: Any) -> Projection:
        """What this destination does show, its own rewriting undone."""

    # --- stock --------------------------------------------------------------------------------------------------------

    def set_availability(
        self, changes: list[AvailabilityChange], document: dict[str, Any], target: Target
    ) -> list[AvailabilityChange]:
        """Tell what can be ordered, by the platform's own means; returns what only a write of the whole card can do.

        document: as it was pushed last.
        """
        return list(changes)

    def read_availability(self, document: dict[str, Any], target: Target) -> dict[tuple[str, str], str]:
        """Status of everything that `document` names and the platform does not sell, by (kind, ref)."""
        return {}

    # --- what the platform tells --------------------------------------------------------------------------------------

    def subscribe(self, url: str, target: Target) -> None:
        """Ask the platform to call `url`, where that is asked by its API. Calls the network."""

    def verify_webhook(self, body: bytes, headers: Mapping[str, str], secrets: Mapping[str, str]) -> None:
        """Raise WebhookRefused unless the call is the platform's own."""
        raise WebhookRefused(f"{self.label} ne nous appelle pas.", code="unset")

    def parse_webhook(self, body: bytes, headers: Mapping[str, str]) -> list[Confirmation]:
        """The facts of a verified call; what we have no word for is left out. Raises WebhookRefused (malformed)."""
        return []

    # --- for the connectors themselves --------------------------------------------------------------------------------

    def need(self, target: Target, name: str) -> str:
        """A setting of the destination, or its default. Raises PermanentError naming what to fill in."""
        wanted = next((one for one in self.settings_fields if one.name == name), Setting(name, name))
        if value := setting_of(target, wanted):
            return value
        if not wanted.is_required:
            return ""
        raise PermanentError(
            f"{self.label} : il manque « {wanted.label} ».",
            code="missing_setting",
            action="Complétez les réglages de cette destination.",
        )


def setting_of(target: Target, wanted: Setting) -> str:
    """The value given by staff, else the default; "" when there is none."""
    return str(target.settings.get(wanted.name) or wanted.default).strip()


def everything(document: dict[str, Any]) -> list[AvailabilityChange]:
    """All that may run out in a document, with its status there."""
    found = []
    for kind, ref, entry in moments.stocked(document):
        said = entry.get("availability") or {}
        found.append(AvailabilityChange(kind, ref, said.get("status", "available"), moments.moment(said.get("until"))))
    return found


def unavailable(document: dict[str, Any]) -> list[AvailabilityChange]:
    """What cannot be ordered: told again after an asynchronous write, or a morning's reset."""
    return [one for one in everything(document) if one.status != "available"]
