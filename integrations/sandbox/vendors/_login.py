"""How a played vendor asks a person whether we may speak for them, and gives tokens for a code good once."""

import base64
import hashlib
import secrets
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.http import HttpResponse
from django.shortcuts import render

from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors.base import Call, Refused, Vendor

CODE, REVOKED = "code", "revoked"


def agree_page(vendor: Vendor, call: Call, wants: list[str]) -> HttpResponse:
    """The vendor's page: who asks, for what, yes or no. Only this very house may be sent back to."""
    query = call.query
    back = query.get("redirect_uri", "")
    if urlsplit(back).netloc != call.request.get_host():
        return HttpResponse("Adresse de retour inconnue.", status=400, content_type="text/plain; charset=utf-8")
    code = secrets.token_urlsafe(24)
    asked = {
        "redirect_uri": back,
        "client_id": query.get("client_id", ""),
        "challenge": query.get("code_challenge", ""),
    }
    vendor.add(CODE, code, asked["client_id"], asked, is_public=False)
    state = query.get("state", "")
    context = {
        "vendor": vendor,
        "wants": wants,
        "accept": f"{back}?{urlencode({'code': code, 'state': state})}",
        "refuse": f"{back}?{urlencode({'error': 'access_denied', 'state': state})}",
    }
    return render(call.request, "sandbox/agree.html", context)


def spend(vendor: Vendor, given: Any, refused: HttpResponse) -> VendorRecord:
    """Take a code back for a token: once, for the same client and address, with PKCE's proof where it was asked."""
    record = vendor.find(CODE, str(given.get("code", "")))
    asked = record.data if record else {}
    proof = base64.urlsafe_b64encode(hashlib.sha256(str(given.get("code_verifier", "")).encode()).digest())
    if (
        record is None
        or asked["redirect_uri"] != given.get("redirect_uri")
        or asked["client_id"] != given.get("client_id")
        or (asked["challenge"] and asked["challenge"] != proof.rstrip(b"=").decode())
    ):
        raise Refused(refused)
    record.delete()
    return record


def give_back(vendor: Vendor, token: str) -> None:
    """Remember that a token was given back; one that nobody knows is given back all the same, as vendors do."""
    mark = mark_of(token)
    if vendor.find(REVOKED, mark) is None:
        vendor.add(REVOKED, mark, "", {}, is_public=False)


def mark_of(token: str) -> str:
    """How a token is remembered: not as it is."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_token(kind: str) -> str:
    return f"demo-{kind}-{secrets.token_urlsafe(16)}"
