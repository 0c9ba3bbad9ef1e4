"""What one entry of a canonical document says: its price at a place, its stock, where it is meant to be, its hours. Pure."""

from typing import Any

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
# Hours of one day end here at the latest, as the platforms write them.
MIDNIGHT = "23:59"


def price_of(entry: dict[str, Any], channel: str) -> int:
    """The price on one channel, in cents."""
    return (entry.get("channel_prices") or {}).get(channel, entry["price_cents"])


def status_of(entry: dict[str, Any]) -> str:
    return (entry.get("availability") or {}).get("status", "available")


def is_for(entry: dict[str, Any], channel: str) -> bool:
    """Whether an entry is meant for a channel; null means all of them."""
    channels = entry.get("channels")
    return channels is None or channel in channels


def weekly(schedule: list[dict[str, Any]] | None) -> tuple[tuple[str, str, str], ...]:
    """(day, start, end) within one day each, in the order of the week; what runs past midnight is cut there."""
    found: set[tuple[int, str, str]] = set()
    for period in schedule or []:
        for day in period["days"]:
            rank, start, end = DAYS.index(day), period["start"], period["end"]
            if end > start:
                found.add((rank, start, end))
                continue
            found.add((rank, start, MIDNIGHT))
            if end > "00:00":
                found.add(((rank + 1) % 7, "00:00", end))
    return tuple((DAYS[rank], start, end) for rank, start, end in sorted(found))


def single_span(schedule: list[dict[str, Any]] | None) -> tuple[list[str], str, str] | None:
    """(days, start, end) when a schedule is one span within the day; None when it cannot be said so."""
    periods = weekly(schedule)
    spans = {(start, end) for _day, start, end in periods}
    if len(spans) != 1:
        return None
    ((start, end),) = spans
    return [day for day, _start, _end in periods], start, end
