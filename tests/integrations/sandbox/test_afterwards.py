"""Once a post is out: its numbers, what guests say, what we do about it, on every network that the sandbox plays."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.errors import OutcomeUnknown, PermanentError, RateLimited, TransientError
from integrations.sandbox import guests
from integrations.sandbox.faults import inject
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry as played
from social.connectors import registry as networks
from social.connectors.base import Picture, Post, Progress
from tests.integrations.sandbox.test_connectors import ACCOUNTS, PNG

POST = Post("La carte d'automne est là", (Picture("https://exemple.fr/a.jpg", "Un plat"),))
# Google counts views and clicks only, and its guests speak of the place: tests/social/test_google_business.py.
COUNTING = [slug for slug in sorted(networks) if networks[slug].has_metrics and networks[slug].interactions_need_posts]
LISTENING = [
    slug for slug in sorted(networks) if networks[slug].has_interactions and networks[slug].interactions_need_posts
]


@pytest.fixture(autouse=True)
def picture_bytes(monkeypatch):
    """Some networks want bytes: give them some without fetching anything."""
    for slug in networks:
        monkeypatch.setattr(
            f"social.connectors.{slug}.fetch_media", lambda url, **limits: (PNG, "image/png"), raising=False
        )


@pytest.fixture
def since():
    return timezone.now() - timedelta(minutes=2)


def publish(slug):
    """A post of ours; returns its connector, its account, its id and the vendor's record."""
    connector, account = networks[slug](), ACCOUNTS[slug]
    published = connector.publish(POST, account, Progress())
    record = VendorRecord.objects.get(vendor=slug, kind=played[slug].shown_kind)
    return connector, account, published.external_id, record


@pytest.mark.parametrize("slug", COUNTING)
def test_likes_and_comments_are_counted(vendors, slug):
    connector, account, post, record = publish(slug)
    guests.like(record)
    guests.like(record)
    guests.comment(record, "Miam", "Ana")

    found = connector.metrics([post], account)

    assert list(found) == [post]
    assert (found[post]["likes"], found[post]["comments"]) == (2, 1)


@pytest.mark.parametrize(
    ("slug", "number"), [("facebook", 31), ("instagram", 31), ("x", 31), ("bluesky", None), ("mastodon", None)]
)
def test_views_are_counted_where_the_network_tells_them_and_absent_elsewhere(vendors, slug, number):
    connector, account, post, record = publish(slug)
    guests.like(record)
    guests.like(record)
    guests.comment(record, "Miam", "Ana")

    assert connector.metrics([post], account)[post].get("impressions") == number


@pytest.mark.parametrize("slug", LISTENING)
def test_comments_are_heard_once_with_their_author(vendors, slug, since):
    connector, account, post, record = publish(slug)
    guests.comment(record, "Miam, c'est bon < 20 € !", "Ana")

    found = connector.interactions(account, since, [post])

    assert [(said.kind, said.post_id, said.text) for said in found] == [("comment", post, "Miam, c'est bon < 20 € !")]
    assert found[0].author_name.lower() == "ana"
    assert found[0].created_at >= since


@pytest.mark.parametrize("slug", LISTENING)
def test_what_was_said_before_is_not_heard_again(vendors, slug):
    connector, account, post, record = publish(slug)
    guests.comment(record, "Miam", "Ana")

    assert connector.interactions(account, timezone.now() + timedelta(minutes=2), [post]) == []


@pytest.mark.parametrize("slug", [slug for slug in LISTENING if networks[slug].can_reply])
def test_an_answer_is_seen_under_the_post_and_not_heard_as_a_guest(vendors, slug, since):
    connector, account, post, record = publish(slug)
    guests.comment(record, "Miam", "Ana")
    said = connector.interactions(account, since, [post])[0]

    answer = connector.reply(said.external_id, "Merci Ana !", account)

    record.refresh_from_db()
    assert [comment["text"].removeprefix("@ana ") for comment in record.data["comments"]] == ["Miam", "Merci Ana !"]
    assert answer.rpartition("/")[2] == record.data["comments"][1]["id"]
    heard = connector.interactions(account, since, [post])
    assert [item.external_id for item in heard] == [said.external_id]


@pytest.mark.parametrize("slug", ["facebook", "instagram", "bluesky", "mastodon"])
def test_an_answer_whose_acknowledgement_is_lost_is_found_again(vendors, slug, since):
    connector, account, post, record = publish(slug)
    guests.comment(record, "Miam", "Ana")
    said = connector.interactions(account, since, [post])[0].external_id
    assert connector.find_reply(said, "Merci Ana !", account, since) is None
    inject(slug, "timeout_after_accept")

    with pytest.raises(OutcomeUnknown):
        connector.reply(said, "Merci Ana !", account)

    record.refresh_from_db()
    found = connector.find_reply(said, "Merci Ana !", account, since)
    assert found.rpartition("/")[2] == record.data["comments"][1]["id"]


@pytest.mark.parametrize("slug", [slug for slug in LISTENING if networks[slug].can_hide])
def test_a_comment_is_hidden_and_shown_again(vendors, slug, since):
    connector, account, post, record = publish(slug)
    guests.comment(record, "Pas bon", "Bob")
    said = connector.interactions(account, since, [post])[0].external_id

    connector.hide(said, True, account)
    record.refresh_from_db()
    seen_while_hidden = played[slug]().show(record).comments
    connector.hide(said, False, account)
    record.refresh_from_db()

    assert seen_while_hidden == []
    assert [comment["text"] for comment in played[slug]().show(record).comments] == ["Pas bon"]


@pytest.mark.parametrize("slug", [slug for slug in LISTENING if networks[slug].can_like])
def test_a_comment_is_liked_and_the_like_taken_back(vendors, slug, since):
    connector, account, post, record = publish(slug)
    guests.comment(record, "Miam", "Ana")
    said = connector.interactions(account, since, [post])[0].external_id

    def marks():
        record.refresh_from_db()
        comment = record.data["comments"][0]
        return bool(comment.get("likes") or comment.get("liked") or comment.get("like"))

    connector.like(said, account)
    liked = marks()
    connector.like(said, account, liked=False)

    assert (liked, marks()) == (True, False)


@pytest.mark.parametrize("slug", [slug for slug in sorted(networks) if networks[slug].can_delete])
def test_a_post_is_taken_down(vendors, slug):
    connector, account, post, record = publish(slug)

    connector.delete(post, account)

    assert not VendorRecord.objects.filter(pk=record.pk).exists()


@pytest.mark.parametrize("slug", ["x", "bluesky", "google_business"])
def test_taking_down_what_is_gone_is_no_error_where_the_network_says_so(vendors, slug):
    connector, account, post, _record = publish(slug)
    connector.delete(post, account)

    connector.delete(post, account)

    assert VendorRecord.objects.filter(vendor=slug, kind=played[slug].shown_kind).count() == 0


@pytest.mark.parametrize("slug", ["facebook", "instagram", "mastodon"])
def test_taking_down_what_is_gone_is_told_elsewhere(vendors, slug):
    connector, account, post, _record = publish(slug)
    connector.delete(post, account)

    with pytest.raises(PermanentError, match="ne connaît pas"):
        connector.delete(post, account)


def test_a_video_of_facebook_is_counted_and_found_again(vendors, since):
    film = Post("Le four à bois", (Picture("https://exemple.fr/four.mp4", kind="video"),))
    facebook, account, progress = networks["facebook"](), ACCOUNTS["facebook"], Progress()

    published = facebook.publish(film, account, progress)

    assert facebook.read_back(film, account, since, progress).external_id == published.external_id
    assert facebook.metrics([published.external_id], account)[published.external_id]["video_views"] == 12


def test_a_town_is_targeted_by_its_key(vendors):
    post = Post("Bonjour Vensac", targeting={"location": "Vensac", "age_range": [18, 65]})

    networks["facebook"]().publish(post, ACCOUNTS["facebook"], Progress())

    record = VendorRecord.objects.get(vendor="facebook", kind="post")
    assert record.data["targeting"]["geo_locations"] == {"cities": [{"key": "100608"}]}


def test_a_reel_is_shown_and_its_views_are_video_views(vendors):
    reel = Post("Le four à bois", (Picture("https://exemple.fr/four.mp4", kind="video"),))
    instagram, account = networks["instagram"](), ACCOUNTS["instagram"]

    published = instagram.publish(reel, account, Progress())

    assert instagram.metrics([published.external_id], account)[published.external_id]["video_views"] == 12


def test_a_video_goes_to_x_in_pieces(vendors, monkeypatch):
    monkeypatch.setattr("social.connectors.x.fetch_media", lambda url, **limits: (bytes(9_000_000), "video/mp4"))
    film = Post("Le four à bois", (Picture("https://exemple.fr/four.mp4", kind="video"),))
    x, account, progress = networks["x"](), ACCOUNTS["x"], Progress()
    for _look in range(2):
        with pytest.raises(TransientError, match="prépare encore"):
            x.publish(film, account, progress)

    published = x.publish(film, account, progress)

    media = VendorRecord.objects.get(vendor="x", kind="media")
    assert [media.data["parts"][name] for name in sorted(media.data["parts"])] == [4_194_304, 4_194_304, 611_392]
    assert VendorRecord.objects.get(vendor="x", kind="post").external_id == published.external_id


def test_the_quota_of_instagram_is_read_before_publishing(vendors, monkeypatch):
    monkeypatch.setattr(played["instagram"], "published_per_day", 1)
    instagram, account = networks["instagram"](), ACCOUNTS["instagram"]
    instagram.publish(POST, account, Progress())

    with pytest.raises(RateLimited, match="1 publications par jour") as caught:
        instagram.publish(Post("Encore", POST.media), account, Progress())

    assert caught.value.code == "quota"
    assert VendorRecord.objects.filter(vendor="instagram", kind="media").count() == 1


def test_a_session_of_bluesky_is_opened_once_and_renewed_when_it_lapses(vendors, monkeypatch):
    bluesky, account = networks["bluesky"](), ACCOUNTS["bluesky"]
    opened = []
    original = type(bluesky)._opened
    monkeypatch.setattr(type(bluesky), "_opened", lambda self, account: opened.append(1) or original(self, account))

    bluesky.check(account)
    first = bluesky.session(account)["accessJwt"]
    inject("bluesky", "expired_token")
    bluesky.check(account)

    assert len(opened) == 1
    assert bluesky.session(account)["accessJwt"] != first


def test_google_shows_a_post_after_its_review(vendors):
    google, account, progress = networks["google_business"](), ACCOUNTS["google_business"], Progress()
    post = Post("Sous examen", (), "https://levieuxmoulin.fr/carte")
    waits = []
    for _look in range(2):
        with pytest.raises(TransientError, match="l'examine") as caught:
            google.publish(post, account, progress)
        waits.append(caught.value.retry_after_seconds)

    published = google.publish(post, account, progress)

    assert waits == [60, 120]
    record = VendorRecord.objects.get(vendor="google_business")
    assert (record.external_id, record.data["state"]) == (published.external_id, "LIVE")
    assert record.data["body"]["callToAction"] == {
        "actionType": "LEARN_MORE",
        "url": "https://levieuxmoulin.fr/carte",
    }


def test_google_says_when_its_review_refuses_a_post(vendors):
    google, account, progress = networks["google_business"](), ACCOUNTS["google_business"], Progress()
    post = Post("Produit interdit")
    for _look in range(2):
        with pytest.raises(TransientError, match="l'examine"):
            google.publish(post, account, progress)
    with pytest.raises(PermanentError) as caught:
        google.publish(post, account, progress)

    assert caught.value.code == "rejected"
    assert progress.data["name"] == ""


def test_an_instance_that_works_on_a_file_is_waited_for(vendors):
    mastodon, account, progress = networks["mastodon"](), ACCOUNTS["mastodon"], Progress()
    post = Post("Bientôt", (Picture("https://exemple.fr/a.jpg", "un four lent"),))

    with pytest.raises(TransientError, match="prépare encore") as caught:
        mastodon.publish(post, account, progress)
    mastodon.publish(post, account, progress)

    assert caught.value.code == "not_ready"
    assert VendorRecord.objects.filter(vendor="mastodon", kind="media").count() == 1
    assert VendorRecord.objects.filter(vendor="mastodon", kind="status").count() == 1


def test_google_hears_reviews_of_the_place_and_answers_each_once(vendors, since):
    connector, account, post, record = publish("google_business")
    guests.comment(record, "Un régal", "Ana")
    (said,) = connector.interactions(account, since, [])

    first = connector.reply(said.external_id, "Merci Ana !", account)
    second = connector.reply(said.external_id, "Merci beaucoup Ana !", account)

    record.refresh_from_db()
    assert (said.text, said.author_name, said.post_id) == ("★★★★★ Un régal", "Ana", "")
    assert first == second
    assert [comment["text"] for comment in record.data["comments"]] == ["Un régal", "Merci beaucoup Ana !"]
    assert connector.find_reply(said.external_id, "Merci beaucoup Ana !", account, since) == second
    assert connector.find_reply(said.external_id, "Autre chose", account, since) is None


def test_an_answer_to_a_review_is_taken_back(vendors, since):
    connector, account, post, record = publish("google_business")
    guests.comment(record, "Un régal", "Ana")
    (said,) = connector.interactions(account, since, [])
    answer = connector.reply(said.external_id, "Merci Bob !", account)

    connector.delete(answer, account)

    record.refresh_from_db()
    assert [comment["text"] for comment in record.data["comments"]] == ["Un régal"]
    assert connector.find_reply(said.external_id, "Merci Bob !", account, since) is None


def test_google_counts_views_and_clicks_while_it_still_does(vendors):
    connector, account, post, record = publish("google_business")
    guests.like(record)

    assert connector.metrics([post], account) == {post: {"impressions": 17, "clicks": 1}}
