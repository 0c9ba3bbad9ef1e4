"""What Google tells after a post: its figures while they last, and the reviews of the place.

Source: My Business API v4 (reviews, localPosts:reportInsights; the latter is being retired: absent figures stay absent).
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from social.connectors._engagement import Interaction, Metrics

STARS = {"ONE": 1, "TWO": 2, "THREE": 3, "FOUR": 4, "FIVE": 5}
# Their names, and ours; a name that Google stops giving is simply not in the answer.
METRIC_NAMES = {"LOCAL_POST_VIEWS_SEARCH": "impressions", "LOCAL_POST_ACTIONS_CALL_TO_ACTION": "clicks"}
INSIGHT_DAYS = timedelta(days=30)


def insights_body(names: Iterable[str]) -> dict[str, Any]:
    """What to ask of some posts: all figures of the last month."""
    now = datetime.now(UTC)
    return {
        "localPostNames": list(names),
        "basicRequest": {
            "metricRequests": [{"metric": name} for name in METRIC_NAMES],
            "timeRange": {"startTime": _text(now - INSIGHT_DAYS), "endTime": _text(now)},
        },
    }


def figures_of(answer: dict[str, Any]) -> dict[str, Metrics]:
    """By post, what is counted, by our names."""
    found: dict[str, Metrics] = {}
    for post in answer.get("localPostMetrics", []):
        values: Metrics = {}
        for metric in post.get("metricValues", []):
            name, total = METRIC_NAMES.get(metric.get("metric", "")), (metric.get("totalValue") or {}).get("value")
            if name and isinstance(total, str) and total.isdigit():
                values[name] = int(total)
        if values and post.get("localPostName"):
            found[post["localPostName"]] = values
    return found


def review_of(review: dict[str, Any]) -> Interaction:
    """A guest's review as something said to us; the stars come first, for a review may have no words."""
    stars = STARS.get(review.get("starRating", ""), 0)
    words = review.get("comment", "").strip()
    mark = f"{'★' * stars}{'☆' * (5 - stars)}" if stars else ""
    return Interaction(
        external_id=review["name"],
        kind="comment",
        post_id="",
        author_name=(review.get("reviewer") or {}).get("displayName", ""),
        text=f"{mark} {words}".strip(),
        created_at=moment(review.get("updateTime") or review["createTime"]),
    )


def moment(text: str) -> datetime:
    """RFC 3339 with up to nine digits of a second, of which Python reads six."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text).replace("Z", "+00:00"))


def _text(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
