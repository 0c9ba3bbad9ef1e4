"""Servers whose address a person types: an instance of Mastodon, the host of a Bluesky account."""

from urllib.parse import urlsplit

from integrations.errors import ContentRejected
from integrations.guard import check_public_url
from integrations.registry import base_url


def typed(address: str, example: str) -> str:
    """An address as a person may write it, with or without its scheme, made whole. Raises ContentRejected."""
    whole = address.strip().rstrip("/")
    whole = whole if "://" in whole else f"https://{whole}"
    parts = urlsplit(whole)
    if parts.scheme != "https" or not parts.hostname or "@" in parts.netloc or parts.path:
        raise ContentRejected(
            f"Ce n'est pas l'adresse d'un serveur : écrivez par exemple {example}.", code="server_address"
        )
    return whole


def reach(slug: str, address: str, *, known: str = "") -> str:
    """Where calls to a typed address go. Raises PermanentError unless it leads to the public network.

    known: the vendor's own address, which nobody typed and which needs no look. The environment and the sandbox may
    replace any address.
    """
    server = base_url(slug, address)
    if server == address and address != known:
        check_public_url(server)
    return server
