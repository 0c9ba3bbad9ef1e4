"""How an app tells the others what happened: after the commit, and without one listener's fault reaching the next."""

from typing import Any

import structlog
from django.db import transaction
from django.dispatch import Signal

log = structlog.get_logger(__name__)


def announce(signal: Signal, sender: Any, **facts: Any) -> None:
    """Send `signal` once the surrounding transaction is committed; a rollback announces nothing."""
    # A lambda, not a partial: on_commit(robust=True) logs the callable's __qualname__ and a partial has none.
    transaction.on_commit(lambda: _deliver(signal, sender, facts), robust=True)


def _deliver(signal: Signal, sender: Any, facts: dict[str, Any]) -> None:
    for receiver, result in signal.send_robust(sender, **facts):
        if isinstance(result, Exception):
            log.error(
                "receiver_failed",
                receiver=f"{receiver.__module__}.{getattr(receiver, '__qualname__', type(receiver).__name__)}",
                sender=getattr(sender, "__qualname__", str(sender)),
                exc_info=result,
            )
