"""How X tells of posts: its numbers, who answered, its links. It is renaming its words; both spellings are read."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.registry import setting
from social.connectors.base import Interaction, Metrics

Names = Mapping[str, tuple[tuple[str, ...], ...]]
# Each number is a sum of parts; of a part's spellings the first found counts.
PUBLIC_NAMES: Names = {
    "likes": (("like_count",),),
    "comments": (("reply_count",),),
    "impressions": (("impression_count",),),
    "shares": (("repost_count", "retweet_count"), ("quote_count",)),
    "saves": (("bookmark_count",),),
}
# What is asked of an answer to us, in the present words and in those that X announced for later.
OLD_WORDS = {
    "tweet.fields": "author_id,created_at,conversation_id,in_reply_to_user_id,referenced_tweets",
    "expansions": "author_id",
}
NEW_WORDS = {
    "post.fields": "created_at,conversation_id",
    "expansions": "author_id,in_reply_to_user_id,referenced_posts",
}
PRIVATE_NAMES: Names = {"clicks": (("url_link_clicks",), ("user_profile_clicks",))}


def fields_parameter() -> str:
    """X_FIELDS_PARAMETER: `post.fields` once X stops answering to the older word."""
    return setting("x", "FIELDS_PARAMETER", "tweet.fields")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def numbers_of(post: dict[str, Any], media: dict[str, dict[str, Any]]) -> Metrics:
    numbers = _pick(post.get("public_metrics") or {}, PUBLIC_NAMES)
    # The same names may be spoken of as organic when an access may see them.
    numbers |= _pick(post.get("non_public_metrics") or {}, PRIVATE_NAMES)
    views = [
        (media.get(key, {}).get("public_metrics") or {}).get("view_count")
        for key in (post.get("attachments") or {}).get("media_keys", [])
    ]
    if known := [view for view in views if view is not None]:
        numbers["video_views"] = sum(known)
    return numbers


def _pick(source: dict[str, Any], names: Names) -> Metrics:
    """Add up what is there of each of our numbers; one of which nothing is there is left out."""
    found = {}
    for ours, parts in names.items():
        values = [next((source[name] for name in part if name in source), None) for part in parts]
        if known := [value for value in values if value is not None]:
            found[ours] = sum(known)
    return found


def interaction_of(post: dict[str, Any], people: dict[str, dict[str, Any]], posts: list[str]) -> Interaction:
    references = post.get("referenced_tweets") or post.get("referenced_posts") or []
    parent = next((entry["id"] for entry in references if entry.get("type") == "replied_to"), "")
    conversation = str(post.get("conversation_id", ""))
    ours = conversation in posts
    author = people.get(str(post.get("author_id", "")), {})
    kind = "mention" if not ours else "comment" if parent in ("", conversation) else "reply"
    return Interaction(
        external_id=post["id"],
        kind=kind,
        post_id=conversation if ours else "",
        parent_id=parent if kind == "reply" else "",
        author_id=str(post.get("author_id", "")),
        author_name=author.get("username", ""),
        text=post.get("text", ""),
        created_at=moment(post["created_at"]) if post.get("created_at") else datetime.now(UTC),
        url=f"https://x.com/{author.get('username') or 'i'}/status/{post['id']}",
    )


def with_full_links(post: dict[str, Any]) -> str:
    """X rewrites each link to t.co; put the original ones back before comparing."""
    text = post["text"]
    for link in post.get("entities", {}).get("urls", []):
        # The link to the post's own picture was added by X and is not ours.
        ours = "" if "/photo/" in link.get("expanded_url", "") else link.get("expanded_url", "")
        text = text.replace(link["url"], ours)
    return text
