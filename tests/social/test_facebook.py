"""Facebook's own words: what is sent to a Page, how refusals are read, what comes back."""

import json
import re
from datetime import UTC, datetime

import pytest

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.connectors import registry
from social.connectors._meta import MetaConnector
from social.connectors.base import Credentials, Draft, Picture, Post, Progress, Published

GRAPH = "https://graph.facebook.com/v25.0"
ACCOUNT = Credentials("1001", "jeton")
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)

PICTURE = Picture("https://example.com/promo.jpg", "Une pizza")
POST = Post("Bonjour Vensac", (PICTURE,))


@pytest.fixture(autouse=True)
def no_name_is_refused_yet(monkeypatch):
    """What one test learns of Meta's names is unknown to the next."""
    monkeypatch.setattr(MetaConnector, "_refused_names", set())


def refusal(code, message="Non.", subcode=None, status=400):
    error = {"message": message, "code": code} | ({"error_subcode": subcode} if subcode else {})
    return {"status": status, "json": {"error": error}}


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
    assert kept[0] == {"photos": ["901"]}
    assert list(kept[1]) == ["photos", "in_doubt_since"]


def test_a_link_is_a_field_of_the_post(api):
    feed = api.post(f"{GRAPH}/1001/feed", json={"id": "1001_7"})
    post, warnings = registry["facebook"]().adapt(Draft(body="La carte", link="https://levieuxmoulin.fr/carte"))

    registry["facebook"]().publish(post, ACCOUNT, Progress())

    assert json.loads(feed.calls[0].request.body) == {"message": "La carte", "link": "https://levieuxmoulin.fr/carte"}
    assert warnings == []


@pytest.mark.parametrize("count", [1, 2, 10])
def test_one_to_ten_photos_make_one_post(api, count):
    photo = api.post(f"{GRAPH}/1001/photos", json={"id": "901"})
    feed = api.post(f"{GRAPH}/1001/feed", json={"id": "1001_7"})

    registry["facebook"]().publish(Post("Les plats", (PICTURE,) * count), ACCOUNT, Progress())

    assert (len(photo.calls), len(feed.calls)) == (count, 1)
    assert json.loads(feed.calls[0].request.body)["attached_media"] == [{"media_fbid": "901"}] * count


def test_a_radius_is_not_applied_and_the_person_is_told():
    _post, warnings = registry["facebook"]().adapt(
        Draft(body="x", targeting={"location": "Vensac", "radius": 20, "age_range": [18, 65]})
    )

    assert warnings == ["Facebook ne sait pas cibler un rayon pour un post de Page : le rayon n'est pas appliqué."]


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


# --- videos ----------------------------------------------------------------------------------------------------------


def test_a_video_is_fetched_by_facebook_and_known_by_its_post(api):
    videos = api.post(f"{GRAPH}/1001/videos", json={"id": "555"})
    api.get(f"{GRAPH}/555", json={"id": "555", "post_id": "7005", "permalink_url": "/1001/videos/555/"})
    created = []
    post = Post("Le four", (Picture("https://example.com/four.mp4", kind="video"),), "https://levieuxmoulin.fr")

    published = registry["facebook"]().publish(post, ACCOUNT, Progress(creating=lambda: created.append(True)))

    assert published == Published("1001_7005", "https://www.facebook.com/1001/videos/555/")
    assert json.loads(videos.calls[0].request.body) == {
        "file_url": "https://example.com/four.mp4",
        "description": "Le four\n\nhttps://levieuxmoulin.fr",
    }
    assert created == [True]


def test_a_video_whose_address_cannot_be_read_is_published_all_the_same(api):
    api.post(f"{GRAPH}/1001/videos", json={"id": "555"})
    api.get(f"{GRAPH}/555", status=500)

    published = registry["facebook"]().publish(
        Post("Le four", (Picture("https://example.com/four.mp4", kind="video"),)), ACCOUNT, Progress()
    )

    assert published.external_id == "555"


def test_a_video_among_pictures_is_refused_before_any_call(api):
    with pytest.raises(ContentRejected, match="vidéo seule"):
        registry["facebook"]().publish(
            Post("x", (PICTURE, Picture("https://example.com/four.mp4", kind="video"))), ACCOUNT, Progress()
        )

    assert len(api.calls) == 0


# --- targeting -------------------------------------------------------------------------------------------------------


def test_a_town_is_searched_once_and_remembered(api):
    search = api.get(f"{GRAPH}/search", json={"data": [{"key": "117834", "name": "Vensac", "type": "city"}]})
    feed = api.post(f"{GRAPH}/1001/feed", json={"id": "1"})
    post = Post("x", targeting={"location": "Vensac"})

    registry["facebook"]().publish(post, ACCOUNT, Progress())
    registry["facebook"]().publish(post, ACCOUNT, Progress())

    assert len(search.calls) == 1
    assert (search.calls[0].request.params["type"], search.calls[0].request.params["q"]) == ("adgeolocation", "Vensac")
    sent = json.loads(feed.calls[1].request.body)["feed_targeting"]
    assert sent == {"geo_locations": {"cities": [{"key": "117834"}]}}


def test_a_search_that_fails_costs_the_targeting_and_not_the_post(api):
    api.get(f"{GRAPH}/search", **refusal(200, "ads_read is missing"))
    feed = api.post(f"{GRAPH}/1001/feed", json={"id": "1"})
    warnings = []

    registry["facebook"]().publish(Post("x", targeting={"location": "Vensac"}), ACCOUNT, Progress(warn=warnings.append))

    assert "feed_targeting" not in json.loads(feed.calls[0].request.body)
    assert len(warnings) == 1
    assert warnings[0].startswith("Facebook n'a pas pu chercher « Vensac »")


def test_a_village_without_a_key_falls_back_on_the_region(api):
    api.get(f"{GRAPH}/search", json={"data": []})
    feed = api.post(f"{GRAPH}/1001/feed", json={"id": "1"})
    account = Credentials("1001", "jeton", settings={"region_key": "3333"})
    warnings = []

    registry["facebook"]().publish(Post("x", targeting={"location": "Vensac"}), account, Progress(warn=warnings.append))

    sent = json.loads(feed.calls[0].request.body)["feed_targeting"]
    assert sent == {"geo_locations": {"regions": [{"key": "3333"}]}}
    assert warnings == ["Facebook ne connaît pas « Vensac » : la région est ciblée à sa place."]


def test_a_refused_targeting_is_dropped_once_with_a_warning(api):
    api.post(f"{GRAPH}/1001/feed", **refusal(100, "Some of your locations overlap", 1487756))
    second = api.post(f"{GRAPH}/1001/feed", json={"id": "1001_7"})
    warnings = []

    published = registry["facebook"]().publish(
        Post("x", targeting={"age_range": [18, 30]}), ACCOUNT, Progress(warn=warnings.append)
    )

    assert published.external_id == "1001_7"
    assert json.loads(second.calls[0].request.body) == {"message": "x"}
    assert warnings == ["Facebook a refusé le ciblage demandé : le post est publié sans ciblage."]


def test_a_post_refused_without_targeting_is_not_sent_again(api):
    feed = api.post(f"{GRAPH}/1001/feed", **refusal(100))

    with pytest.raises(ContentRejected):
        registry["facebook"]().publish(Post("x"), ACCOUNT, Progress())

    assert len(feed.calls) == 1


# --- duplicates ------------------------------------------------------------------------------------------------------


def test_a_duplicate_at_the_first_try_is_a_refusal(api):
    api.post(f"{GRAPH}/1001/feed", **refusal(506, "Duplicate status message"))
    progress = Progress()

    with pytest.raises(PermanentError):
        registry["facebook"]().publish(Post("x"), ACCOUNT, progress)

    assert progress.data["in_doubt_since"] == ""


def test_a_duplicate_after_a_doubtful_try_is_looked_for(api):
    api.post(f"{GRAPH}/1001/feed", status=502)
    api.post(f"{GRAPH}/1001/feed", **refusal(506, "Duplicate status message"))
    progress = Progress()
    with pytest.raises(OutcomeUnknown):
        registry["facebook"]().publish(Post("x"), ACCOUNT, progress)

    with pytest.raises(OutcomeUnknown) as caught:
        registry["facebook"]().publish(Post("x"), ACCOUNT, progress)

    assert caught.value.code == "duplicate"


def test_a_post_of_the_first_doubtful_try_is_found_by_a_later_look(api):
    row = {"id": "1001_3", "message": "x", "created_time": "2026-11-25T10:00:00+0000"}
    api.get(f"{GRAPH}/1001/published_posts", json={"data": [row]})
    progress = Progress({"in_doubt_since": "2026-11-25T10:00:30+00:00"})

    found = registry["facebook"]().read_back(Post("x"), ACCOUNT, datetime(2026, 11, 25, 11, tzinfo=UTC), progress)

    assert found.external_id == "1001_3"
