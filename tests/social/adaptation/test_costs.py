"""What X bills: more for a post with a link, once for each post of a thread."""

from decimal import Decimal

import pytest

from social.connectors import registry
from social.connectors.base import Post


@pytest.mark.parametrize(
    ("post", "amount", "with_link"),
    [
        (Post("Bonjour"), "0.015", 0),
        (Post("Bonjour https://levieuxmoulin.fr"), "0.200", 1),
        (Post("Bonjour levieuxmoulin.fr"), "0.200", 1),
        (Post("un", thread=("deux", "https://levieuxmoulin.fr")), "0.230", 1),
    ],
)
def test_x_bills_each_post(post, amount, with_link):
    cost = registry["x"]().cost(post)

    assert cost.as_json() == {
        "amount": amount,
        "currency": "USD",
        "posts": len(post.texts),
        "posts_with_link": with_link,
    }


def test_prices_are_settings(settings):
    settings.CONNECTOR_ENV = {"X_POST_COST": "0,02", "X_LINK_POST_COST": "gratuit"}

    assert registry["x"]().cost(Post("Bonjour")).amount == Decimal("0.02")
    assert registry["x"]().cost(Post("a.fr")).amount == Decimal("0.20")


def test_a_price_of_nothing_is_no_cost(settings):
    settings.CONNECTOR_ENV = {"X_POST_COST": "0", "X_LINK_POST_COST": "0"}

    assert registry["x"]().cost(Post("Bonjour")) is None


@pytest.mark.parametrize("slug", ["facebook", "instagram"])
def test_other_networks_are_free(slug):
    assert registry[slug]().cost(Post("https://levieuxmoulin.fr")) is None
