"""OAuth 1.0a signatures, as the mission's four keys of X want them."""

import base64
import hashlib
import hmac
import secrets
import time
from typing import Any
from urllib.parse import quote, urlsplit


def oauth1_header(
    method: str, url: str, params: dict[str, Any], keys: dict[str, str], *, nonce: str = "", timestamp: int = 0
) -> str:
    """Sign a request with OAuth 1.0a (HMAC-SHA1); JSON and multipart bodies are not part of the signature."""
    oauth = {
        "oauth_consumer_key": keys["api_key"],
        "oauth_nonce": nonce or secrets.token_hex(16),
        "oauth_signature_method": "HMAC-SHA1",
        "oauth_timestamp": str(timestamp or int(time.time())),
        "oauth_token": keys["access_token"],
        "oauth_version": "1.0",
    }
    pairs = sorted((_escape(name), _escape(value)) for name, value in {**params, **oauth}.items())
    parts = urlsplit(url)
    base_parts = [
        method,
        f"{parts.scheme}://{parts.netloc}{parts.path}",
        "&".join(f"{name}={value}" for name, value in pairs),
    ]
    base = "&".join(_escape(part) for part in base_parts)
    key = f"{_escape(keys['api_secret'])}&{_escape(keys['access_token_secret'])}"
    digest = hmac.new(key.encode(), base.encode(), hashlib.sha1).digest()
    oauth["oauth_signature"] = base64.b64encode(digest).decode()
    return "OAuth " + ", ".join(f'{name}="{_escape(value)}"' for name, value in sorted(oauth.items()))


def _escape(value: Any) -> str:
    return quote(str(value), safe="-._~")
