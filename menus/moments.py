"""A document at one moment: what is on the card now, what can be ordered, and when that changes next. Pure."""

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from menus.entries import DAYS

Document = dict[str, Any]
HOUR = timedelta(hours=1)


def moment(text: str | None) -> datetime | None:
    """An instant of a document."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")) if text else None


def editable(document: Document) -> Document:
    """A copy whose dishes, sizes, options and formulas may be changed; what they hold is shared, for speed."""
    kept = {
        **document,
        "categories": [
            {**category, "items": [_editable_dish(item) for item in category["items"]]}
            for category in document["categories"]
        ],
    }
    if groups := document.get("option_groups"):
        kept["option_groups"] = [{**group, "options": [{**option} for option in group["options"]]} for group in groups]
    if formulas := document.get("formulas"):
        kept["formulas"] = [{**formula} for formula in formulas]
    return kept


def _editable_dish(item: dict[str, Any]) -> dict[str, Any]:
    sizes = item.get("variants")
    return {**item, "variants": [{**size} for size in sizes]} if sizes else {**item}


def as_of(document: Document, at: datetime) -> Document:
    """A copy without the dishes and formulas that start after `at` or are over, and without stock-outs that are over."""
    kept = editable(document)
    for category in kept["categories"]:
        category["items"] = [item for item in category["items"] if _is_on(item, at)]
    if "formulas" in kept:
        kept["formulas"] = [formula for formula in kept["formulas"] if _is_on(formula, at)]
    for _kind, _ref, entry in stocked(kept):
        said = entry.get("availability") or {}
        until = moment(said.get("until"))
        if said.get("status") == "unavailable" and until and until <= at:
            entry["availability"] = {"status": "available"}
    return kept


def stocked(document: Document) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Everything that may run out: its kind, its ref, and its entry in the document."""
    for category in document["categories"]:
        for item in category["items"]:
            yield "item", item["id"], item
            for variant in item.get("variants") or []:
                yield "variant", f"{item['id']}/{variant['id']}", variant
    for group in document.get("option_groups") or []:
        for option in group["options"]:
            yield "option", f"{group['id']}/{option['id']}", option
    for formula in document.get("formulas") or []:
        yield "formula", formula["id"], formula


def all_in_stock(document: Document) -> Document:
    """A copy in which nothing ran out and nothing is withdrawn: what a platform may have been given."""
    kept = editable(document)
    for _kind, _ref, entry in stocked(kept):
        entry.pop("availability", None)
    return kept


def _is_on(entry: dict[str, Any], at: datetime) -> bool:
    starts, ends = moment(entry.get("start_date")), moment(entry.get("end_date"))
    return not (starts and starts > at) and not (ends and ends <= at)


# --- Hours ------------------------------------------------------------------------------------------------------------


def is_served(entry: dict[str, Any], local: datetime) -> bool:
    """Whether an entry's weekly hours hold at a moment of the restaurant's clock; one without hours is always served."""
    schedule = entry.get("schedule")
    if not schedule:
        return True
    today, yesterday, clock = DAYS[local.weekday()], DAYS[local.weekday() - 1], f"{local:%H:%M}"
    for period in schedule:
        start, end, days = period["start"], period["end"], period["days"]
        runs_past_midnight = end <= start
        if today in days and start <= clock and (runs_past_midnight or clock < end):
            return True
        if runs_past_midnight and yesterday in days and clock < end:
            return True
    return False


def clock_of(document: Document, at: datetime) -> datetime:
    """A moment as the clock on the restaurant's wall tells it."""
    return at.astimezone(_zone(document))


def next_change(document: Document, at: datetime) -> datetime | None:
    """When time alone changes next what `as_of` and `is_served` say of a document; None when it never does."""
    zone, found = _zone(document), []
    for entry in _placed(document):
        found += [moment(entry.get("start_date")), moment(entry.get("end_date"))]
        found += _turns(entry.get("schedule") or [], at, zone)
    found += [moment((entry.get("availability") or {}).get("until")) for _kind, _ref, entry in stocked(document)]
    # Where the clock is put forward or back, an hour of the card may come or go with it.
    full_hour = at.replace(minute=0, second=0, microsecond=0) + HOUR
    if at.astimezone(zone).utcoffset() != full_hour.astimezone(zone).utcoffset():
        found.append(full_hour)
    return min((turn for turn in found if turn is not None and turn > at), default=None)


def _placed(document: Document) -> Iterator[dict[str, Any]]:
    for category in document["categories"]:
        yield from category["items"]
    yield from document.get("formulas") or []


def _turns(schedule: list[dict[str, Any]], at: datetime, zone: ZoneInfo) -> Iterator[datetime]:
    """The starts and ends of weekly hours from yesterday to eight days on; each twice where the clock shows it twice."""
    today = at.astimezone(zone).date()
    for period in schedule:
        for clock in (period["start"], period["end"]):
            for ahead in range(-1, 9):
                turn = datetime.combine(today + timedelta(days=ahead), time.fromisoformat(clock), zone)
                # In UTC: two moments of one zone are compared by the clock alone, whatever its offset.
                yield turn.astimezone(UTC)
                yield turn.replace(fold=1).astimezone(UTC)


def _zone(document: Document) -> ZoneInfo:
    return ZoneInfo(document.get("timezone") or "Europe/Paris")
