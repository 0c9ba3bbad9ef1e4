"""Short-lived accesses shared by the workers, sealed like every secret: asking for a new one each time is rationed."""

import hashlib
import json
from typing import Any

from django.core.cache import cache

from integrations import crypto


def recall(slug: str, owner: str) -> dict[str, Any]:
    """What was remembered for this owner, {} when nothing is, or when the keys changed since."""
    sealed = cache.get(_entry(slug, owner))
    if not sealed:
        return {}
    try:
        return json.loads(crypto.decrypt(sealed))
    except crypto.DecryptionError:
        return {}


def remember(slug: str, owner: str, access: dict[str, Any], seconds: int) -> None:
    """Keep an access for a while."""
    cache.set(_entry(slug, owner), crypto.encrypt(json.dumps(access)), seconds)


def forget(slug: str, owner: str) -> None:
    """Drop an access that the vendor no longer takes."""
    cache.delete(_entry(slug, owner))


def _entry(slug: str, owner: str) -> str:
    return f"social:access:{slug}:{hashlib.sha256(owner.encode()).hexdigest()}"
