"""One contract for every network, present and future; then each network's own words."""

import json
import re
from datetime import UTC, datetime

import pytest
import requests
import responses

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.connectors import registry
from social.connectors.base import Credentials, Draft, Picture, Post, Progress, Published
from social.connectors.x import oauth1_header

ANY = re.compile(r"https?://.*")
PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
POST = Post("Bonjour Vensac", (PICTURE,))
ACCOUNT = Credentials(
    "1001",
    "s3cret-token",
    secrets={"api_key": "k", "api_secret": "s3cret-app", "access_token": "t", "access_token_secret": "s3cret-user"},
)


@pytest.fixture(autouse=True)
def real_addresses(settings):
    settings.SANDBOX = False


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def ready(slug):
    """A progress whose harmless steps are made: the next call is the one that shows the post."""
    return Progress({"photos": ["901"], "container": "179", "media_ids": ["55"]})


def answer_everything(api, status, body="", headers=None, exception=None):
    for method in (responses.GET, responses.POST):
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


# --- Facebook --------------------------------------------------------------------------------------------------------


def test_facebook_uploads_pictures_unseen_then_posts_once(api):
    graph = "https://graph.facebook.com/v25.0"
    photo = api.post(f"{graph}/1001/photos", json={"id": "901"})
    feed = api.post(
        f"{graph}/1001/feed", json={"id": "1001_7005", "permalink_url": "https://www.facebook.com/1001_7005"}
    )
    kept = []

    published = registry["facebook"]().publish(POST, ACCOUNT, Progress(save=lambda data: kept.append(dict(data))))

    assert published == Published("1001_7005", "https://www.facebook.com/1001_7005")
    assert json.loads(photo.calls[0].request.body) == {
        "url": PICTURE.url,
        "published": False,
        "alt_text_custom": "Une pizza",
    }
    assert json.loads(feed.calls[0].request.body) == {
        "message": "Bonjour Vensac",
        "attached_media": [{"media_fbid": "901"}],
    }
    assert kept == [{"photos": ["901"]}]


def test_facebook_targets_ages_and_known_towns(api):
    feed = api.post(re.compile(".*/feed"), json={"id": "1"})
    post = Post("x", targeting={"location": "Vensac", "age_range": [18, 99]})
    account = Credentials("1001", "t", settings={"city_keys": {"Vensac": "117834"}})

    registry["facebook"]().publish(post, account, Progress())

    assert json.loads(feed.calls[0].request.body)["feed_targeting"] == {
        "age_min": 18,
        "age_max": 65,
        "geo_locations": {"cities": [{"key": "117834"}]},
    }


def test_facebook_signs_its_calls_when_the_app_has_a_secret(api):
    page = api.get(re.compile(".*/1001"), json={"id": "1001", "name": "Le Vieux Moulin"})
    account = Credentials("1001", "jeton", secrets={"app_secret": "secret"})

    registry["facebook"]().check(account)

    # printf jeton | openssl dgst -sha256 -hmac secret
    expected = "c5c8b1cda9cb7eebaf99914b25b3072185959be2d6f217cd529bb085b7b224bc"
    assert page.calls[0].request.params["appsecret_proof"] == expected


def test_facebook_reads_back_only_posts_made_since(api):
    api.get(
        re.compile(".*/published_posts"),
        json={
            "data": [
                {"id": "1001_1", "message": "Bonjour  Vensac", "created_time": "2026-11-20T10:00:00+0000"},
                {"id": "1001_2", "message": "Bonjour Vensac", "created_time": "2026-11-25T10:00:30+0000"},
            ]
        },
    )

    found = registry["facebook"]().read_back(POST, ACCOUNT, datetime(2026, 11, 25, 10, tzinfo=UTC), Progress())

    assert found.external_id == "1001_2"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"code": 190, "error_subcode": 463}, AccountDisconnected),
        (400, {"code": 200}, AccountDisconnected),
        (400, {"code": 32}, RateLimited),
        (400, {"code": 80001}, RateLimited),
        (400, {"code": 100, "error_subcode": 1366046}, ContentRejected),
        (400, {"code": 4, "error_subcode": 2207051}, PermanentError),
        (400, {"code": 368}, PermanentError),
        (500, {"code": 2, "is_transient": True}, TransientError),
        (500, {"code": 1}, OutcomeUnknown),
        (200, {"code": 190}, AccountDisconnected),
    ],
)
def test_meta_speaks_by_code_more_than_by_status(api, status, body, error):
    api.post(re.compile(".*/feed"), status=status, json={"error": {"message": "Non.", **body}})

    with pytest.raises(error) as caught:
        registry["facebook"]().publish(Post("x"), ACCOUNT, Progress())

    assert "Non." in str(caught.value)


# --- Instagram -------------------------------------------------------------------------------------------------------


def test_instagram_makes_a_container_waits_and_publishes(api):
    container = api.post(re.compile(".*/1001/media$"), json={"id": "179"})
    api.get(re.compile(".*/179"), json={"status_code": "FINISHED"})
    publish = api.post(re.compile(".*/media_publish"), json={"id": "180"})
    api.get(re.compile(".*/180"), json={"id": "180", "permalink": "https://www.instagram.com/p/abc/"})

    published = registry["instagram"]().publish(POST, ACCOUNT, Progress())

    assert published == Published("180", "https://www.instagram.com/p/abc/")
    assert json.loads(container.calls[0].request.body)["caption"] == "Bonjour Vensac"
    assert json.loads(publish.calls[0].request.body) == {"creation_id": "179"}


def test_instagram_that_is_not_ready_is_asked_again_and_nothing_is_created(api):
    api.post(re.compile(".*/1001/media$"), json={"id": "179"})
    api.get(re.compile(".*/179"), json={"status_code": "IN_PROGRESS"})
    created = []
    progress = Progress(creating=lambda: created.append(True))

    with pytest.raises(TransientError) as caught:
        registry["instagram"]().publish(POST, ACCOUNT, progress)

    assert caught.value.retry_after_seconds == 15
    assert progress.data["container"] == "179"
    assert created == []


def test_instagram_makes_a_carousel_of_several_pictures(api):
    made = api.post(re.compile(".*/1001/media$"), json={"id": "179"})
    api.get(re.compile(".*/179"), json={"status_code": "FINISHED"})
    api.post(re.compile(".*/media_publish"), json={"id": "180"})
    api.get(re.compile(".*/180"), json={"id": "180"})

    registry["instagram"]().publish(Post("x", (PICTURE, PICTURE)), ACCOUNT, Progress())

    bodies = [json.loads(call.request.body) for call in made.calls]
    assert [body.get("is_carousel_item") for body in bodies] == [True, True, None]
    assert bodies[2] == {"media_type": "CAROUSEL", "children": "179,179", "caption": "x"}


def test_an_instagram_container_that_did_not_go_out_is_surely_absent(api):
    api.get(re.compile(".*/179"), json={"status_code": "FINISHED"})
    progress = Progress({"container": "179"})

    assert registry["instagram"]().read_back(POST, ACCOUNT, datetime.now(UTC), progress) is None


# --- X ---------------------------------------------------------------------------------------------------------------


def test_x_signs_as_the_published_example_does():
    header = oauth1_header(
        "POST",
        "https://api.x.com/1.1/statuses/update.json",
        {"include_entities": "true", "status": "Hello Ladies + Gentlemen, a signed OAuth request!"},
        {
            "api_key": "xvz1evFS4wEEPTGEFPHBog",
            "api_secret": "kAcSOqF21Fu85e7zjz7ZN2U4ZRhfV3WpwPAoE3Z7kBw",
            "access_token": "370773112-GmHxMAgYyLbNEtIKZeRNFsMKPR9EyMZeS9weJAEb",
            "access_token_secret": "LswwdoUaIvS8ltyTt5jkRh4J50vUPVVHtR2YPi5kE",
        },
        nonce="kYjzVBB8Y0ZFabxSWbWovY3uYSQ2pTgmZeNu2VS4cg",
        timestamp=1318622958,
    )

    assert 'oauth_signature="Ls93hJiZbQ3akF3HF3x1Bz8%2FzU4%3D"' in header


def test_x_posts_text_and_picture(api):
    api.get(PICTURE.url, body=b"jpeg", content_type="image/jpeg")
    upload = api.post("https://api.x.com/2/media/upload", json={"data": {"id": "55"}})
    alt = api.post("https://api.x.com/2/media/metadata", json={"data": {}})
    tweet = api.post("https://api.x.com/2/tweets", status=201, json={"data": {"id": "1900", "text": "x"}})
    progress = Progress({"media_ids": ["55"]})

    published = registry["x"]().publish(POST, Credentials("42", "t", "levieuxmoulin"), progress)

    assert published == Published("1900", "https://x.com/levieuxmoulin/status/1900")
    assert json.loads(tweet.calls[0].request.body) == {"text": "Bonjour Vensac", "media": {"media_ids": ["55"]}}
    assert (len(upload.calls), len(alt.calls)) == (0, 0)


def test_x_puts_links_back_before_comparing(api):
    api.get(
        re.compile(".*/tweets"),
        json={
            "data": [
                {
                    "id": "1900",
                    "created_at": "2026-11-25T10:00:30.000Z",
                    "text": "La carte https://t.co/a https://t.co/b",
                    "entities": {
                        "urls": [
                            {"url": "https://t.co/a", "expanded_url": "https://levieuxmoulin.fr/carte"},
                            {"url": "https://t.co/b", "expanded_url": "https://x.com/l/status/1900/photo/1"},
                        ]
                    },
                }
            ]
        },
    )

    found = registry["x"]().read_back(
        Post("La carte https://levieuxmoulin.fr/carte"), ACCOUNT, datetime(2026, 11, 25, 10, tzinfo=UTC), Progress()
    )

    assert found.external_id == "1900"


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (403, {"errors": [{"code": 187, "message": "duplicate content"}]}, PermanentError),
        (403, {"errors": [{"code": 186, "message": "too long"}]}, ContentRejected),
        (403, {"type": "https://api.x.com/2/problems/client-forbidden", "detail": "x"}, AccountDisconnected),
        (402, {"title": "CreditsDepleted"}, AccountDisconnected),
        (429, {"title": "Too Many Requests"}, RateLimited),
        (400, {"type": "https://api.x.com/2/problems/invalid-request", "detail": "x"}, ContentRejected),
    ],
)
def test_x_errors_become_ours(api, status, body, error):
    api.post("https://api.x.com/2/tweets", status=status, json=body)

    with pytest.raises(error):
        registry["x"]().publish(Post("x"), ACCOUNT, Progress())
