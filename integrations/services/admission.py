"""Who may tell us of an event, and what an event must look like: asked before anything is stored."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import jsonschema
from django.conf import settings
from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware

from integrations import strict_json
from integrations.event_contracts import INBOUND, fault_of, path_of
from integrations.services.doors import Proof, current_rules, is_allowed_address, opens

LONGEST_ID = 128
ENVELOPE = {
    "type": "object",
    "required": ["event", "source", "timestamp", "payload"],
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "minLength": 1, "maxLength": LONGEST_ID},
        "event": {"type": "string", "pattern": "^[a-z][a-z0-9_.]{1,79}$"},
        "source": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{1,39}$"},
        "timestamp": {"type": "string"},
        "payload": {"type": "object"},
    },
}


@dataclass(frozen=True)
class Refused(Exception):
    """A delivery that is not taken: HTTP status, the field at fault, and what would be right (French)."""

    status: int
    message: str
    field: str = ""
    # Under which it is counted in the journal of refused calls.
    reason: str = "shape"


def admitted(body: bytes, proof: Proof, address: str) -> dict[str, Any]:
    """The envelope of a call that may come in. Raises Refused."""
    rules = current_rules()
    if not rules.secrets:
        raise Refused(503, "Aucun secret de webhook n'est configuré ici : renseignez WEBHOOK_SECRET.", reason="unset")
    if not is_allowed_address(rules, address):
        raise Refused(403, "Cette adresse IP n'est pas admise (WEBHOOK_ALLOWED_NETWORKS).", reason="address")
    if not opens(rules, proof, body):
        told = (
            "Signature fausse, ou trop vieille de plus de cinq minutes."
            if proof.is_signed
            else "Secret absent ou faux : envoyez-le dans l'en-tête X-Webhook-Secret, ou signez selon Standard Webhooks."
        )
        raise Refused(401, told, reason="signature" if proof.is_signed else "secret")
    if len(body) > settings.WEBHOOK_MAX_BYTES:
        raise Refused(
            413, f"Contenu de {len(body)} octets : {settings.WEBHOOK_MAX_BYTES} au plus.", reason="size"
        )  # fmt: skip
    data = _envelope(body)
    if data["source"] not in rules.sources:
        allowed = ", ".join(rules.sources)
        raise Refused(
            403, f"Source « {data['source']} » non autorisée. Sources admises : {allowed}.", "source", "source"
        )
    instant(data["timestamp"])
    _check_contract(data)
    return data


def _check_contract(data: dict[str, Any]) -> None:
    contract = INBOUND.get(data["event"])
    fault = fault_of(contract, data["payload"]) if contract else None
    if fault is not None:
        raise Refused(
            422,
            f"{_in_french(fault)} Le contrat de « {data['event']} » est dans GET /api/communication/events.",
            path_of(fault),
            "contract",
        )


def _envelope(body: bytes) -> dict[str, Any]:
    try:
        data = strict_json.loads(body)
    except strict_json.JsonFault as unreadable:
        raise Refused(400, f"JSON illisible : {unreadable}.", unreadable.path) from None
    fault = next(iter(sorted(jsonschema.Draft202012Validator(ENVELOPE).iter_errors(data), key=str)), None)
    if fault is not None:
        field = ".".join(str(part) for part in fault.absolute_path)
        expected = "Attendu : {event, source, timestamp, payload}, et « id » si vous en avez un."
        raise Refused(422, f"{_in_french(fault)} {expected}", field)
    return data


def instant(text: str) -> datetime:
    """In UTC, so that a date whose offset leads out of the calendar is met here rather than by the database."""
    try:
        moment = parse_datetime(text)
        moment = moment.astimezone(UTC) if moment and is_aware(moment) else None
    except (ValueError, OverflowError):
        moment = None
    if moment is None:
        raise Refused(422, "Date ISO 8601 avec fuseau attendue, comme 2026-12-01T18:30:00Z.", "timestamp")
    return moment


def _in_french(fault: jsonschema.ValidationError) -> str:
    if fault.validator == "required":
        return f"Champ obligatoire absent : {fault.message.split(chr(39))[1]}."
    if fault.validator == "additionalProperties":
        return f"Champ inconnu : {fault.message.split(chr(39))[1]}."
    if fault.validator == "type":
        return f"Type inattendu : « {fault.validator_value} » était attendu."
    return f"Valeur refusée par la règle « {fault.validator} » ({fault.validator_value})."
