"""What OVH says of an SMS after it left: the table of its `ptt` codes, and the address it calls (read 2026)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from notifications.connectors._webhooks import identity
from notifications.connectors.base import DeliveryEvent, EventKind, WebhookRefused, WebhookRequest

PARIS = ZoneInfo("Europe/Paris")
UNDER_WAY = {1, 2, 3}
Verdict = tuple[EventKind, bool, str]
# ptt: what it means, whether the number is lost to us, why (French, for staff).
REPORTS: dict[int, Verdict] = {
    1: (EventKind.DEFERRED, False, "remise retentée par OVH"),
    2: (EventKind.DEFERRED, False, "remise retentée par OVH"),
    3: (EventKind.DEFERRED, False, "accepté par l'opérateur"),
    4: (EventKind.DELIVERED, False, ""),
    5: (EventKind.FAILED, False, "non remis, sans détail"),
    6: (EventKind.FAILED, False, "non remis, raison inconnue"),
    8: (EventKind.BLOCKED, False, "message périmé avant d'être remis"),
    20: (EventKind.FAILED, False, "message impossible à remettre sous cette forme"),
    21: (EventKind.BLOCKED, False, "abonné sans crédit"),
    23: (EventKind.BOUNCED, True, "numéro faux, interdit ou sur liste noire"),
    24: (EventKind.BLOCKED, False, "abonné absent"),
    25: (EventKind.BLOCKED, False, "incident du réseau"),
    26: (EventKind.BLOCKED, False, "mémoire du téléphone pleine"),
    27: (EventKind.BOUNCED, True, "téléphone qui ne reçoit pas de SMS"),
    28: (EventKind.FAILED, False, "pris pour du spam"),
    29: (EventKind.FAILED, False, "contenu interdit"),
    33: (EventKind.FAILED, True, "contrôle parental"),
    39: (EventKind.BLOCKED, False, "incident de l'opérateur"),
    73: (EventKind.FAILED, False, "numéro porté injoignable"),
    74: (EventKind.BLOCKED, False, "abonné en itinérance"),
    76: (EventKind.FAILED, False, "numéro porté bloqué"),
    202: (EventKind.FAILED, False, "bloqué par l'opérateur"),
}
# The delivery report's own word, for a ptt that is not in the table: 0 created, 1 done, 2 failed, 4 waiting, 8 kept
# back, 16 in error and not billed.
DONE, LOST = 1, {2, 16}


def verdict(ptt: int, description: int | None = None) -> Verdict | None:
    """What a report means; None when it means nothing yet."""
    if ptt in REPORTS:
        return REPORTS[ptt]
    if description == DONE:
        return EventKind.DELIVERED, False, ""
    return (EventKind.FAILED, False, f"non remis (ptt {ptt})") if description in LOST else None


def parse(request: WebhookRequest) -> list[DeliveryEvent]:
    """One report, in the query of the address; the call for a STOP has no number of ours and tells nothing more."""
    number, ptt = _integer(request.query.get("id")), _integer(request.query.get("ptt"))
    if ptt is None:
        return []
    if number is None:
        raise WebhookRefused("Le retour d'OVH ne nomme aucun SMS.", code="malformed")
    found = verdict(ptt, _integer(request.query.get("description")))
    if found is None:
        return []
    kind, suppresses, reason = found
    return [
        DeliveryEvent(
            "",
            str(number),
            kind,
            moment(request.query.get("date"), request.received_at),
            identity(number, ptt),
            reason=reason,
            suppresses=suppresses,
            raw=_raw(request.query),
        )
    ]


def confirmed(event: DeliveryEvent, sms: dict[str, Any]) -> DeliveryEvent | None:
    """The fact as OVH itself tells it of one SMS, whatever the call said; None when it has nothing to tell yet."""
    ptt = _integer(sms.get("ptt"))
    found = verdict(ptt) if ptt is not None else None
    if found is None:
        return None
    kind, suppresses, reason = found
    return replace(
        event,
        kind=kind,
        suppresses=suppresses,
        reason=reason,
        occurred_at=moment(sms.get("deliveredAt"), event.occurred_at),
        event_id=identity(event.external_id, ptt),
        recipient=str(sms.get("receiver", ""))[:320],
        raw=sms,
    )


def moment(given: Any, default: datetime) -> datetime:
    """A date of OVH's: ISO 8601 in the API, « 2026-11-25 10:00:00 » in Paris time in its calls."""
    try:
        found = datetime.fromisoformat(str(given))
    except ValueError:
        return default
    return min(found if found.tzinfo else found.replace(tzinfo=PARIS), default)


def _integer(given: Any) -> int | None:
    text = str(given or "")
    return int(text) if text.isdecimal() and len(text) <= 20 else None


def _raw(query: Mapping[str, str]) -> dict[str, Any]:
    return {name: value[:200] for name, value in list(query.items())[:20]}
