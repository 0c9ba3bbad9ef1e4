"""Law 3 around the one call that shows something: what was in doubt before is never taken for refused."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from integrations.errors import CommunicationError, OutcomeUnknown, PermanentError, TransientError
from social.connectors.base import Progress

# How much a vendor's clock may differ from ours.
CLOCK_SKEW = timedelta(minutes=2)
FIRST_POLL_SECONDS, LONGEST_POLL_SECONDS = 15, 120


class Duplicate(PermanentError):
    """The vendor says that it already has this very post."""


@contextmanager
def creation(progress: Progress) -> Iterator[None]:
    """Wrap the creating call: note it first; a duplicate after a doubtful try means that the doubtful one arrived."""
    was_in_doubt = bool(progress.data.get("in_doubt_since"))
    if not was_in_doubt:
        progress.keep(in_doubt_since=datetime.now(UTC).isoformat())
    progress.creating()
    try:
        yield
    except Duplicate as error:
        if not was_in_doubt:
            progress.keep(in_doubt_since="")
            raise
        raise OutcomeUnknown(
            "Le réseau dit avoir déjà ce post, envoyé lors d'un essai précédent : il va y être cherché.",
            code="duplicate",
            vendor_answer=error.vendor_answer,
        ) from error
    except (TransientError, PermanentError):
        # Refused for certain. An older doubt stays: that try may still have arrived.
        if not was_in_doubt:
            progress.keep(in_doubt_since="")
        raise


def doubtful_since(progress: Progress, since: datetime) -> datetime:
    """From when to look for a post: from the first try of unknown fate, which may be older than the last try."""
    text = progress.data.get("in_doubt_since")
    return min(since, datetime.fromisoformat(text) - CLOCK_SKEW) if text else since


def json_object(response: requests.Response, *, creates: bool) -> dict[str, Any]:
    """The JSON object of a success; one that cannot be read leaves a creation of unknown outcome."""
    try:
        body = response.json() if response.content else {}
    except ValueError:
        body = None
    if isinstance(body, dict):
        return body
    kind: type[CommunicationError] = OutcomeUnknown if creates else TransientError
    raise kind("Le réseau a répondu d'une façon illisible.", code="unreadable", vendor_answer=response.text[:2000])


def created_id(answer: dict[str, Any], name: str = "id") -> str:
    """The id of what was just made; an answer without it leaves the outcome unknown."""
    if not answer.get(name):
        raise OutcomeUnknown("Le réseau n'a pas donné l'identifiant de ce qu'il a créé.", code="no_id")
    return str(answer[name])


def not_ready(progress: Progress, label: str, at_least: float = 0) -> TransientError:
    """The error that makes us look again later, each time a little later, while a network prepares a file."""
    polls = int(progress.data.get("polls", 0))
    progress.keep(polls=polls + 1)
    seconds = min(FIRST_POLL_SECONDS * 2**polls, LONGEST_POLL_SECONDS)
    return TransientError(
        f"{label} prépare encore le fichier.", code="not_ready", retry_after_seconds=max(seconds, at_least)
    )
