"""The two ciphers of Web Push: the body only the browser can read (RFC 8188, 8291), the token of who sends (RFC 8292).

Built on `cryptography` alone, checked against the example of RFC 8291.
"""

import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from integrations.vapid import CURVE, SCALAR_BYTES, encode, load_private, point

# One record holds it all: salt 16, record size 4, key length 1, key 65, then the text, its end mark 1 and tag 16.
RECORD_BYTES, SALT_BYTES, END = 4096, 16, b"\x02"
OVERHEAD_BYTES = 103
MAX_TEXT_BYTES = RECORD_BYTES - OVERHEAD_BYTES


@dataclass(frozen=True)
class Keys:
    """What a browser gives so that only it can read: its public point (65 bytes) and a shared secret (16)."""

    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)


def encrypt(
    text: bytes, keys: Keys, *, private: ec.EllipticCurvePrivateKey | None = None, salt: bytes | None = None
) -> bytes:
    """The body of a push; `private` and `salt` are fresh each time, given only to compare with a known example.

    Raises ValueError when the browser's keys are no keys.
    """
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, keys.p256dh)
    private, salt = private or ec.generate_private_key(CURVE), salt or os.urandom(SALT_BYTES)
    ours = point(private.public_key())
    secret = private.exchange(ec.ECDH(), theirs)
    shared = _derive(secret, keys.auth, b"WebPush: info\0" + keys.p256dh + ours, 32)
    key = _derive(shared, salt, b"Content-Encoding: aes128gcm\0", 16)
    nonce = _derive(shared, salt, b"Content-Encoding: nonce\0", 12)
    header = salt + RECORD_BYTES.to_bytes(4, "big") + bytes([len(ours)]) + ours
    return header + AESGCM(key).encrypt(nonce, text + END, None)


def vapid_token(private_key: str, claims: dict[str, Any]) -> str:
    """The ES256 JSON Web Token by which a push service knows us; raises ValueError when the key is no key."""
    signed = ".".join(
        encode(json.dumps(part, separators=(",", ":")).encode()) for part in ({"typ": "JWT", "alg": "ES256"}, claims)
    )
    first, second = decode_dss_signature(load_private(private_key).sign(signed.encode(), ec.ECDSA(SHA256())))
    return f"{signed}.{encode(first.to_bytes(SCALAR_BYTES, 'big') + second.to_bytes(SCALAR_BYTES, 'big'))}"


def _derive(secret: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length=length, salt=salt, info=info).derive(secret)
