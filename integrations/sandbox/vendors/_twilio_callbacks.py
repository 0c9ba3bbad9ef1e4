"""Twilio's calls to us: what became of an SMS, and what its reader answers, each signed with the account's token."""

import base64
import hashlib
import hmac
import secrets
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from django.utils import timezone

from integrations.crypto import decrypt, encrypt
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._reading import basic
from integrations.sandbox.vendors.base import Call, MessageVendor

# The act of a page, as Twilio says it.
STATUSES = {
    "delivered": {"MessageStatus": "delivered"},
    "failed": {"MessageStatus": "undelivered", "ErrorCode": "30007"},
    "bounced": {"MessageStatus": "undelivered", "ErrorCode": "30005"},
    "blocked": {"MessageStatus": "undelivered", "ErrorCode": "30003"},
}


class StatusCallbacks(MessageVendor):
    """The part of Twilio that calls back."""

    @staticmethod
    def callback_of(given: dict[str, str], call: Call) -> dict[str, str]:
        """What must be kept to call back later: the address, and the token that signs, sealed."""
        user, password = basic(call)
        # An API key sends, but does not sign.
        if not given.get("StatusCallback") or not user.startswith("AC"):
            return {}
        return {"callback": given["StatusCallback"], "sealed_token": encrypt(password)}

    def tell(self, records: list[VendorRecord], act: str, url: str = "") -> list[Callback]:
        heard = [record for record in records if record.data.get("callback")]
        if act == "stop":
            return [_call(_answers_address(record), record, _answer(record, "STOP")) for record in heard[:1]]
        return [_call(record.data["callback"], record, _status(record, STATUSES[act])) for record in heard]


def _status(record: VendorRecord, said: dict[str, str]) -> dict[str, str]:
    form = {
        "AccountSid": record.data["account_sid"],
        "ApiVersion": "2010-04-01",
        "From": record.data["from"] or "",
        "To": record.account_id,
        "MessageSid": record.external_id,
        "SmsSid": record.external_id,
        "SmsStatus": said["MessageStatus"],
        "RawDlrDoneDate": f"{timezone.now():%y%m%d%H%M}",
        **said,
    }
    return form | ({"MessagingServiceSid": record.data["service"]} if record.data["service"] else {})


def _answer(record: VendorRecord, text: str) -> dict[str, str]:
    sid = f"SM{secrets.token_hex(16)}"
    return {
        "AccountSid": record.data["account_sid"],
        "ApiVersion": "2010-04-01",
        "MessageSid": sid,
        "SmsMessageSid": sid,
        "SmsSid": sid,
        "SmsStatus": "received",
        "From": record.account_id,
        "To": record.data["from"] or record.data["service"] or "",
        "Body": text,
        "NumMedia": "0",
        "NumSegments": "1",
    }


def _answers_address(record: VendorRecord) -> str:
    """Where answers go: set on the number at Twilio; here, the address of the reports without the message's own id."""
    parts = urlsplit(record.data["callback"])
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name != "vm_mid"]
    return urlunsplit(parts._replace(query=urlencode(kept)))


def _call(url: str, record: VendorRecord, form: dict[str, Any]) -> Callback:
    signed = url + "".join(f"{name}{form[name]}" for name in sorted(form))
    digest = hmac.new(decrypt(record.data["sealed_token"]).encode(), signed.encode(), hashlib.sha1).digest()
    headers = {
        "Content-Type": "application/x-www-form-urlencoded",
        "X-Twilio-Signature": base64.b64encode(digest).decode(),
    }
    return Callback(url, urlencode(form).encode(), headers)
