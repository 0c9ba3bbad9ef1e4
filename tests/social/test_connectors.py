"""One contract for every network, present and future; each network's own words are in its own file."""

import re
from datetime import UTC, datetime

import pytest
import requests
import responses

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
)
from social.connectors import registry
from social.connectors.base import METRICS, Credentials, Draft, Picture, Post, Progress

ANY = re.compile(r"https?://.*")
PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
POST = Post("Bonjour Vensac", (PICTURE,))
ACCOUNT = Credentials(
    "1001",
    "s3cret-token",
    secrets={"api_key": "k", "api_secret": "s3cret-app", "access_token": "t", "access_token_secret": "s3cret-user"},
    settings={"instance_url": "https://mastodon.example"},
)


@pytest.fixture(autouse=True)
def known_instance(settings):
    """The address of an instance is judged before it is called; no name is looked up in a test."""
    settings.PRIVATE_HOSTS_ALLOWED = ["mastodon.example"]


def ready(slug):
    """A progress whose harmless steps are made: the next call is the one that shows the post."""
    blob = {"blob": {"$type": "blob", "ref": {"$link": "b"}, "mimeType": "image/jpeg", "size": 1}}
    return Progress({"photos": ["901"], "container": "179", "media_ids": ["55"], "blobs": [blob]})


def answer_everything(api, status, body="", headers=None, exception=None):
    for method in (responses.GET, responses.POST, responses.PUT, responses.DELETE):
        api.add(method, ANY, status=status, body=exception or body, headers=headers or {})


@pytest.mark.parametrize("slug", sorted(registry))
@pytest.mark.parametrize(
    ("status", "error"),
    [(401, AccountDisconnected), (429, RateLimited), (503, CommunicationError), (404, PermanentError)],
)
def test_platform_errors_become_ours(slug, status, error, api):
    answer_everything(api, status)

    with pytest.raises(error) as caught:
        registry[slug]().publish(POST, ACCOUNT, ready(slug))

    assert "s3cret" not in str(caught.value)
    assert "s3cret" not in repr(ACCOUNT)


@pytest.mark.parametrize("slug", sorted(registry))
@pytest.mark.parametrize("failure", ["empty 502", "read timeout", "reset"])
def test_a_post_that_left_without_an_answer_is_of_unknown_fate(slug, failure, api):
    created = []
    progress = Progress(ready(slug).data, creating=lambda: created.append(True))
    api.add(responses.GET, ANY, json={"status_code": "FINISHED"})
    if failure == "empty 502":
        api.add(responses.POST, ANY, status=502)
    else:
        error = (
            requests.ReadTimeout() if failure == "read timeout" else requests.ConnectionError(ConnectionResetError())
        )
        api.add(responses.POST, ANY, body=error)

    with pytest.raises(OutcomeUnknown):
        registry[slug]().publish(POST, ACCOUNT, progress)

    assert created == [True]


@pytest.mark.parametrize("slug", sorted(registry))
def test_creation_is_noted_before_the_call_and_not_before_the_harmless_ones(slug, api):
    order = []
    api.add_callback(responses.POST, ANY, callback=lambda request: order.append(request.url) or (401, {}, ""))
    api.add(responses.GET, ANY, json={"status_code": "FINISHED"})

    with pytest.raises(AccountDisconnected):
        registry[slug]().publish(POST, ACCOUNT, Progress(ready(slug).data, creating=lambda: order.append("creating")))

    assert order[0] == "creating"
    assert len(order) == 2


@pytest.mark.parametrize("slug", sorted(registry))
def test_too_long_a_text_is_refused_with_one_that_fits(slug):
    connector = registry[slug]()
    post = Post("Très long. " * (connector.max_length // 5), (PICTURE,))

    problem = next(found for found in connector.validate(post) if found.rule == "text_too_long")

    assert problem.limit == connector.max_length
    assert connector.length(problem.suggestion["text"]) <= connector.max_length


@pytest.mark.parametrize("slug", sorted(registry))
def test_an_adapted_post_is_valid_and_says_all(slug):
    connector = registry[slug]()

    post, warnings = connector.adapt(
        Draft("Titre", "Texte", "https://levieuxmoulin.fr", ("pizza", "#vensac"), (PICTURE,))
    )

    assert connector.validate(post) == []
    for words in ("Titre", "Texte", "https://levieuxmoulin.fr", "#pizza", "#vensac"):
        assert words in post.text + post.link
    assert warnings == []


# An address of Bluesky's form; the others take anything.
THEIRS = "at://did:plc:a/app.bsky.feed.post/7"
AFTERWARDS = {
    "can_delete": lambda connector: connector.delete(THEIRS, ACCOUNT),
    "can_reply": lambda connector: connector.reply(THEIRS, "Merci !", ACCOUNT),
    "can_hide": lambda connector: connector.hide(THEIRS, True, ACCOUNT),
    "can_like": lambda connector: connector.like(THEIRS, ACCOUNT),
    "has_metrics": lambda connector: connector.metrics([THEIRS], ACCOUNT),
    "has_interactions": lambda connector: connector.interactions(ACCOUNT, datetime.now(UTC), [THEIRS]),
}


ABLE = [(slug, flag) for slug in sorted(registry) for flag in AFTERWARDS if getattr(registry[slug], flag)]
UNABLE = [(slug, flag) for slug in sorted(registry) for flag in AFTERWARDS if not getattr(registry[slug], flag)]


@pytest.mark.parametrize(("slug", "flag"), UNABLE)
def test_what_a_network_cannot_do_is_said_without_a_call(slug, flag, api):
    with pytest.raises(PermanentError) as caught:
        AFTERWARDS[flag](registry[slug]())

    assert (caught.value.code, len(api.calls)) == ("no_api", 0)
    assert caught.value.action


@pytest.mark.parametrize(("slug", "flag"), ABLE)
def test_an_access_that_lapsed_is_told_whatever_is_asked(slug, flag, api):
    answer_everything(api, 401)

    with pytest.raises(AccountDisconnected) as caught:
        AFTERWARDS[flag](registry[slug]())

    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("slug", [slug for slug in sorted(registry) if registry[slug].can_reply])
def test_an_answer_without_a_reply_of_the_network_is_of_unknown_fate(slug, api):
    known = {
        "id": "7",
        "account": {"acct": "ana"},
        "posts": [{"uri": "at://did:plc:a/app.bsky.feed.post/7", "cid": "c"}],
    }
    api.add(responses.GET, ANY, json=known)
    api.add(responses.POST, ANY, body=requests.ReadTimeout())

    with pytest.raises(OutcomeUnknown):
        registry[slug]().reply(THEIRS, "Merci !", ACCOUNT)


def test_every_name_of_a_number_is_one_of_ours():
    names = {name for connector in registry.values() for name in getattr(connector, "insight_names", {})}

    assert names <= set(METRICS)
