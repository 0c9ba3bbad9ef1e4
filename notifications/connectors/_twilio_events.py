"""What Twilio tells of an SMS (status callbacks) and what a guest answers it (read 2026-04); both signed alike."""

import base64
import hashlib
import hmac
import re
import unicodedata
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from integrations.errors import CommunicationError, InvalidRecipient, RecipientSuppressed, TransientError
from notifications.connectors._webhooks import REASON, identity
from notifications.connectors.base import DeliveryEvent, EventKind, WebhookRefused, WebhookRequest

SIGNATURE, SETTINGS = "X-Twilio-Signature", "X-Twilio-Webhooks-Signature-Settings"
# The name under which our own id travels in the address that Twilio calls.
OUR_ID = "vm_mid"
DELIVERED, NOT_DELIVERED = {"delivered", "read"}, {"undelivered", "failed", "canceled"}
# Twilio's own words, and the beginnings of the French ones that guests write to whoever sends them an SMS.
STOP_WORDS = {"stop", "stopall", "unsubscribe", "end", "quit", "cancel", "revoke", "optout"}
STOP_BEGINNINGS = ("arret", "desabo", "desinscri")
PORTS = {"http": 80, "https": 443}
Pairs = list[tuple[str, str]]


def verify(request: WebhookRequest, token: str) -> None:
    """Raise WebhookRefused unless Twilio signed this address and all its parameters with our token."""
    if not token:
        raise WebhookRefused("Le jeton d'authentification de Twilio n'est pas configuré.", code="unset")
    given = request.header(SIGNATURE).encode("ascii", "replace")
    digest = hashlib.sha256 if "HMAC_SHA256" in request.header(SETTINGS) else hashlib.sha1
    signed = _signed_parameters(request)
    fits = [
        hmac.compare_digest(base64.b64encode(hmac.new(token.encode(), (url + signed).encode(), digest).digest()), given)
        for url in _spellings(request.url)
    ]
    if not any(fits):
        raise WebhookRefused("La signature du retour n'est pas celle de Twilio.", code="signature")


def _signed_parameters(request: WebhookRequest) -> str:
    """Every distinct name and value of the form, sorted; of a JSON body, the address holds the print instead."""
    if print_given := request.query.get("bodySHA256"):
        found = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(found.encode(), print_given.encode("utf-8", "replace")):
            raise WebhookRefused("Le contenu du retour n'est pas celui que Twilio a signé.", code="signature")
        return ""
    return "".join(name + value for name, value in sorted(set(_form(request))))


def _spellings(url: str) -> list[str]:
    """The address with and without the port that its scheme implies: Twilio has signed both."""
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        return [url]
    usual = PORTS.get(parts.scheme)
    if port is not None and port != usual:
        return [url]
    host = parts.netloc.removesuffix(f":{usual}")
    return [urlunsplit(parts._replace(netloc=netloc)) for netloc in (host, f"{host}:{usual}")]


def _form(request: WebhookRequest) -> Pairs:
    try:
        return parse_qsl(request.body.decode(), keep_blank_values=True, max_num_fields=200)
    except ValueError:
        raise WebhookRefused("Le retour de Twilio n'est pas un formulaire lisible.", code="malformed") from None


def parse(request: WebhookRequest, classes: dict[int, type[CommunicationError]]) -> list[DeliveryEvent]:
    """classes: the connector's table of error codes, which delivery reports use too."""
    form = {name: value.replace("\0", "") for name, value in _form(request)}
    sid = form.get("MessageSid") or form.get("SmsSid") or ""
    if not sid:
        raise WebhookRefused("Le retour de Twilio ne nomme aucun message.", code="malformed")
    if "MessageStatus" not in form and "Body" in form:
        return _answer(form, sid[:200], request)
    return _status(form, sid[:200], request, classes)


def _answer(form: dict[str, str], sid: str, request: WebhookRequest) -> list[DeliveryEvent]:
    """A guest's answer: only a wish to be left alone matters here."""
    word = _first_word(form["Body"])
    is_stop = word in STOP_WORDS or word.startswith(STOP_BEGINNINGS)
    if form.get("OptOutType", "").upper() != "STOP" and not is_stop:
        return []
    return [
        DeliveryEvent(
            "",
            "",
            EventKind.UNSUBSCRIBED,
            request.received_at,
            identity("in", sid),
            reason="STOP",
            suppresses=True,
            recipient=form.get("From", "")[:320],
            raw=dict(form),
        )
    ]


def _first_word(answer: str) -> str:
    """In lower case, without accents nor signs: « Arrêt ! » is arret."""
    letters = unicodedata.normalize("NFKD", answer.casefold())
    words = re.findall(r"[a-z]+", "".join(sign for sign in letters if not unicodedata.combining(sign)))
    return words[0] if words else ""


def _status(
    form: dict[str, str], sid: str, request: WebhookRequest, classes: dict[int, type[CommunicationError]]
) -> list[DeliveryEvent]:
    status = form.get("MessageStatus", "").lower()
    if status in DELIVERED:
        kind, suppresses = EventKind.DELIVERED, False
    elif status in NOT_DELIVERED:
        kind, suppresses = _refusal(form.get("ErrorCode", ""), classes)
    else:
        return []
    code = form.get("ErrorCode", "")
    return [
        DeliveryEvent(
            request.query.get(OUR_ID, "")[:64],
            sid,
            kind,
            _done_at(form.get("RawDlrDoneDate", ""), request.received_at),
            identity(sid, status),
            reason=" ".join(filter(None, (status if kind is not EventKind.DELIVERED else "", code)))[:REASON],
            suppresses=suppresses,
            recipient=form.get("To", "")[:320],
            raw=dict(form),
        )
    ]


def _refusal(code: str, classes: dict[int, type[CommunicationError]]) -> tuple[EventKind, bool]:
    error = classes.get(int(code)) if code.isdecimal() and len(code) < 8 else None
    if error is None:
        return EventKind.FAILED, False
    if issubclass(error, InvalidRecipient):
        return EventKind.BOUNCED, True
    if issubclass(error, RecipientSuppressed):
        return EventKind.FAILED, True
    return (EventKind.BLOCKED if issubclass(error, TransientError) else EventKind.FAILED), False


def _done_at(raw: str, default: datetime) -> datetime:
    """When the operator's report says it was done (yymmddHHMM, UTC); the moment of the call when it says nothing."""
    try:
        found = datetime.strptime(raw, "%y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return default
    return min(found, default)
