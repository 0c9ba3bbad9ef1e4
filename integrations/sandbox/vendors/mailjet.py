"""Mailjet Send API v3.1: each message of a call is judged apart, and the good ones leave."""

import json
import secrets
import time
import uuid
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponse

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownMail
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._mailjet_rules import EVENTS, message_errors, one_error
from integrations.sandbox.vendors._reading import basic
from integrations.sandbox.vendors.base import (
    Call,
    MailVendor,
    Malformed,
    Refused,
    is_bad_token,
    is_web_address,
    json_answer,
    route,
)

MAX_MESSAGES, MAX_PAGE = 50, 1000
CALLBACKS = r"v3/REST/eventcallbackurl"


@registry.register
class Mailjet(MailVendor):
    slug, label = "mailjet", "Mailjet"
    shown_kind = "mail"

    @route("POST", r"v3\.1/send", creates=True)
    def send(self, call: Call) -> HttpResponse:
        body = call.json()
        if not isinstance(body, dict):
            raise Malformed("The JSON body must be an object.")
        messages = body.get("Messages")
        if not isinstance(messages, list) or not messages:
            code = "mj-0007" if messages == [] else "mj-0003"
            raise Refused(_refused(one_error(code, "At least one message must be provided.", "Messages")))
        if len(messages) > MAX_MESSAGES:
            raise Refused(_refused(one_error("mj-0008", f"At most {MAX_MESSAGES} messages per call.", "Messages")))
        common = body.get("Globals") if isinstance(body.get("Globals"), dict) else {}
        judged = [self._judge(message, common) for message in messages]
        taken = [record for record, _answer in judged if record is not None]
        if body.get("SandboxMode") is not True:
            VendorRecord.objects.bulk_create(taken, batch_size=200)
            self.tell_later(taken)
        status = 200 if len(taken) == len(messages) else max(answer["status"] for _record, answer in judged)
        return json_answer({"Messages": [answer["shown"] for _record, answer in judged]}, status)

    def _judge(self, message: Any, common: dict[str, Any]) -> tuple[VendorRecord | None, dict[str, Any]]:
        """The mail to keep, or none, and what is said of it."""
        whole = {**common, **message} if isinstance(message, dict) else {}
        if errors := message_errors(whole):
            return None, {"status": errors[0]["StatusCode"], "shown": {"Status": "error", "Errors": errors}}
        # Beyond what a float holds exactly, as the real ones are.
        number = str(1_152_921_500_000_000_000 + secrets.randbelow(10**15))
        record = VendorRecord(
            vendor=self.slug,
            kind="mail",
            external_id=number,
            account_id=whole["To"][0]["Email"].lower(),
            data=_final(whole),
        )
        sent = [
            {"Email": person["Email"], "MessageUUID": str(uuid.uuid4()), "MessageID": int(number), "MessageHref": ""}
            for person in whole["To"]
        ]
        shown = {"Status": "success", "CustomID": whole.get("CustomID") or "", "To": sent, "Cc": [], "Bcc": []}
        return record, {"status": 200, "shown": shown}

    @route("GET", r"v3/REST/message")
    def messages(self, call: Call) -> HttpResponse:
        found: QuerySet[VendorRecord] = self.records("mail")
        if custom_id := call.query.get("CustomID"):
            found = found.filter(data__custom_id=custom_id)
        limit = call.query.get("Limit", "10")
        rows = list(found[: min(int(limit), MAX_PAGE) if limit.isdecimal() and len(limit) < 6 else 10])
        shown = [
            {"ID": int(row.external_id), "Status": "sent", "ArrivedAt": row.created_at.isoformat(timespec="seconds")}
            for row in rows
        ]
        return json_answer({"Count": len(shown), "Data": shown, "Total": len(shown)})

    @route("GET", r"v3/REST/sender")
    def senders(self, call: Call) -> HttpResponse:
        return json_answer({"Count": 1, "Data": [{"ID": 1, "Email": "*", "Status": "Active"}], "Total": 1})

    # --- being told afterwards ----------------------------------------------------------------------------------------

    @route("GET", CALLBACKS)
    def callbacks(self, call: Call) -> HttpResponse:
        found = [_callback_json(record) for record in self.records("callback")[:MAX_PAGE]]
        return json_answer({"Count": len(found), "Data": found, "Total": len(found)})

    @route("POST", CALLBACKS)
    def add_callback(self, call: Call) -> HttpResponse:
        data = _callback_settings(call)
        if self.records("callback", data__EventType=data["EventType"]).exists():
            said = f"A callback for {data['EventType']} already exists."
            raise Refused(json_answer({"ErrorInfo": "", "ErrorMessage": said, "StatusCode": 400}, 400))
        record = self.add("callback", store.number(), "", data, is_public=False)
        return json_answer({"Count": 1, "Data": [_callback_json(record)], "Total": 1}, 201)

    @route("PUT", CALLBACKS + r"/(?P<number>\d{1,20})")
    def change_callback(self, call: Call, number: str) -> HttpResponse:
        record = self.find("callback", number)
        if record is None:
            raise Refused(self.no_route(call))
        record.data = _callback_settings(call)
        record.save(update_fields=["data", "updated_at"])
        return json_answer({"Count": 1, "Data": [_callback_json(record)], "Total": 1})

    def tell(self, records: list[VendorRecord], act: str, url: str = "") -> list[Callback]:
        kind, details = EVENTS[act]
        listener = self.records("callback", data__EventType=kind).first()
        if listener is None or not records:
            return []
        told = [_event(record, kind, details, url) for record in records]
        headers = {"Content-Type": "application/json"}
        if listener.data["Version"] == 2:
            return [Callback(listener.data["Url"], json.dumps(told).encode(), headers)]
        return [Callback(listener.data["Url"], json.dumps(one).encode(), headers) for one in told]

    def show(self, record: VendorRecord) -> ShownMail:
        data = record.data
        return ShownMail(
            record,
            sender=_person(data["from"]),
            recipient=", ".join(_person(person) for person in data["to"]),
            subject=data["subject"],
            text=data["text"],
            html=data["html"],
            headers=data["headers"],
            notes={"MessageID": record.external_id, "CustomID": data["custom_id"]},
        )

    # --- access -------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        user, password = basic(call)
        if is_bad_token(user) or is_bad_token(password):
            raise Refused(self.expired(call))

    def expired(self, call: Call) -> HttpResponse:
        said = "API key authentication/authorization failure. You may be unauthorized to access the API."
        return _refused(one_error("mj-0015", said, status=401))

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = HttpResponse("Too Many Requests", status=429, content_type="text/plain")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return _refused(one_error("mj-9999", "Service unavailable.", status=503))

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return _refused(one_error("mj-0002", reason))

    def too_large(self, call: Call) -> HttpResponse:
        return _refused(one_error("mj-0011", "The payload is too large.", status=413))

    def no_route(self, call: Call) -> HttpResponse:
        return json_answer({"ErrorInfo": "", "ErrorMessage": "Object not found", "StatusCode": 404}, 404)


def _final(whole: dict[str, Any]) -> dict[str, Any]:
    return store.clean(
        {
            "from": whole["From"],
            "to": whole["To"],
            "subject": whole.get("Subject") or "",
            "text": whole.get("TextPart") or "",
            "html": whole.get("HTMLPart") or "",
            "headers": whole.get("Headers", {}),
            "custom_id": whole.get("CustomID") or "",
            "tracking": {name: whole.get(name, "account_default") for name in ("TrackOpens", "TrackClicks")},
        }
    )


def _event(record: VendorRecord, kind: str, details: dict[str, Any], url: str) -> dict[str, Any]:
    return {
        "event": kind,
        "time": int(time.time()),
        "MessageID": int(record.external_id),
        "Message_GUID": str(uuid.uuid4()),
        "email": record.account_id,
        "mj_campaign_id": 7,
        "mj_contact_id": 42,
        "customcampaign": "",
        "CustomID": record.data["custom_id"],
        "Payload": "",
        **details,
        **({"url": url} if url else {}),
    }


def _callback_settings(call: Call) -> dict[str, Any]:
    body = call.json()
    if not isinstance(body, dict):
        raise Malformed("The JSON body must be an object.")
    kinds = {kind for kind, _details in EVENTS.values()}
    if str(body.get("EventType")) not in kinds or not is_web_address(body.get("Url")) or len(body["Url"]) > 500:
        said = "Invalid EventType or Url."
        raise Refused(json_answer({"ErrorInfo": "", "ErrorMessage": said, "StatusCode": 400}, 400))
    return {"EventType": body["EventType"], "Url": body["Url"], "Version": 2 if body.get("Version") == 2 else 1}


def _callback_json(record: VendorRecord) -> dict[str, Any]:
    return {"ID": int(record.external_id), "APIKeyID": 1, "IsBackup": False, "Status": "alive", **record.data}


def _refused(error: dict[str, Any]) -> HttpResponse:
    return json_answer(error, error["StatusCode"])


def _person(person: dict[str, str]) -> str:
    return f"{person['Name']} <{person['Email']}>" if person.get("Name") else person["Email"]
