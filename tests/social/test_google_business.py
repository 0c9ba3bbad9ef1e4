"""Google's own words: posts of a location, their review, an access renewed each hour."""

import json
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.core.cache import cache

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.connectors import registry
from social.connectors._google_reading import figures_of
from social.connectors._login import App, Grant
from social.connectors.base import Credentials, Draft, Picture, Post, Progress, Published
from tests.social import specs

PLACE = "accounts/1/locations/2"
POSTS = f"https://mybusiness.googleapis.com/v4/{PLACE}/localPosts"
ACCOUNT = Credentials(PLACE, "jeton")
SINCE = datetime(2026, 11, 25, 10, tzinfo=UTC)
LIVE = {"name": f"{PLACE}/localPosts/9", "state": "LIVE", "searchUrl": "https://local.google.com/place?id=9"}


def error(status, word):
    return {"status": status, "json": {"error": {"code": status, "message": "Non.", "status": word, "details": []}}}


def test_a_post_carries_its_photo_and_its_button(api):
    sent = api.post(POSTS, json=LIVE)
    post = Post("Menu d'automne", (Picture("https://e.fr/a.jpg", "Un plat"),), "https://levieuxmoulin.fr/carte")

    published = registry["google_business"]().publish(post, ACCOUNT, Progress())

    assert published == Published(LIVE["name"], LIVE["searchUrl"])
    body = json.loads(sent.calls[0].request.body)
    assert body == {
        "languageCode": "fr",
        "topicType": "STANDARD",
        "summary": "Menu d'automne",
        "callToAction": {"actionType": "LEARN_MORE", "url": "https://levieuxmoulin.fr/carte"},
        "media": [{"mediaFormat": "PHOTO", "sourceUrl": "https://e.fr/a.jpg"}],
    }
    schemas = specs.load("google/mybusiness-v4-localPosts.json")["schemas"]
    assert specs.unknown_names(body, schemas["LocalPost"]) == set()
    assert body["topicType"] in schemas["LocalPost"]["topicType"]["enum"]
    assert body["callToAction"]["actionType"] in schemas["CallToAction"]["actionType"]["enum"]
    assert specs.unknown_names(body["media"][0], schemas["MediaItem"]) == set()


def test_the_button_is_the_one_of_the_settings(api):
    sent = api.post(POSTS, json=LIVE)
    account = Credentials(PLACE, "jeton", settings={"call_to_action": "BOOK"})

    registry["google_business"]().publish(Post("x", link="https://levieuxmoulin.fr"), account, Progress())

    assert json.loads(sent.calls[0].request.body)["callToAction"]["actionType"] == "BOOK"


def test_a_post_in_review_is_looked_at_and_never_created_again(api):
    created = api.post(POSTS, json={**LIVE, "state": "PROCESSING"})
    look = api.get(f"https://mybusiness.googleapis.com/v4/{LIVE['name']}", json=LIVE)
    progress = Progress()

    with pytest.raises(TransientError) as caught:
        registry["google_business"]().publish(Post("x"), ACCOUNT, progress)
    published = registry["google_business"]().publish(Post("x"), ACCOUNT, progress)

    assert (caught.value.code, published.external_id) == ("in_review", LIVE["name"])
    assert (len(created.calls), len(look.calls)) == (1, 1)


def test_a_review_without_end_is_told_to_staff_and_the_post_taken_as_published(api):
    api.get(f"https://mybusiness.googleapis.com/v4/{LIVE['name']}", json={**LIVE, "state": "PROCESSING"})
    warnings = []
    progress = Progress({"name": LIVE["name"], "looks": 5}, warn=warnings.append)

    published = registry["google_business"]().publish(Post("x"), ACCOUNT, progress)

    assert published.external_id == LIVE["name"]
    assert warnings == ["Google examinait encore ce post à la dernière lecture : vérifiez-le sur la fiche."]


def test_a_post_is_found_again_by_its_text_and_date_unless_it_was_refused(api):
    rows = [
        {**LIVE, "name": "a", "summary": "Menu", "createTime": "2026-11-25T10:01:00.123456789Z", "state": "REJECTED"},
        {**LIVE, "name": "b", "summary": "Menu", "createTime": "2026-11-25T10:00:30Z"},
        {**LIVE, "name": "c", "summary": "Menu", "createTime": "2026-11-20T10:00:00Z"},
    ]
    api.get(POSTS, json={"localPosts": rows})

    found = registry["google_business"]().read_back(Post("Menu"), ACCOUNT, SINCE, Progress())

    assert found.external_id == "b"


@pytest.mark.parametrize(
    ("status", "word", "kind"),
    [
        (401, "UNAUTHENTICATED", AccountDisconnected),
        (403, "PERMISSION_DENIED", AccountDisconnected),
        (400, "INVALID_ARGUMENT", ContentRejected),
        (400, "FAILED_PRECONDITION", ContentRejected),
        (404, "NOT_FOUND", PermanentError),
        (429, "RESOURCE_EXHAUSTED", RateLimited),
        (503, "UNAVAILABLE", TransientError),
        (500, "INTERNAL", OutcomeUnknown),
        (504, "DEADLINE_EXCEEDED", OutcomeUnknown),
    ],
)
def test_googles_words_become_ours(api, status, word, kind):
    api.post(POSTS, **error(status, word))

    with pytest.raises(kind) as caught:
        registry["google_business"]().publish(Post("x"), ACCOUNT, Progress())

    assert type(caught.value) is kind


def test_a_fault_while_reading_is_passing(api):
    api.get(POSTS, **error(500, "INTERNAL"))

    with pytest.raises(TransientError):
        registry["google_business"]().check(ACCOUNT)


RENEWING = Credentials(
    PLACE,
    "vieux",
    secrets={"refresh_token": "s3cret-r", "client_id": "c", "client_secret": "s3cret-c", "access_token": "vieux"},
)


def test_an_access_is_renewed_once_and_kept_sealed(api):
    token = api.post("https://oauth2.googleapis.com/token", json={"access_token": "s3cret-a", "expires_in": 3599})
    look = api.get(POSTS, json={})

    registry["google_business"]().check(RENEWING)
    registry["google_business"]().check(RENEWING)

    assert len(token.calls) == 1
    assert token.calls[0].request.body == (
        "refresh_token=s3cret-r&client_id=c&client_secret=s3cret-c&grant_type=refresh_token"
    )
    assert {call.request.headers["Authorization"] for call in look.calls} == {"Bearer s3cret-a"}
    assert "s3cret" not in str(cache._cache)


def test_a_withdrawn_consent_disconnects(api):
    api.post("https://oauth2.googleapis.com/token", status=400, json={"error": "invalid_grant"})

    with pytest.raises(AccountDisconnected) as caught:
        registry["google_business"]().check(RENEWING)

    assert "s3cret" not in str(caught.value) + caught.value.vendor_answer


@pytest.mark.parametrize("number", ["05 56 00 00 00", "0556000000", "+33 5 56 00 00 00"])
def test_a_phone_number_is_warned_of(number):
    _post, warnings = registry["google_business"]().adapt(Draft(body=f"Réservez au {number} !"))

    assert [warning for warning in warnings if "numéro de téléphone" in warning]


def test_a_price_and_a_date_are_no_phone_number():
    _post, warnings = registry["google_business"]().adapt(Draft(body="Menu à 24,50 € du 01/12/2026 au 05/12/2026"))

    assert [warning for warning in warnings if "numéro de téléphone" in warning] == []


@pytest.mark.parametrize(
    ("status", "word"), [(404, "NOT_FOUND"), (400, "INVALID_ARGUMENT"), (501, "UNIMPLEMENTED"), (410, "GONE")]
)
def test_figures_that_google_no_longer_gives_are_absent_and_no_error(api, status, word):
    api.post(f"{POSTS}:reportInsights", **error(status, word))

    assert registry["google_business"]().metrics([f"{PLACE}/localPosts/1"], ACCOUNT) == {}


@pytest.mark.parametrize(
    ("status", "word", "kind"), [(503, "UNAVAILABLE", TransientError), (401, "UNAUTHENTICATED", AccountDisconnected)]
)
def test_figures_that_google_cannot_give_now_are_asked_again(api, status, word, kind):
    api.post(f"{POSTS}:reportInsights", **error(status, word))

    with pytest.raises(kind):
        registry["google_business"]().metrics([f"{PLACE}/localPosts/1"], ACCOUNT)


def test_google_is_asked_for_an_access_that_outlives_the_persons_visit(api):
    url = registry["google_business"]().authorize_url(App("app"), "https://v.example/retour/", "etat", "defi")

    asked = dict(parse_qsl(urlsplit(url).query))
    assert url.startswith("https://accounts.google.com/o/oauth2/v2/auth?")
    assert (asked["access_type"], asked["prompt"]) == ("offline", "consent")
    assert (asked["code_challenge"], asked["code_challenge_method"]) == ("defi", "S256")
    assert asked["scope"] == "https://www.googleapis.com/auth/business.manage"
    assert (asked["state"], asked["redirect_uri"]) == ("etat", "https://v.example/retour/")


def test_a_person_with_several_places_chooses_among_them(api):
    accounts = "https://mybusinessaccountmanagement.googleapis.com/v1/accounts"
    places = "https://mybusinessbusinessinformation.googleapis.com/v1/accounts/1/locations"
    api.get(accounts, json={"accounts": [{"name": "accounts/1"}]})
    rows = [
        {"name": "locations/2", "title": "Le Vieux Moulin", "storefrontAddress": {"locality": "Vensac"}},
        {"name": "locations/3", "title": "Le Comptoir"},
    ]
    api.get(places, json={"locations": rows[:1], "nextPageToken": "suite"})
    second = api.get(places, json={"locations": rows[1:]})

    found = registry["google_business"]().candidates(App("app"), Grant("a", "r"))

    assert [(one.external_id, one.name) for one in found] == [
        (PLACE, "Le Vieux Moulin (Vensac)"),
        ("accounts/1/locations/3", "Le Comptoir"),
    ]
    assert second.calls[0].request.params["pageToken"] == "suite"
    assert found[1].secrets == {"access_token": "a", "refresh_token": "r"}


def test_a_figure_google_stops_naming_does_not_lose_the_other():
    answer = {"localPostMetrics": [{"localPostName": "p", "metricValues": [
        {"metric": "LOCAL_POST_VIEWS_SEARCH", "totalValue": {"value": "12"}},
        {"metric": "LOCAL_POST_NOVELTY", "totalValue": {"value": "9"}},
        {"metric": "LOCAL_POST_ACTIONS_CALL_TO_ACTION"},
    ]}]}  # fmt: skip

    assert figures_of(answer) == {"p": {"impressions": 12}}


def test_a_review_without_words_is_its_stars(api):
    api.get(f"https://mybusiness.googleapis.com/v4/{PLACE}/reviews", json={"reviews": [
        {"name": f"{PLACE}/reviews/r1", "starRating": "TWO", "reviewer": {"displayName": "Bob"},
         "createTime": "2026-06-01T10:00:00.123456789Z"}]})  # fmt: skip

    (said,) = registry["google_business"]().interactions(
        Credentials(PLACE, "jeton"), datetime(2026, 5, 1, tzinfo=UTC), []
    )

    assert (said.text, said.author_name) == ("★★☆☆☆", "Bob")
