"""Law 3 on the row: one mutation, then read; a final state whatever happens."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import claims
from integrations.errors import AccountDisconnected, ContentRejected, OutcomeUnknown, RateLimited, TransientError
from social.connectors import registry
from social.connectors.base import Published
from social.models import Account, Publication, PublicationAttempt
from social.services import planning, publishing
from tests.factories import AccountFactory, ItemFactory, PublicationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def vendor(monkeypatch):
    """A Facebook that does what the test says; `calls` counts the posts it was asked to make."""

    class Vendor:
        calls = 0
        answer: object = Published("1001_1", "https://www.facebook.com/1001_1")
        found: object = None

    def publish(self, post, account, progress):
        progress.creating()
        Vendor.calls += 1
        if isinstance(Vendor.answer, Exception):
            raise Vendor.answer
        return Vendor.answer

    def read_back(self, post, account, since, progress):
        if isinstance(Vendor.found, Exception):
            raise Vendor.found
        return Vendor.found

    Vendor.calls = 0
    monkeypatch.setattr(registry["facebook"], "publish", publish)
    monkeypatch.setattr(registry["facebook"], "read_back", read_back)
    return Vendor


def test_a_due_publication_is_published(vendor):
    publication = PublicationFactory()

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "published"
    assert publication.external_id == "1001_1"
    assert publication.permalink == "https://www.facebook.com/1001_1"
    assert publication.lease_until is None


def test_a_task_that_runs_twice_publishes_once(vendor):
    publication = PublicationFactory()

    publishing.publish(publication.pk)
    publishing.publish(publication.pk)

    assert vendor.calls == 1


def test_a_publication_that_is_not_due_stays(vendor):
    publication = PublicationFactory(scheduled_at=timezone.now() + timedelta(hours=1))

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "scheduled"
    assert vendor.calls == 0


def test_a_rate_limit_is_obeyed(vendor):
    publication = PublicationFactory()
    vendor.answer = RateLimited("Trop vite.", retry_after_seconds=600)
    before = timezone.now()

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "scheduled"
    assert publication.next_attempt_at >= before + timedelta(seconds=600)
    assert publication.last_error == "Trop vite."
    assert publication.creating_since is None


def test_the_last_of_the_tries_fails(vendor):
    publication = PublicationFactory(attempts=claims.MAX_ATTEMPTS - 1)
    vendor.answer = TransientError("Panne.")

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "failed"
    assert publication.last_error == "Panne."


def test_a_refused_content_fails_with_the_vendors_answer(vendor):
    publication = PublicationFactory()
    vendor.answer = ContentRejected("Image trop lourde.", code="meta_100", vendor_answer='{"error": 1}')

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert (publication.status, publication.last_error_code) == ("failed", "meta_100")
    assert publication.vendor_answer == '{"error": 1}'


def test_an_expired_token_holds_the_post_and_disconnects_the_account(vendor):
    publication = PublicationFactory()
    vendor.answer = AccountDisconnected("Jeton expiré.")

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "held"
    assert publication.account.status == Account.Status.DISCONNECTED


def test_a_disconnected_account_is_not_called(vendor):
    publication = PublicationFactory(account__status="disconnected")

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "held"
    assert vendor.calls == 0


def test_an_unknown_outcome_is_never_sent_again_blindly(vendor):
    publication = PublicationFactory()
    vendor.answer = OutcomeUnknown("Pas de réponse.")
    publishing.publish(publication.pk)

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "unknown"
    assert vendor.calls == 1


def unknown_publication():
    return PublicationFactory(
        status="unknown", creating_since=timezone.now() - timedelta(minutes=1), next_attempt_at=timezone.now()
    )


def test_a_post_found_at_the_platform_is_adopted(vendor):
    publication = unknown_publication()
    vendor.found = Published("1001_9", "https://www.facebook.com/1001_9")

    publishing.settle(publication.pk)

    publication.refresh_from_db()
    assert (publication.status, publication.external_id) == ("published", "1001_9")
    assert vendor.calls == 0


def test_one_absence_is_not_enough_to_send_again(vendor):
    publication = unknown_publication()

    publishing.settle(publication.pk)

    publication.refresh_from_db()
    assert (publication.status, publication.absences) == ("unknown", 1)


def test_two_absences_let_it_be_sent_again(vendor):
    publication = unknown_publication()
    publishing.settle(publication.pk)
    Publication.objects.update(next_attempt_at=timezone.now())

    publishing.settle(publication.pk)

    publication.refresh_from_db()
    assert (publication.status, publication.absences) == ("scheduled", 0)
    publishing.publish(publication.pk)
    assert vendor.calls == 1


def test_a_read_back_that_fails_counts_for_nothing(vendor):
    publication = unknown_publication()
    vendor.found = TransientError("Panne.")

    publishing.settle(publication.pk)

    publication.refresh_from_db()
    assert (publication.status, publication.absences) == ("unknown", 0)


def test_a_post_of_another_publication_is_not_adopted_twice(vendor):
    publication = unknown_publication()
    PublicationFactory(account=publication.account, status="published", external_id="1001_9")
    vendor.found = Published("1001_9")

    publishing.settle(publication.pk)

    publication.refresh_from_db()
    assert publication.status == "unknown"
    assert publication.absences == 1


def test_two_workers_do_not_settle_at_once(vendor):
    publication = unknown_publication()
    Publication.objects.update(lease_until=timezone.now() + timedelta(minutes=1), claimed_by="autre")

    publishing.settle(publication.pk)

    publication.refresh_from_db()
    assert publication.absences == 0


@pytest.mark.parametrize(("is_creating", "status"), [(False, "scheduled"), (True, "unknown")])
def test_a_dead_workers_publication_is_recovered(vendor, is_creating, status):
    publication = PublicationFactory(
        status="publishing",
        lease_until=timezone.now() - timedelta(seconds=1),
        creating_since=timezone.now() if is_creating else None,
    )

    assert publishing.recover_abandoned() == 1

    publication.refresh_from_db()
    assert publication.status == status


def test_a_dish_that_ran_out_holds_the_post_when_it_leaves(vendor):
    ItemFactory(ref="gambas", availability="unavailable")
    publication = PublicationFactory(content__item_refs=["gambas"])

    publishing.publish(publication.pk)

    publication.refresh_from_db()
    assert (publication.status, publication.last_error) == ("held", "Plat indisponible : gambas.")
    assert vendor.calls == 0


def test_each_try_leaves_a_line(vendor):
    publication = PublicationFactory()

    publishing.publish(publication.pk)

    assert list(PublicationAttempt.objects.values_list("step", "outcome")) == [("publication", "publiée")]


def test_the_database_refuses_the_same_content_twice_on_an_account(vendor):
    publication = PublicationFactory()
    plan = planning.Plan("facebook", publication.account, planning.Post("x"))

    again = planning.create_publications(
        [plan], content_id=publication.content_id, scheduled_at=None, origin=planning.Origin()
    )

    assert [row.pk for row in again] == [publication.pk]
    assert Publication.objects.count() == 1


def test_cancel_leaves_what_is_published(vendor):
    waiting = PublicationFactory()
    done = PublicationFactory(account=AccountFactory(), status="published", external_id="7")

    assert planning.cancel(Publication.objects.all()) == 1

    waiting.refresh_from_db()
    done.refresh_from_db()
    assert (waiting.status, done.status) == ("canceled", "published")
