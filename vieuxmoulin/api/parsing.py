"""Bodies: JSON only, of a bounded size, and only what a row can hold."""

from typing import Any

from django.conf import settings
from django.http.request import UnreadablePostError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from integrations.strict_json import JsonFault, loads
from vieuxmoulin.api.errors import TooLarge, Unreadable


class StrictJSONParser(BaseParser):
    """JSON as `integrations.strict_json` reads it."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        body = read_bounded(stream, settings.API_MAX_BYTES)
        try:
            return loads(body)
        except JsonFault as fault:
            raise Unreadable(f"JSON illisible : {fault}.", fault.path) from None


def read_bounded(request: Any, limit: int) -> bytes:
    """The body, at most `limit` bytes of it; a longer one is refused before it is read. Raises TooLarge."""
    announced = request.META.get("CONTENT_LENGTH") or "0"
    if announced.isdecimal() and int(announced) > limit:
        raise TooLarge(f"{announced} octets annoncés : {limit} au plus. Envoyez en plusieurs fois.")
    plain = request._request if isinstance(request, Request) else request
    try:
        body = plain.read(limit + 1)
    except UnreadablePostError:
        raise Unreadable("Le corps s'est interrompu avant sa fin.") from None
    if len(body) > limit:
        raise TooLarge(f"Corps de plus de {limit} octets. Envoyez en plusieurs fois.")
    return body
