"""VAPID (RFC 8292): the pair of keys by which push services know who sends, and the base64url that all of it uses."""

import base64

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

CURVE = ec.SECP256R1()
SCALAR_BYTES = 32


def decode(text: str) -> bytes:
    """Base64url with or without its padding; raises ValueError."""
    return base64.b64decode(text.translate(str.maketrans("-_", "+/")) + "=" * (-len(text) % 4), validate=True)


def encode(data: bytes) -> str:
    """Base64url without padding, as everything around Web Push wants it."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def new_keys() -> tuple[str, str]:
    """A new private key and its public one. Browsers subscribe to the latter: changing it loses every subscription."""
    private = ec.generate_private_key(CURVE)
    scalar = private.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")
    return encode(scalar), encode(point(private.public_key()))


def public_of(private_key: str) -> str:
    """The public key that goes with a private one; raises ValueError when it is no key."""
    return encode(point(load_private(private_key).public_key()))


def load_private(private_key: str) -> ec.EllipticCurvePrivateKey:
    """The private key from its 32 bytes in base64url; raises ValueError when it is no key."""
    raw = decode(private_key.strip())
    if len(raw) != SCALAR_BYTES:
        raise ValueError(f"a private key has {SCALAR_BYTES} bytes")
    return ec.derive_private_key(int.from_bytes(raw, "big"), CURVE)


def point(public: ec.EllipticCurvePublicKey) -> bytes:
    """A public key as browsers write it: 65 bytes, uncompressed."""
    return public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
