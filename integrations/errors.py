"""The error classes shared by all apps: each says what to do next, its message what happened and how to mend it."""

from collections.abc import Callable, Iterable
from typing import Any


class CommunicationError(Exception):
    """Root of everything that can go wrong outside. `str(error)` is French, fit for staff, and holds no secret.

    code: short machine name ("429", "read_timeout"). vendor_answer: what the vendor said, redacted.
    action: what a person should do now, in French, may be empty.
    """

    def __init__(self, message: str, *, code: str = "", vendor_answer: str = "", action: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.vendor_answer = vendor_answer
        self.action = action

    @property
    def message(self) -> str:
        """The text meant for staff."""
        return str(self)

    def mask(self, redact: Callable[[str], str]) -> None:
        """Pass every text this error carries through `redact`, in place."""
        self.args = tuple(redact(part) if isinstance(part, str) else part for part in self.args)
        for name, value in vars(self).items():
            setattr(self, name, _masked(value, redact))


class TransientError(CommunicationError):
    """The same request may work later. retry_after_seconds: what the vendor asked for, None when it said nothing."""

    def __init__(self, message: str, *, retry_after_seconds: float | None = None, **details: str) -> None:
        super().__init__(message, **details)
        self.retry_after_seconds = retry_after_seconds


class RateLimited(TransientError):
    """The vendor refused because we call too often; nothing was done."""


class CircuitOpen(TransientError):
    """We did not even call: the vendor has been failing and gets a rest."""


class PermanentError(CommunicationError):
    """The same request will fail again: someone must act first."""


class ContentRejected(PermanentError):
    """The vendor refuses what we say. suggestion: French; problems: one entry per fault found."""

    def __init__(
        self, message: str, *, suggestion: str = "", problems: Iterable[Any] | None = None, **details: str
    ) -> None:
        super().__init__(message, **details)
        self.suggestion = suggestion
        self.problems = list(problems or [])


class AccountDisconnected(PermanentError):
    """The vendor no longer accepts our credentials: the account must be connected again."""


class InvalidRecipient(PermanentError):
    """This address, number or subscription does not exist or cannot receive."""


class RecipientSuppressed(PermanentError):
    """The vendor holds this recipient on its own stop list (unsubscribed, bounced, complained)."""


class OutcomeUnknown(CommunicationError):
    """It left and no answer came back: read the vendor back before sending again."""


class PlanningError(CommunicationError):
    """The plan does not allow it (state, quota, date). suggestion: what would be allowed, by the caller's own names."""

    def __init__(self, message: str, *, suggestion: dict[str, Any] | None = None, **details: str) -> None:
        super().__init__(message, **details)
        self.suggestion = suggestion or {}


class InvalidTransition(PlanningError):
    """This row cannot go from its present state to the one asked for."""


class QuotaExceeded(PlanningError):
    """The agreed number of messages or posts for this period is used up."""


class SyncError(CommunicationError):
    """What we read back is not what we sent."""


def _masked(value: Any, redact: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _masked(item, redact) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, redact) for item in value]
    if isinstance(value, tuple):
        return tuple(_masked(item, redact) for item in value)
    return value
