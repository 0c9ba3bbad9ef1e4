"""What no reading could settle, a person does; never at the same time as the machine, never twice."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.errors import ContentRejected, InvalidTransition
from social.connectors import registry
from social.models import Publication, Reply
from social.services import deciding, publishing
from tests.factories import AccountFactory, PublicationFactory
from tests.vieuxmoulin.backoffice.rows import interaction

pytestmark = pytest.mark.django_db
LINK = "https://www.facebook.com/levieuxmoulin/posts/77"


def undecided(**fields):
    values = {"status": "unknown", "creating_since": timezone.now() - timedelta(hours=1), **fields}
    return PublicationFactory(account=AccountFactory(external_id="1001"), **values)


def test_a_post_seen_online_is_published_with_its_id_and_its_figures_to_come():
    row = undecided()

    deciding.found(row, LINK, user="camille")

    row.refresh_from_db()
    assert (row.status, row.external_id, row.permalink) == ("published", "1001_77", LINK)
    assert row.metrics_due_at is not None
    assert row.tries.get().message == f"camille l'a vue en ligne : {LINK}"


def test_the_address_of_another_network_is_refused():
    row = undecided()

    with pytest.raises(ContentRejected):
        deciding.found(row, "https://x.com/lvm/status/1", user="camille")

    row.refresh_from_db()
    assert row.status == "unknown"


def test_a_post_that_is_another_publication_of_ours_is_refused():
    row = undecided()
    PublicationFactory(account=row.account, status="published", external_id="1001_77")

    with pytest.raises(ContentRejected):
        deciding.found(row, LINK, user="camille")


def test_a_post_not_seen_leaves_again(monkeypatch):
    row = undecided()
    asked = []
    monkeypatch.setattr(deciding, "enqueue", lambda *args, **kwargs: asked.append(args))

    deciding.absent(row, user="camille")

    row.refresh_from_db()
    assert (row.status, row.creating_since, row.attempts) == ("scheduled", None, 0)
    assert asked == [("social.tasks.publish", row.pk)]


def test_a_row_that_the_machine_is_reading_back_is_left_to_it():
    row = undecided(lease_until=timezone.now() + timedelta(minutes=1), claimed_by="a worker")

    for decide in (deciding.absent, deciding.give_up):
        with pytest.raises(InvalidTransition):
            decide(row, user="camille")
    with pytest.raises(InvalidTransition):
        deciding.found(row, LINK, user="camille")

    row.refresh_from_db()
    assert row.status == "unknown"


def test_the_machine_does_nothing_more_once_a_person_has_decided(monkeypatch):
    row = undecided()
    looked = []
    monkeypatch.setattr(registry["facebook"], "read_back", lambda *args: looked.append(args))
    deciding.found(row, LINK, user="camille")

    publishing.settle(row.pk)
    publishing.publish(row.pk)

    assert looked == []
    assert Publication.objects.get(pk=row.pk).status == "published"


def test_a_post_that_was_looked_for_too_often_may_be_decided_too():
    row = undecided(status="held", last_error_code=publishing.UNDECIDED)

    deciding.give_up(row, user="camille")

    row.refresh_from_db()
    assert row.status == "canceled"


def test_what_is_held_for_another_reason_is_not_for_this_decision():
    row = undecided(status="held", last_error_code="held")

    with pytest.raises(InvalidTransition):
        deciding.absent(row, user="camille")


@pytest.mark.parametrize(
    ("slug", "link", "found"),
    [
        ("facebook", "https://www.facebook.com/1001_5", "1001_5"),
        ("facebook", "https://fr-fr.facebook.com/levieuxmoulin/videos/le-chef/99/", "1001_99"),
        ("facebook", "https://www.facebook.com/story.php?story_fbid=12&id=1001", "1001_12"),
        ("x", "https://x.com/levieuxmoulin/status/123?s=20", "123"),
        ("x", "https://twitter.com/levieuxmoulin/status/123", "123"),
        ("instagram", "https://www.instagram.com/p/C0de_-/", ""),
        ("bluesky", "https://bsky.app/profile/lvm.bsky.social/post/3kab", "at://1001/app.bsky.feed.post/3kab"),
        ("mastodon", "https://piaille.fr/@lvm/112", "112"),
        ("google_business", "https://maps.app.goo.gl/abc", ""),
        ("x", "https://x.com/levieuxmoulin", None),
        ("facebook", "https://example.com/posts/1", None),
        ("instagram", "http://www.instagram.com/p/abc", None),
    ],
)
def test_an_address_gives_the_id_where_it_holds_it(slug, link, found):
    assert registry[slug]().id_in_link(link, "1001") == found


def reply(**fields):
    return Reply.objects.create(interaction=interaction(), text="Merci !", **fields)


def test_an_answer_seen_under_the_post_is_sent():
    row = reply(status="unknown")

    deciding.reply_found(row)

    assert (row.status, row.sent_at is not None) == ("sent", True)


def test_an_answer_that_is_not_there_leaves_again_and_one_that_is_being_read_does_not():
    row, busy = reply(status="unknown"), reply(status="unknown", lease_until=timezone.now() + timedelta(minutes=1))

    deciding.reply_again(row)
    with pytest.raises(InvalidTransition):
        deciding.reply_again(busy)

    assert (row.status, row.creating_since) == ("pending", None)


def test_an_answer_given_up_is_closed():
    row = reply(status="unknown")

    deciding.reply_given_up(row)

    assert (row.status, row.last_error) == ("failed", "Abandonnée.")
