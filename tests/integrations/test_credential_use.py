"""How often each access serves and is refused: counted for the one that was opened, written down once a minute."""

from datetime import timedelta
from unittest.mock import Mock

import pytest
import responses
import structlog
from django.utils import timezone

from integrations import credential_use, lanes
from integrations.errors import AccountDisconnected, PermanentError, TransientError
from integrations.http import HttpClient
from integrations.models import AuditEntry, CredentialUse
from integrations.services import credentials
from menus.services import placing
from notifications.services import providers
from social.services import publishing
from tests import factories

pytestmark = pytest.mark.django_db
ADDRESS = "https://graph.facebook.com/me"


@pytest.fixture
def vendor(settings):
    settings.SANDBOX = False
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


def numbers():
    return list(CredentialUse.objects.order_by("credential__name").values_list("used", "refused"))


def test_each_call_counts_for_the_access_that_was_opened(vendor, django_assert_num_queries):
    vendor.get(ADDRESS, json={})
    other, row = factories.CredentialFactory(name="autre"), factories.CredentialFactory(name="page")
    credential_use.opened(other, "mastodon")
    credential_use.opened(row, "facebook")

    with django_assert_num_queries(0):
        for _ in range(3):
            HttpClient("facebook").get(ADDRESS)

    assert credentials.write_down() == 1
    assert CredentialUse.objects.get().credential == row
    assert numbers() == [(3, 0)]


def test_a_second_minute_adds_to_the_same_day(vendor):
    vendor.get(ADDRESS, json={})
    credential_use.opened(factories.CredentialFactory(), "facebook")

    for _ in range(2):
        HttpClient("facebook").get(ADDRESS)
        credentials.write_down()

    assert numbers() == [(2, 0)]
    assert credentials.write_down() == 0


def test_a_refusal_is_counted_and_is_one_line_of_the_journal(vendor):
    vendor.get(ADDRESS, status=401)
    row = factories.CredentialFactory()
    credential_use.opened(row, "facebook")

    for _ in range(2):
        with pytest.raises(AccountDisconnected):
            HttpClient("facebook").get(ADDRESS)
    credentials.write_down()

    assert numbers() == [(0, 2)]
    entry = AuditEntry.objects.get()
    assert (entry.action, entry.actor, entry.subject_id) == ("credential_refused", "système", str(row.pk))
    assert entry.detail == {"platform": "facebook", "reason": "refusé par la plateforme", "times": 2}


def test_a_passing_failure_is_a_use_and_no_refusal(vendor):
    vendor.get(ADDRESS, status=503)
    credential_use.opened(factories.CredentialFactory(), "facebook")

    with pytest.raises(TransientError):
        HttpClient("facebook").get(ADDRESS)
    credentials.write_down()

    assert numbers() == [(1, 0)]
    assert not AuditEntry.objects.exists()


def test_calls_of_another_task_are_not_its_own(vendor):
    vendor.get(ADDRESS, json={})
    with structlog.contextvars.bound_contextvars(task_id="one"):
        credential_use.opened(factories.CredentialFactory(), "facebook")

    with structlog.contextvars.bound_contextvars(task_id="another"):
        HttpClient("facebook").get(ADDRESS)

    assert credentials.write_down() == 0


def test_a_call_made_beside_this_thread_counts_as_well():
    row = factories.CredentialFactory(platform="sendgrid")
    credential_use.opened(row, "sendgrid")

    lanes.start(credential_use.note, "sendgrid", None).result()

    assert credential_use.take([str(row.pk)]) == {(str(row.pk), "used"): 1}


def test_uses_reach_the_cache_together_and_a_refusal_at_once(monkeypatch):
    row = factories.CredentialFactory(platform="sendgrid")
    credential_use.opened(row, "sendgrid")
    timers, told = [], []
    monkeypatch.setattr(credential_use.threading, "Timer", lambda seconds, work: timers.append(work) or Mock())
    monkeypatch.setattr(
        credential_use.cache, "incr", lambda key, number=1: told.append((key.rpartition(":")[2], number))
    )

    for _ in range(50):
        credential_use.note("sendgrid", None)
    credential_use.note("sendgrid", AccountDisconnected("Clé refusée."))
    assert told == [("refused", 1)]
    (after_a_second,) = timers
    after_a_second()

    assert told == [("refused", 1), ("used", 50)]
    credential_use.note("sendgrid", None)
    assert len(timers) == 2
    credential_use.tell()


def test_the_three_kinds_of_access_are_opened_where_they_are_read():
    account, provider = factories.AccountFactory(), factories.ProviderFactory()
    place = factories.DestinationFactory(platform="hubrise", credential=factories.CredentialFactory(platform="hubrise"))

    publishing.credentials(account)
    providers.access_of(provider)
    placing.target_of(place)
    for slug in ("facebook", "sendgrid", "hubrise"):
        credential_use.note(slug, None)
    credentials.write_down()

    served = set(CredentialUse.objects.values_list("credential", flat=True))
    assert served == {account.credential_id, provider.credential_id, place.credential_id}


def test_a_token_of_another_platform_is_refused_counted_and_told():
    account = factories.AccountFactory(credential=factories.CredentialFactory(platform="mastodon"))

    with pytest.raises(PermanentError, match="autre plateforme"):
        publishing.credentials(account)
    credentials.write_down()

    assert numbers() == [(0, 1)]
    assert AuditEntry.objects.get().detail["reason"] == "jeton d'une autre plateforme"


def test_the_page_of_an_access_tells_thirty_days():
    row, today = factories.CredentialFactory(), timezone.localdate()
    for days, used in ((0, 5), (29, 7), (30, 100)):
        CredentialUse.objects.create(
            credential=row, day=today - timedelta(days=days), used=used, refused=1, last_at=timezone.now()
        )

    told = credentials.usage(row)

    assert (told.used, told.refused) == (12, 2)
    assert told.last_at is not None


def test_an_access_that_never_served_says_so():
    assert credentials.usage(factories.CredentialFactory()) == credentials.Usage(None, 0, 0)
