"""Twilio Programmable Messaging: one SMS per call, read back by number and date."""

import re
import secrets
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownSms
from integrations.sandbox.store import clean
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._reading import basic
from integrations.sandbox.vendors._twilio_callbacks import StatusCallbacks
from integrations.sandbox.vendors.base import (
    Call,
    Refused,
    SmsVendor,
    is_bad_token,
    is_web_address,
    json_answer,
    route,
)

ACCOUNT = r"2010-04-01/Accounts/(?P<account>[^/]+)"
MAX_BODY, MAX_PAGE, DEFAULT_PAGE = 1600, 1000, 50
GSM = set(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_DOUBLE = set("^{}\\[~]|€\f")


@registry.register
class Twilio(StatusCallbacks, SmsVendor):
    slug, label = "twilio", "Twilio"
    shown_kind = "sms"

    @route("POST", ACCOUNT + r"/Messages\.json", creates=True)
    def send(self, call: Call, account: str) -> HttpResponse:
        given = clean(call.form().dict())
        number, text = given.get("To", "").strip(), given.get("Body", "")
        self._check(given, number, text)
        sid = f"SM{secrets.token_hex(16)}"
        service = given.get("MessagingServiceSid") or None
        data = {
            "account_sid": account,
            "from": given.get("From") or None,
            "service": service,
            "body": text,
            "segments": segments(text),
            "status": "accepted" if service else "queued",
            **self.callback_of(given, call),
        }
        record = self.add("sms", sid, number, data)
        self.tell_later([record])
        return json_answer(_message(record), 201)

    @route("GET", ACCOUNT + r"/Messages\.json")
    def listing(self, call: Call, account: str) -> HttpResponse:
        found = self._filtered(call, account)
        size = min(max(_integer(call.query.get("PageSize"), DEFAULT_PAGE), 1), MAX_PAGE)
        page = max(_integer(call.query.get("Page"), 0), 0)
        rows = list(found[page * size : (page + 1) * size + 1])
        path = f"/{call.path}"
        following = f"{path}?{urlencode({**call.query.dict(), 'Page': page + 1})}" if len(rows) > size else None
        return json_answer(
            {
                "messages": [_message(record, is_sent=True) for record in rows[:size]],
                "page": page,
                "page_size": size,
                "start": page * size,
                "end": page * size + max(len(rows[:size]) - 1, 0),
                "first_page_uri": f"{path}?{urlencode({**call.query.dict(), 'Page': 0})}",
                "next_page_uri": following,
                "uri": path,
            }
        )

    @route("GET", ACCOUNT + r"/Messages/(?P<sid>[A-Z]{2}[0-9a-f]{32})\.json")
    def read(self, call: Call, account: str, sid: str) -> HttpResponse:
        record = self.find("sms", sid)
        if record is None or record.data["account_sid"] != account:
            raise Refused(self.no_route(call))
        return json_answer(_message(record, is_sent=True))

    @route("GET", r"2010-04-01/Accounts/(?P<account>[^/]+)\.json")
    def account(self, call: Call, account: str) -> HttpResponse:
        answer = {"sid": account, "friendly_name": settings.RESTAURANT_NAME, "status": "active", "type": "Full"}
        return json_answer({**answer, "uri": f"/{call.path}"})

    # --- what the phone page shows, and what guests do there ----------------------------------------------------------

    def show(self, record: VendorRecord) -> ShownSms:
        data = record.data
        return ShownSms(record, data["from"] or data["service"] or "", data["body"], data["segments"])

    # --- access -------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        user, password = basic(call)
        account = re.match(r"2010-04-01/Accounts/(AC[0-9a-fA-F]{32})(?=[/.])", call.path)
        is_known = account is not None and (user == account[1] or re.fullmatch(r"SK[0-9a-fA-F]{32}", user))
        if not is_known or is_bad_token(password):
            raise Refused(self.expired(call))

    def expired(self, call: Call) -> HttpResponse:
        return _error(20003, "Authenticate", 401)

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _error(20429, "Too Many Requests", 429)
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _error(20503, "Service unavailable. Please try again later.", 503)

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _error(20001, reason, 400)

    def no_route(self, call: Call) -> HttpResponse:
        return _error(20404, f"The requested resource /{call.path} was not found", 404)

    def _check(self, given: dict[str, str], number: str, text: str) -> None:
        """Twilio's refusals, in its own order. A JSON body is read as an empty form, and refused as such."""
        if not number:
            raise Refused(_error(21604, "A 'To' phone number is required."))
        if not given.get("From") and not given.get("MessagingServiceSid"):
            raise Refused(_error(21603, "A 'From' phone number is required."))
        # Numbers ending in 0001 are what Twilio's own test numbers are: valid to look at, impossible to reach.
        if not re.fullmatch(r"\+[1-9]\d{6,14}", number) or number.endswith("0001"):
            raise Refused(_error(21211, f"Invalid 'To' Phone Number: {number}"))
        if given.get("From") and not _is_sender(given["From"]):
            raise Refused(_error(21212, f"The 'From' number {given['From']} is not a valid phone number or sender ID."))
        if not text and not given.get("MediaUrl") and not given.get("ContentSid"):
            raise Refused(_error(21602, "Message body is required."))
        if len(text) > MAX_BODY:
            raise Refused(_error(21617, f"The concatenated message body exceeds the {MAX_BODY} character limit"))
        if given.get("StatusCallback") and not is_web_address(given["StatusCallback"]):
            raise Refused(_error(21609, "The StatusCallback URL is not a valid URL."))
        if self.has_opted_out(number):
            raise Refused(_error(21610, "Attempt to send to unsubscribed recipient"))

    def _filtered(self, call: Call, account: str):
        found = self.records("sms", data__account_sid=account)
        if "To" in call.query:
            found = found.filter(account_id=call.query["To"])
        if "From" in call.query:
            found = found.filter(data__from=call.query["From"])
        for name, value in call.query.items():
            if not name.startswith("DateSent"):
                continue
            day = _midnight(value)
            if day is None:
                raise Refused(_error(20001, f"Parameter DateSent is not valid: {value}"))
            # `DateSent>` and `DateSent<` include the day they name.
            if name != "DateSent<":
                found = found.filter(created_at__gte=day)
            if name != "DateSent>":
                found = found.filter(created_at__lt=day + timedelta(days=1))
        return found


def segments(text: str) -> int:
    """How many SMS a text takes: GSM 03.38, or UCS-2 as soon as one sign is foreign to it."""
    if set(text) <= GSM | GSM_DOUBLE:
        length, single, part = len(text) + sum(sign in GSM_DOUBLE for sign in text), 160, 153
    else:
        length, single, part = len(text.encode("utf-16-le")) // 2, 70, 67
    return 1 if length <= single else -(-length // part)


def _message(record: VendorRecord, *, is_sent: bool = False) -> dict[str, Any]:
    data, created = record.data, format_datetime(record.created_at.astimezone(UTC))
    return {
        "sid": record.external_id,
        "account_sid": data["account_sid"],
        "messaging_service_sid": data["service"],
        "to": record.account_id,
        "from": data["from"],
        "body": data["body"],
        "status": "delivered" if is_sent else data["status"],
        "direction": "outbound-api",
        "num_segments": str(data["segments"]) if data["from"] or is_sent else "0",
        "num_media": "0",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "error_message": None,
        "api_version": "2010-04-01",
        "date_created": created,
        "date_updated": created,
        "date_sent": created if is_sent else None,
        "uri": f"/2010-04-01/Accounts/{data['account_sid']}/Messages/{record.external_id}.json",
    }


def _error(code: int, message: str, status: int = 400) -> HttpResponse:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return json_answer({"code": code, "message": message, "more_info": more, "status": status}, status)


def _is_sender(text: str) -> bool:
    """A number, a short code, or 1 to 11 letters, digits and spaces that are not digits only."""
    if re.fullmatch(r"\+[1-9]\d{6,14}|\d{3,8}", text):
        return True
    return re.fullmatch(r"[A-Za-z0-9 ]{1,11}", text) is not None and not text.isdigit()


def _integer(text: str | None, default: int) -> int:
    return int(text) if text and text.isdigit() and len(text) < 7 else default


def _midnight(text: str) -> datetime | None:
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        return None
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
