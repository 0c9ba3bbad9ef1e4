"""Authenticated encryption at rest, with key ids so that keys can be changed, and blind indexes to look values up."""

import base64
import binascii
import hashlib
import hmac
import os
import re
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from integrations.errors import PermanentError

VERSION = "v1"
KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16
_KEY_ID = re.compile(r"[A-Za-z0-9._-]{1,32}")
_TOKEN = re.compile(rf"{VERSION}:({_KEY_ID.pattern}):([A-Za-z0-9_-]{{38,}}={{0,2}})")
MAKE_KEY = "python manage.py generate_key"


class DecryptionError(PermanentError):
    """A stored value cannot be read with the keys at hand; the message says which key is missing."""


def parse_key(entry: str) -> tuple[str, bytes]:
    """Split "key_id:base64-32-bytes"; raises ValueError (French, without the key) when the form is wrong."""
    key_id, separator, encoded = entry.strip().partition(":")
    if not separator or not _KEY_ID.fullmatch(key_id):
        raise ValueError(
            "la forme attendue est « identifiant:clé », l'identifiant fait de 1 à 32 lettres sans accent, "
            "chiffres, points ou tirets"
        )
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except binascii.Error:
        raise ValueError(f"la clé « {key_id} » n'est pas du base64 valide") from None
    if len(key) != KEY_BYTES:
        raise ValueError(f"la clé « {key_id} » fait {len(key)} octets au lieu de {KEY_BYTES}")
    return key_id, key


def current_key_id() -> str:
    """Id of the key that encrypts from now on: the first of ENCRYPTION_KEYS."""
    return next(iter(_keyring()))


def key_ids() -> list[str]:
    """Ids of all keys at hand, the current one first."""
    return list(_keyring())


def encrypt(text: str) -> str:
    """Return "v1:<key id>:<base64>"; the version and the key id are authenticated, so they cannot be swapped."""
    key_id = current_key_id()
    nonce = os.urandom(_NONCE_BYTES)
    # surrogatepass: half an emoji cut by a vendor is still a text that must come back as it was.
    sealed = _keyring()[key_id].encrypt(nonce, text.encode("utf-8", "surrogatepass"), _header(key_id))
    return f"{VERSION}:{key_id}:{base64.urlsafe_b64encode(nonce + sealed).decode()}"


def decrypt(value: str) -> str:
    """Return what `encrypt` was given; raises DecryptionError."""
    match = _TOKEN.fullmatch(value)
    if not match:
        raise DecryptionError(
            "Une valeur chiffrée de la base n'a pas la forme attendue : elle a été tronquée ou modifiée.",
            code="malformed_ciphertext",
            action="Restaurer cette valeur depuis une sauvegarde, ou la saisir à nouveau.",
        )
    key_id, encoded = match.groups()
    cipher = _keyring().get(key_id)
    if cipher is None:
        raise DecryptionError(
            f"Une valeur de la base est chiffrée avec la clé « {key_id} », absente de ENCRYPTION_KEYS "
            f"(clés connues : {', '.join(key_ids())}).",
            code="missing_key",
            action=f"Ajouter « {key_id}:… » à la fin de ENCRYPTION_KEYS, telle qu'elle était, puis redémarrer.",
        )
    try:
        blob = base64.b64decode(encoded, altchars=b"-_", validate=True)
        return cipher.decrypt(blob[:_NONCE_BYTES], blob[_NONCE_BYTES:], _header(key_id)).decode(
            "utf-8", "surrogatepass"
        )
    except (InvalidTag, binascii.Error):
        raise DecryptionError(
            f"Une valeur de la base ne s'ouvre pas avec la clé « {key_id} » de ENCRYPTION_KEYS : "
            "la clé a changé sous le même identifiant, ou la valeur a été modifiée.",
            code="wrong_key",
            action=f"Remettre dans ENCRYPTION_KEYS la clé « {key_id} » d'origine ; une nouvelle clé prend un autre nom.",
        ) from None


def is_encrypted(value: str) -> bool:
    """Tell whether `value` has the form that `encrypt` gives."""
    return bool(_TOKEN.fullmatch(value))


def key_id_of(value: str) -> str:
    """Id of the key that sealed `value`, "" when it is not encrypted."""
    match = _TOKEN.fullmatch(value)
    return match.group(1) if match else ""


def needs_rotation(value: str) -> bool:
    """Tell whether `value` was sealed by another key than the current one."""
    return is_encrypted(value) and key_id_of(value) != current_key_id()


def blind_index(value: str, purpose: str) -> str:
    """Return a keyed fingerprint (64 hex digits) to find or compare `value` without storing it in clear.

    The caller normalises first (strip, casefold, E.164). Two purposes give unrelated fingerprints of one value.
    """
    key = _index_key(settings.BLIND_INDEX_KEY, purpose)
    return hmac.new(key, value.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()


def _header(key_id: str) -> bytes:
    return f"{VERSION}:{key_id}".encode()


def _keyring() -> dict[str, AESGCM]:
    return _open_keyring(tuple(settings.ENCRYPTION_KEYS))


@lru_cache(maxsize=8)
def _open_keyring(entries: tuple[str, ...]) -> dict[str, AESGCM]:
    if not entries:
        raise ImproperlyConfigured(f"ENCRYPTION_KEYS est vide : créer une clé avec « {MAKE_KEY} ».")
    ring: dict[str, AESGCM] = {}
    for entry in entries:
        try:
            key_id, key = parse_key(entry)
        except ValueError as error:
            raise ImproperlyConfigured(f"ENCRYPTION_KEYS : {error}. Créer une clé avec « {MAKE_KEY} ».") from None
        if key_id in ring:
            raise ImproperlyConfigured(f"ENCRYPTION_KEYS : l'identifiant « {key_id} » figure deux fois.")
        ring[key_id] = AESGCM(key)
    return ring


@lru_cache(maxsize=64)
def _index_key(master: str, purpose: str) -> bytes:
    if not master:
        raise ImproperlyConfigured(f"BLIND_INDEX_KEY est vide : la créer avec « {MAKE_KEY} --blind-index ».")
    hkdf = HKDF(algorithm=SHA256(), length=32, salt=None, info=f"blind-index:{purpose}".encode())
    return hkdf.derive(master.encode())
