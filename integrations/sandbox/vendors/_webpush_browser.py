"""A browser that reads pushes (RFC 8188, 8291), and a push service that knows a sender by its token (RFC 8292).

Written apart from the connector, so that each checks the other.
"""

import json
import os
import re
import time
from typing import Any

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integrations import vapid

AUTHORIZATION = re.compile(r"vapid\s+t=(?P<token>[\w-]+\.[\w-]+\.[\w-]+)\s*,\s*k=(?P<key>[\w-]+)=*", re.IGNORECASE)
LONGEST_TOKEN_SECONDS = 24 * 3600
# Salt 16, record size 4, length of the key 1, key 65.
HEADER_BYTES = 86


def new_browser() -> dict[str, str]:
    """Keys of a browser, its private one included: it is a browser of the sandbox."""
    private_key, public_key = vapid.new_keys()
    return {"private_key": private_key, "p256dh": public_key, "auth": vapid.encode(os.urandom(16))}


def opened(body: bytes, browser: dict[str, str]) -> dict[str, Any] | None:
    """What a push says, None when this browser cannot read it."""
    if len(body) <= HEADER_BYTES or body[20] != 65:
        return None
    salt, sender, sealed = body[:16], body[21:HEADER_BYTES], body[HEADER_BYTES:]
    private = vapid.load_private(browser["private_key"])
    try:
        public = ec.EllipticCurvePublicKey.from_encoded_point(vapid.CURVE, sender)
        context = b"WebPush: info\x00" + vapid.decode(browser["p256dh"]) + sender
        shared = private.exchange(ec.ECDH(), public)
        material = HKDF(SHA256(), 32, vapid.decode(browser["auth"]), context).derive(shared)
        key = HKDF(SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(material)
        nonce = HKDF(SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(material)
        text = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        said = json.loads(text.removesuffix(b"\x02"))
    except (InvalidTag, ValueError):
        return None
    return said if isinstance(said, dict) else None


def token_problem(authorization: str, origin: str) -> str:
    """Why a push service would not know the sender; "" when it does."""
    found = AUTHORIZATION.fullmatch(authorization.strip())
    if found is None:
        return "missing or malformed VAPID authorization"
    signed, _, signature = found["token"].rpartition(".")
    try:
        key = ec.EllipticCurvePublicKey.from_encoded_point(vapid.CURVE, vapid.decode(found["key"]))
        raw = vapid.decode(signature)
        numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        key.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(SHA256()))
        claims = json.loads(vapid.decode(signed.partition(".")[2]))
    except (InvalidSignature, ValueError):
        return "invalid JWT provided"
    if not isinstance(claims, dict) or claims.get("aud") != origin:
        return f"the aud claim must be {origin}"
    expires = claims.get("exp")
    if not isinstance(expires, int) or not 0 < expires - time.time() <= LONGEST_TOKEN_SECONDS:
        return "the exp claim must lie within a day"
    if not str(claims.get("sub", "")).startswith(("mailto:", "https://")):
        return "the sub claim must be an address"
    return ""
