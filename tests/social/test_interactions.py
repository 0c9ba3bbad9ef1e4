"""What guests say: kept once, our own words ignored, answered once, told outside."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from integrations.errors import ContentRejected, OutcomeUnknown, TransientError
from integrations.models import WebhookDelivery
from social import queries
from social.connectors import registry
from social.connectors._engagement import Interaction as Found
from social.models import Interaction, Reply
from social.services import interactions
from tests.factories import AccountFactory, PublicationFactory, WebhookEndpointFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 25, 10, tzinfo=UTC)


@pytest.fixture
def account():
    return AccountFactory(external_id="1001", username="levieuxmoulin")


@pytest.fixture
def post(account):
    return PublicationFactory(account=account, status="published", external_id="1001_1", published_at=timezone.now())


def comment(number=1, **changes):
    fields = {
        "external_id": f"c{number}",
        "kind": "comment",
        "post_id": "1001_1",
        "author_id": "77",
        "author_name": "Ana",
        "text": "Miam !",
        "created_at": AT,
    }
    return Found(**{**fields, **changes})


def test_a_comment_is_kept_once_under_its_post(account, post):
    assert interactions.receive(account, [comment()]) == 1
    assert interactions.receive(account, [comment(), comment()]) == 0

    row = Interaction.objects.get()
    assert (row.publication, row.author_name, row.text, row.is_read) == (post, "Ana", "Miam !", False)


@pytest.mark.parametrize("ours", [{"author_id": "1001"}, {"author_id": "", "author_name": "levieuxmoulin"}])
def test_our_own_words_are_ignored(account, post, ours):
    assert interactions.receive(account, [comment(**ours)]) == 0


def test_an_edited_comment_is_to_be_read_again(account, post):
    interactions.receive(account, [comment()])
    interactions.mark_read([Interaction.objects.get().pk])

    interactions.receive(account, [comment(text="Miam, mais froid.")])

    row = Interaction.objects.get()
    assert (row.text, row.is_read) == ("Miam, mais froid.", False)


def test_each_new_fact_is_told_outside_once(account, post, django_capture_on_commit_callbacks):
    WebhookEndpointFactory(events=["engagement"])

    with django_capture_on_commit_callbacks(execute=True):
        interactions.receive(account, [comment()])
        interactions.receive(account, [comment()])

    body = WebhookDelivery.objects.get().body
    assert (body["event"], body["source"]) == ("engagement", "social_media")
    assert body["payload"]["kind"] == "comment"
    assert body["payload"]["post_id"] == post.public_id


def test_unread_words_are_counted(account, post):
    interactions.receive(account, [comment(1), comment(2)])

    assert queries.unread_interactions() == 2
    assert interactions.mark_read([Interaction.objects.first().pk]) == 1
    assert queries.unread_interactions() == 1


def test_polling_asks_about_recent_posts_only(account, post, monkeypatch):
    PublicationFactory(
        account=account, status="published", external_id="vieux", published_at=timezone.now() - timedelta(days=30)
    )
    asked = []

    def read(self, who, since, post_ids):
        asked.append(list(post_ids))
        return [comment()]

    monkeypatch.setattr(registry["facebook"], "interactions", read)
    monkeypatch.setattr(registry["facebook"], "has_interactions", True)

    assert interactions.poll_all() == 1
    assert asked == [["1001_1"]]


@pytest.fixture
def written(account, post, monkeypatch):
    """An answer of ours, and a network that does what the test says."""

    class Network:
        said: list = []
        answer: object = "r1"

    def reply(self, interaction_id, text, who):
        Network.said.append((interaction_id, text))
        if isinstance(Network.answer, Exception):
            raise Network.answer
        return Network.answer

    Network.said = []
    monkeypatch.setattr(registry["facebook"], "reply", reply)
    interactions.receive(account, [comment()])
    Network.row = interactions.reply(Interaction.objects.get(), " Merci Ana ! ", user=None)
    return Network


def test_an_answer_is_sent_once(written):
    for _ in range(2):
        interactions.send_reply(written.row.pk)

    written.row.refresh_from_db()
    assert written.said == [("c1", "Merci Ana !")]
    assert (written.row.status, written.row.external_id) == ("sent", "r1")
    assert Interaction.objects.get().is_read


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TransientError("Panne."), "pending"),
        (OutcomeUnknown("Pas de réponse."), "unknown"),
        (ContentRejected("Non."), "failed"),
    ],
)
def test_an_answer_that_did_not_go_says_why(written, error, status):
    written.answer = error

    interactions.send_reply(written.row.pk)

    written.row.refresh_from_db()
    assert (written.row.status, written.row.last_error) == (status, str(error))


def test_an_answer_of_unknown_fate_is_never_sent_again(written):
    written.answer = OutcomeUnknown("Pas de réponse.")
    interactions.send_reply(written.row.pk)

    interactions.send_reply(written.row.pk)

    assert len(written.said) == 1


def test_a_dead_workers_answer_is_not_sent_again(written):
    Reply.objects.update(status="sending", lease_until=timezone.now())

    assert interactions.recover_abandoned() == 1

    written.row.refresh_from_db()
    assert written.row.status == "unknown"


@pytest.fixture
def doubtful(written, monkeypatch):
    """An answer of unknown fate, and what the network says when it is looked for."""
    written.answer = OutcomeUnknown("Pas de réponse.")
    interactions.send_reply(written.row.pk)
    written.found = None
    monkeypatch.setattr(
        registry["facebook"], "find_reply", lambda self, interaction_id, text, who, since: written.found
    )

    def look():
        Reply.objects.update(next_attempt_at=timezone.now())
        interactions.settle_reply(written.row.pk)
        written.row.refresh_from_db()
        return written.row.status

    written.look = look
    return written


def test_an_answer_found_under_the_post_is_adopted(doubtful):
    doubtful.found = "r9"

    assert doubtful.look() == "sent"
    assert doubtful.row.external_id == "r9"
    assert len(doubtful.said) == 1


def test_an_answer_absent_twice_leaves_again_once(doubtful):
    doubtful.answer = "r1"

    assert doubtful.look() == "unknown"
    assert doubtful.look() == "pending"
    interactions.send_reply(doubtful.row.pk)

    doubtful.row.refresh_from_db()
    assert (doubtful.row.status, len(doubtful.said)) == ("sent", 2)


def test_an_answer_that_is_never_found_is_left_to_a_person_after_a_few_times(doubtful):
    for _ in range(20):
        if doubtful.look() == "pending":
            interactions.send_reply(doubtful.row.pk)

    doubtful.row.refresh_from_db()
    assert (doubtful.row.status, doubtful.row.last_error_code) == ("failed", "undecided")
    assert len(doubtful.said) == 3


@pytest.mark.parametrize("liked", [True, False])
def test_a_like_is_given_and_taken_back(account, post, monkeypatch, liked):
    told = []
    monkeypatch.setattr(registry["facebook"], "like", lambda self, key, who, liked=True: told.append((key, liked)))
    interactions.receive(account, [comment()])
    row = Interaction.objects.get()

    interactions.like(row, liked)

    row.refresh_from_db()
    assert (told, row.is_liked) == ([("c1", liked)], liked)
