"""The guest's way out of each message: links that name who and what, that nobody can forge, and that need no login."""

import base64
import hmac
from functools import lru_cache
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.urls import NoReverseMatch, reverse

from integrations.signing import derived_key
from notifications.models import ChannelType, Contact
from notifications.services.addressees import Addressee

SALT = "notifications.unsubscribe"
# One sign for each channel; their order is part of links already sent.
_CHANNELS = (ChannelType.EMAIL, ChannelType.SMS, ChannelType.PUSH)
_SIGNS = {channel.value: bytes([rank]) for rank, channel in enumerate(_CHANNELS)}
_MARK_BYTES = 10


def unsubscribe_url(contact: Addressee, channel: str) -> str:
    """A link that names the guest and the channel, that nobody can forge, and that needs no login.

    It holds no date: the same message rendered again, to be looked up at the service, is the same text. It is short
    (36 signs after the address), since an SMS pays for each.
    """
    token = unsubscribe_token(contact, channel)
    return f"{settings.PUBLIC_URL}{_short_page()}{token}/" if channel == ChannelType.SMS else address_with(token)


def unsubscribe_token(contact: Addressee, channel: str) -> str:
    """What names the guest and the channel in such a link."""
    named = contact.pk.bytes + _SIGNS[channel]
    return base64.urlsafe_b64encode(named + _mark(named)).decode()


def address_with(token: str) -> str:
    """The link of an e-mail that holds this token."""
    return f"{settings.PUBLIC_URL}{_page()}{token}/"


def read_unsubscribe_token(token: str) -> tuple[Contact | None, str]:
    """The guest and the channel of a link made by `unsubscribe_url`; (None, "") when it is not one of ours."""
    try:
        contact_id, channel = _read_short(token) if len(token) == 36 else _read_long(token)
    except (ValueError, signing.BadSignature):
        return None, ""
    return Contact.objects.filter(pk=contact_id).first(), channel


def _read_short(token: str) -> tuple[Any, str]:
    found = base64.urlsafe_b64decode(token)
    named, mark = found[:-_MARK_BYTES], found[-_MARK_BYTES:]
    if not hmac.compare_digest(mark, _mark(named)):
        raise ValueError("not ours")
    return UUID(bytes=named[:16]), _CHANNELS[named[16]]


def _read_long(token: str) -> tuple[Any, str]:
    """Links of messages sent by the first release."""
    contact_id, channel = signing.Signer(salt=SALT).unsign_object(token)
    return contact_id, channel


def _mark(named: bytes) -> bytes:
    return hmac.digest(derived_key(SALT), named, "sha256")[:_MARK_BYTES]


@lru_cache(maxsize=1)
def _page() -> str:
    return _address("unsubscribe")


@lru_cache(maxsize=1)
def _short_page() -> str:
    """The same page under an address that an SMS can afford."""
    return _address("unsubscribe-short") or _page()


@lru_cache(maxsize=1)
def _preferences_page() -> str:
    return _address("preferences")


def _address(name: str) -> str:
    """Where the pages of that name begin, before their token; "" where there are none."""
    try:
        return reverse(name, args=["-"]).removesuffix("-/")
    except NoReverseMatch:
        return ""


def preferences_url(unsubscribe_url: str) -> str:
    """The page where the guest of that link chooses what to receive; "" where there is none."""
    page, token = _preferences_page(), unsubscribe_url.rstrip("/").rpartition("/")[2]
    return f"{settings.PUBLIC_URL}{page}{token}/" if page and unsubscribe_url else ""
