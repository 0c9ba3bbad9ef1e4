"""Meta's keys for towns, looked for once and remembered: a post must not wait for its targeting."""

import hashlib
from collections.abc import Callable
from typing import Any

from django.core.cache import cache

FOUND_SECONDS, ABSENT_SECONDS = 30 * 86_400, 86_400
_ABSENT = "absent"


def town_key(name: str, country: str, search: Callable[[dict[str, Any]], list[dict[str, Any]]]) -> str:
    """The key of a town, "" when Meta knows none; raises what the search raises.

    search: asks Meta's `adgeolocation` search with these parameters and returns its rows.
    """
    folded = f"{country}:{name.strip().casefold()}"
    entry = f"social:meta-town:{hashlib.sha256(folded.encode()).hexdigest()}"
    known = cache.get(entry)
    if known is not None:
        return "" if known == _ABSENT else known
    rows = search(
        {"type": "adgeolocation", "location_types": '["city"]', "q": name, "country_code": country, "limit": 10}
    )
    towns = [row for row in rows if row.get("type") == "city" and row.get("key")]
    exact = [row for row in towns if str(row.get("name", "")).casefold() == name.strip().casefold()]
    key = str((exact or towns)[0]["key"]) if towns else ""
    cache.set(entry, key or _ABSENT, FOUND_SECONDS if key else ABSENT_SECONDS)
    return key
