"""What Facebook refuses in a post of a Page."""

from typing import Any

from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors._graph import refuse
from integrations.sandbox.vendors.base import is_web_address

MAX_MESSAGE = 63_206
AGE_RANGE = range(13, 66)


def check_post(given: dict[str, Any], message: str, link: str, photos: list[VendorRecord]) -> None:
    """Refuse a post that the feed would refuse."""
    if "scheduled_publish_time" in given:
        raise refuse("The sandbox keeps no scheduled posts: publish at the hour instead of scheduling.")
    if not message and not link and not photos:
        raise refuse("One of message, link or attached_media is required.")
    if len(message) > MAX_MESSAGE:
        raise refuse(f"Param message must be at most {MAX_MESSAGE} characters long.")
    if link and photos:
        raise refuse("Param link cannot be used together with attached_media.")
    if link and not is_web_address(link):
        raise refuse("The url you supplied is invalid", subcode=1609005)


def targeting_of(given: dict[str, Any]) -> dict[str, Any]:
    """The wanted audience, refused when its shape or its ages are wrong."""
    targeting = given.get("feed_targeting") or {}
    if not isinstance(targeting, dict):
        raise refuse("Param feed_targeting must be an object.")
    for name in ("age_min", "age_max"):
        if name in targeting and (type(targeting[name]) is not int or targeting[name] not in AGE_RANGE):
            raise refuse(f"Param feed_targeting[{name}] must be an integer between 13 and 65.")
    if targeting.get("age_min", 13) > targeting.get("age_max", 65):
        raise refuse("Param feed_targeting[age_min] must not be above age_max.")
    places = targeting.get("geo_locations", {})
    if not isinstance(places, dict) or not isinstance(places.get("cities", []), list):
        raise refuse("Param feed_targeting[geo_locations] must be an object of arrays.")
    return targeting


def audience_in_words(targeting: dict[str, Any]) -> str:
    """The audience as the page shows it, in French."""
    parts = []
    if "age_min" in targeting or "age_max" in targeting:
        parts.append(f"{targeting.get('age_min', 13)}–{targeting.get('age_max', 65)} ans")
    if cities := targeting.get("geo_locations", {}).get("cities"):
        parts.append(f"{len(cities)} ville{'s' if len(cities) > 1 else ''}")
    return ", ".join(parts)
