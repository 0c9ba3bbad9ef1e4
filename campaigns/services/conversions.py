"""Orders that came from a campaign: known by the code that the guest gave."""

from datetime import datetime
from typing import Any

from campaigns.models import Conversion

# As long as the column; a longer one is nobody's.
MOST_SIGNS = 60


def canonical(code: str) -> str:
    """A code as campaigns have it, however the till writes it; empty for none."""
    plain = "".join(code.split()).upper()
    return plain if len(plain) <= MOST_SIGNS else ""


def note(source: str, order_id: str, code: str, *, at: datetime, amount_cents: int, contact_id: Any) -> set[str]:
    """Keep what an order says of its code; returns the codes whose totals this changes.

    The till may correct an order: the last word counts, also one that takes the code away. contact_id: None for an order
    of nobody known, which does not make us forget whose it was.
    """
    code = canonical(code)
    known = Conversion.objects.filter(source=source, external_id=order_id)
    before = set(known.values_list("code", flat=True))
    if not code:
        known.delete()
        return before
    said = {"code": code, "occurred_at": at, "amount_cents": amount_cents}
    if contact_id is not None:
        said["contact_id"] = contact_id
    Conversion.objects.update_or_create(source=source, external_id=order_id, defaults=said)
    return before | {code}
