"""What a post costs where the network bills it."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from integrations.registry import setting
from social.adaptation.post import Post
from social.text import link_spans

if TYPE_CHECKING:
    from social.connectors.base import SocialConnector


@dataclass(frozen=True)
class Cost:
    """The price of a post and of those that follow it, in dollars."""

    amount: Decimal
    posts: int
    posts_with_link: int

    def as_json(self) -> dict[str, Any]:
        return {
            "amount": f"{self.amount:.3f}",
            "currency": "USD",
            "posts": self.posts,
            "posts_with_link": self.posts_with_link,
        }


def cost_of(network: "SocialConnector", post: Post) -> Cost | None:
    """None where posting is free."""
    plain, linked = (
        _price(network.slug, name, default)
        for name, default in zip(("POST_COST", "LINK_POST_COST"), network.post_costs, strict=True)
    )
    if not plain and not linked:
        return None
    with_link = sum(bool(link_spans(text)) for text in post.texts)
    without = len(post.texts) - with_link
    return Cost(without * plain + with_link * linked, len(post.texts), with_link)


def _price(slug: str, name: str, default: str) -> Decimal:
    """A price that cannot be read is the one we know: a slip in the environment must not stop a publication."""
    try:
        price = Decimal(setting(slug, name, default).strip().replace(",", "."))
    except InvalidOperation:
        return Decimal(default)
    return price if price.is_finite() and price >= 0 else Decimal(default)
