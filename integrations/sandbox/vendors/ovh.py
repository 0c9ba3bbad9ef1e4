"""OVHcloud SMS: signed calls, jobs of one or several receivers, delivery reports in the query of an address.

An application's secret is, here, its key followed by `-secret`: that is how the sandbox can check signatures.
"""

import hashlib
import hmac
import time
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownSms
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors.base import (
    Call,
    Malformed,
    Refused,
    SmsVendor,
    is_bad_token,
    is_web_address,
    json_answer,
    route,
    shape_problem,
)
from integrations.sandbox.vendors.twilio import segments

SERVICE = r"sms/(?P<service>sms-[A-Za-z0-9-]{1,40})"
SUFFIX = "-secret"
CLOCK_SECONDS = 300
STOP_CLAUSE = "\nSTOP 36180"
MAX_CREDITS, MAX_LISTED = 1000, 500
SHAPE = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "minLength": 1, "maxLength": 1600},
        "receivers": {"type": "array", "minItems": 1, "maxItems": 500, "items": {"type": "string"}},
        "sender": {"type": "string", "pattern": r"^(?:[A-Za-z0-9]{1,11}|\+[1-9]\d{6,14})$"},
        "senderForResponse": {"type": "boolean"},
        "noStopClause": {"type": "boolean"},
        "tag": {"type": "string", "maxLength": 20},
        "charset": {"enum": ["UTF-8"]},
        "priority": {"enum": ["high", "medium", "low", "veryLow"]},
        "validityPeriod": {"type": "integer", "minimum": 1},
        "differedPeriod": {"type": "integer", "minimum": 0},
    },
}
# The act of a page: the operator's code, and the word of OVH's report.
REPORTS = {"delivered": (4, 1), "failed": (28, 2), "bounced": (23, 2), "blocked": (24, 2), "deferred": (2, 4)}


@registry.register
class Ovh(SmsVendor):
    slug, label = "ovh", "OVHcloud SMS"
    shown_kind = "sms"

    @route("GET", r"auth/time", is_open=True)
    def clock(self, call: Call) -> HttpResponse:
        return json_answer(int(time.time()))

    @route("GET", SERVICE)
    def account(self, call: Call, service: str) -> HttpResponse:
        used = self.records("sms", data__service=service).count()
        left = max(MAX_CREDITS - used, 0)
        shown = {"name": service, "description": settings.RESTAURANT_NAME, "status": "enable", "creditsLeft": left}
        return json_answer({**shown, **self._settings(service)})

    @route("PUT", SERVICE)
    def change_account(self, call: Call, service: str) -> HttpResponse:
        body = _object(call)
        changed = {name: body[name] for name in ("callBack", "stopCallBack") if name in body}
        if not all(value == "" or (is_web_address(value) and len(value) <= 500) for value in changed.values()):
            raise Refused(_error(400, "Invalid callBack URL"))
        record = self.find("account", service) or self.add("account", service, service, {}, is_public=False)
        record.data = {**record.data, **changed}
        record.save(update_fields=["data", "updated_at"])
        return json_answer(None)

    @route("POST", SERVICE + r"/jobs", creates=True)
    def send(self, call: Call, service: str) -> HttpResponse:
        body = _object(call)
        if found := shape_problem(body, SHAPE):
            place, said = found
            raise Refused(_error(400, f"[{'.'.join(map(str, place)) or 'body'}] {said}"))
        if not body.get("sender") and not body.get("senderForResponse"):
            raise Refused(_error(400, "Either sender or senderForResponse must be provided"))
        if not body.get("sender") and "://" in body["message"]:
            raise Refused(_error(400, "cannot send contact information with shortcode"))
        receivers = body.get("receivers") or []
        valid = [number for number in receivers if self._takes(number)]
        sent = [self._keep(service, number, body) for number in valid]
        self.tell_later(sent)
        cost = sum(record.data["segments"] for record in sent)
        report = {
            "totalCreditsRemoved": cost,
            "creditsLeft": MAX_CREDITS - self.records("sms", data__service=service).count(),
            "ids": [int(record.external_id) for record in sent],
            "validReceivers": valid,
            "invalidReceivers": [number for number in receivers if number not in valid],
            "tag": body.get("tag"),
        }
        return json_answer(report)

    @route("GET", SERVICE + r"/jobs")
    def waiting(self, call: Call, service: str) -> HttpResponse:
        """Nothing waits here: what is taken leaves at once."""
        return json_answer([])

    @route("GET", SERVICE + r"/outgoing")
    def outgoing(self, call: Call, service: str) -> HttpResponse:
        found = self.records("sms", data__service=service)
        if "tag" in call.query:
            found = found.filter(data__tag=call.query["tag"])
        if "receiver" in call.query:
            found = found.filter(account_id=call.query["receiver"])
        return json_answer([int(number) for number in found.values_list("external_id", flat=True)[:MAX_LISTED]])

    @route("GET", SERVICE + r"/outgoing/(?P<number>\d{1,20})")
    def one(self, call: Call, service: str, number: str) -> HttpResponse:
        record = self.find("sms", number)
        if record is None or record.data["service"] != service:
            raise Refused(_error(404, f"The requested object (id = {number}) does not exist"))
        return json_answer(_outgoing(record))

    @route("GET", SERVICE + r"/blacklists")
    def blacklists(self, call: Call, service: str) -> HttpResponse:
        return json_answer(list(self.records("stop").values_list("external_id", flat=True)[:MAX_LISTED]))

    @route("DELETE", SERVICE + r"/blacklists/(?P<number>\+\d{7,15})")
    def forgive(self, call: Call, service: str, number: str) -> HttpResponse:
        if not self.has_opted_out(number):
            raise Refused(_error(404, "The requested object does not exist"))
        self.opt_in(number)
        return json_answer(None)

    # --- being told afterwards, and what the phone shows --------------------------------------------------------------

    def tell(self, records: list[VendorRecord], act: str, url: str = "") -> list[Callback]:
        calls = []
        for record in records:
            asked = self._settings(record.data["service"])
            if act == "stop":
                # Its parameters are not documented: it says that somebody is new on the black list.
                calls += [_get(asked["stopCallBack"], {})] if asked["stopCallBack"] else []
                continue
            ptt, description = REPORTS[act]
            if record.data["ptt"] != ptt:
                record.data = {**record.data, "ptt": ptt}
                record.save(update_fields=["data", "updated_at"])
            said = {
                "id": record.external_id,
                "ptt": ptt,
                "date": f"{timezone.localtime():%Y-%m-%d %H:%M:%S}",
                "description": description,
                "descriptionDlr": "delivered" if ptt == 4 else "not delivered",
            }
            calls += [_get(asked["callBack"], said)] if asked["callBack"] else []
        return calls

    def show(self, record: VendorRecord) -> ShownSms:
        data = record.data
        return ShownSms(record, data["sender"], data["shown"], data["segments"])

    def _settings(self, service: str) -> dict[str, str]:
        record = self.find("account", service)
        return {"callBack": "", "stopCallBack": "", **(record.data if record else {})}

    def _takes(self, number: str) -> bool:
        is_number = number.startswith("+") and number[1:].isdecimal() and 8 <= len(number) <= 16
        # As with the other services, numbers ending in 0001 cannot be reached.
        return is_number and not number.endswith("0001") and not self.has_opted_out(number)

    def _keep(self, service: str, number: str, body: dict[str, Any]) -> VendorRecord:
        shown = body["message"] + ("" if body.get("noStopClause") else STOP_CLAUSE)
        data = {
            "service": service,
            "sender": body.get("sender") or "38000",
            "message": body["message"],
            "shown": shown,
            "tag": body.get("tag") or "",
            "segments": segments(shown),
            "ptt": 4,
        }
        return self.add("sms", store.number(), number, data)

    # --- access -------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        headers = call.request.headers
        key, consumer, moment = (headers.get(f"X-Ovh-{name}", "") for name in ("Application", "Consumer", "Timestamp"))
        if is_bad_token(key):
            raise Refused(_error(403, "This application key is invalid", "INVALID_KEY"))
        if is_bad_token(consumer):
            raise Refused(self.expired(call))
        if not moment.isdecimal() or abs(time.time() - int(moment[:12])) > CLOCK_SECONDS:
            raise Refused(_error(400, "Query out of time", "QUERY_TIME_OUT"))
        url, body = call.request.build_absolute_uri(), call.body.decode("utf-8", "replace")
        parts = (key + SUFFIX, consumer, call.request.method or "", url, body, moment)
        expected = "$1$" + hashlib.sha1("+".join(parts).encode(), usedforsecurity=False).hexdigest()
        if not hmac.compare_digest(expected.encode(), headers.get("X-Ovh-Signature", "").encode()):
            raise Refused(_error(400, "Invalid signature", "INVALID_SIGNATURE"))

    def expired(self, call: Call) -> HttpResponse:
        return _error(403, "This credential is not valid", "NOT_CREDENTIAL")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = _error(429, "Too many requests")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _error(503, "Service temporarily unavailable")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _error(400, reason)

    def no_route(self, call: Call) -> HttpResponse:
        return _error(404, "Got an invalid (or empty) URL")


def _object(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise Malformed("Invalid JSON received")
    return body


def _outgoing(record: VendorRecord) -> dict[str, Any]:
    data, created = record.data, record.created_at.isoformat(timespec="seconds")
    return {
        "id": int(record.external_id),
        "receiver": record.account_id,
        "sender": data["sender"],
        "message": data["message"],
        "tag": data["tag"],
        "ptt": data["ptt"],
        "deliveryReceipt": 1 if data["ptt"] == 4 else 2,
        "creationDatetime": created,
        "sentAt": created,
        "deliveredAt": created if data["ptt"] == 4 else None,
        "numberOfSms": data["segments"],
        "credits": data["segments"],
    }


def _get(url: str, query: dict[str, Any]) -> Callback:
    return Callback(f"{url}{'&' if '?' in url else '?'}{urlencode(query)}" if query else url, method="GET")


def _error(status: int, message: str, code: str = "") -> HttpResponse:
    named = {"errorCode": code} if code else {"class": "Client::Error"}
    return json_answer({**named, "message": message, "httpCode": str(status)}, status)
