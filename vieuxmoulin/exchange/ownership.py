"""Who owns which field of a guest, and what follows when the two sides differ. Pure: no row, no call.

The CRM owns names, birthday, language and postcode: the desk meets the guest. An address is the guest's key to consents
and bookings: where both sides have one and they differ for no known reason, a person decides. Consents: see `consents`.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class Owner(StrEnum):
    """Whose word counts."""

    CRM = "crm"
    PERSON = "person"


class Verdict(StrEnum):
    """What to do with one field."""

    KEEP = "keep"
    TAKE = "take"
    TELL = "tell"
    ASK = "ask"


FIELDS: dict[str, Owner] = {
    "first_name": Owner.CRM,
    "last_name": Owner.CRM,
    "birthday": Owner.CRM,
    "language": Owner.CRM,
    "postcode": Owner.CRM,
    "email": Owner.PERSON,
    "phone": Owner.PERSON,
}


def settle(owner: Owner, *, ours: Any, theirs: Any, last: Any) -> Verdict:
    """Decide for one field. last: what the CRM said the time before; empty values are falsy, and never replace a value
    of which nobody knows that it was taken away on purpose.
    """
    if (ours or None) == (theirs or None):
        return Verdict.KEEP
    if not ours:
        # Taken away here since the CRM last spoke, an address stays away until a person says otherwise.
        return Verdict.ASK if owner == Owner.PERSON and last and last == theirs else Verdict.TAKE
    if not theirs:
        if last != ours:
            return Verdict.TELL
        return Verdict.TAKE if owner == Owner.CRM else Verdict.ASK
    if owner == Owner.CRM:
        return Verdict.TAKE
    # The CRM still says what it said: the change is ours, and later.
    return Verdict.TELL if last == theirs else Verdict.ASK


class Ruling(StrEnum):
    """What to do about one channel's consent."""

    NOTHING = "nothing"
    GRANT = "grant"
    WITHDRAW = "withdraw"
    TELL_REFUSAL = "tell_refusal"
    TELL_AGREEMENT = "tell_agreement"


@dataclass(frozen=True)
class OurConsent:
    """status: none, pending, granted or withdrawn. is_opposed: the address is not to be written to (STOP, complaint…).

    is_from_crm: the agreement was taken over from the CRM, whose later word about it counts whatever its date.
    """

    status: str = "none"
    granted_at: datetime | None = None
    is_opposed: bool = False
    is_from_crm: bool = False


@dataclass(frozen=True)
class TheirConsent:
    """status: unknown, granted or withdrawn. has_proof: it says what the guest read, and it is about the same address."""

    status: str = "unknown"
    updated_at: datetime | None = None
    has_proof: bool = False


def settle_consent(ours: OurConsent, theirs: TheirConsent) -> Ruling:
    """Decide for one channel: the most restrictive wins, and the other side is told.

    One exception, which is the guest's own: an agreement given to us after the refusal that the CRM holds.
    """
    if ours.is_opposed or ours.status == "withdrawn":
        return Ruling.NOTHING if theirs.status == "withdrawn" else Ruling.TELL_REFUSAL
    if theirs.status == "withdrawn":
        is_ours = ours.status == "granted" and not ours.is_from_crm
        if is_ours and ours.granted_at and theirs.updated_at and ours.granted_at > theirs.updated_at:
            return Ruling.TELL_AGREEMENT
        return Ruling.WITHDRAW
    if ours.status == "granted":
        return Ruling.NOTHING if theirs.status == "granted" else Ruling.TELL_AGREEMENT
    if ours.status == "none" and theirs.status == "granted" and theirs.has_proof:
        return Ruling.GRANT
    return Ruling.NOTHING
