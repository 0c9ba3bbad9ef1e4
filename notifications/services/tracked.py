"""Law 8: what makes an e-mail measurable, put only in those of guests who agreed to it.

A link of ours carries the address it leads to under our signature: it can neither be forged nor lead elsewhere, and no
row is needed for it. The same message rendered again is the same text.
"""

import base64
import html
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import reverse

from integrations.signing import sign

SALT_LINK, SALT_PIXEL = "notifications.link", "notifications.pixel"
_HREF = re.compile(r"""(<a\b[^>]*?\bhref=)(["'])(https?://[^"']+)\2""", re.IGNORECASE)
# As a token may be written, and no path of ours holds it.
_MARK = "-token-"
_BODY_END = re.compile(r"</body\s*>", re.IGNORECASE)


@dataclass(frozen=True)
class Followed:
    """What a followed link says: whose message, and where it leads."""

    message_id: str
    url: str


def instrument(body: str, message_id: str, *, keep: tuple[str, ...] = ()) -> str:
    """The HTML with followed links and one pixel. keep: the beginnings of addresses that are never followed."""
    return measured(
        body, lambda url: html.escape(link(message_id, url)), html.escape(pixel_address(message_id)), keep=keep
    )


def measured(body: str, follow: Callable[[str], str], pixel_url: str, *, keep: tuple[str, ...] = ()) -> str:
    """The HTML whose links lead where `follow` says, as HTML writes it, and that shows one picture of that address."""

    def replaced(match: re.Match[str]) -> str:
        url = html.unescape(match[3])
        return match[0] if url.startswith(keep) else f"{match[1]}{match[2]}{follow(url)}{match[2]}"

    followed = _HREF.sub(replaced, body)
    pixel = f'<img src="{pixel_url}" width="1" height="1" alt="" style="border:0">'
    end = _BODY_END.search(followed)
    return f"{followed[: end.start()]}{pixel}{followed[end.start() :]}" if end else f"{followed}{pixel}"


def ways_out() -> tuple[str, ...]:
    """Our own pages of unsubscription and preferences: following them would measure a refusal."""
    return tuple(f"{settings.PUBLIC_URL}/{name}/" for name in ("desinscription", "preferences", "inscription"))


def link(message_id: str, url: str) -> str:
    """The followed address of a link of a message."""
    said = f'["{UUID(message_id).hex}",{_as_json(url)}]'
    token = sign(base64.urlsafe_b64encode(said.encode()).rstrip(b"=").decode(), salt=SALT_LINK)
    return f"{settings.PUBLIC_URL}{_address('followed-link').replace(_MARK, token)}"


# The same few links in each message of a crowd.
_as_json = lru_cache(maxsize=256)(json.dumps)


def pixel_address(message_id: str) -> str:
    """The address of the picture whose display tells that a message was opened."""
    token = sign(UUID(message_id).hex, salt=SALT_PIXEL)
    return f"{settings.PUBLIC_URL}{_address('pixel').replace(_MARK, token)}"


@lru_cache(maxsize=2)
def _address(name: str) -> str:
    """The path of one of our pages, a mark where its token goes: looked up once, not for each link of each message."""
    return reverse(name, args=[_MARK])


def read_link(token: str) -> Followed | None:
    """What a followed link says; None when it is not one of ours."""
    try:
        message_id, url = signing.Signer(salt=SALT_LINK).unsign_object(token)
        return Followed(str(UUID(message_id)), url)
    except (signing.BadSignature, ValueError, TypeError):
        return None


def read_pixel(token: str) -> str | None:
    """Whose message a pixel belongs to; None when it is not one of ours."""
    try:
        return str(UUID(signing.Signer(salt=SALT_PIXEL).unsign(token)))
    except (signing.BadSignature, ValueError):
        return None
