"""Figures of posts: a decaying cadence, snapshots and totals, nothing invented."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.errors import TransientError
from social.connectors import registry
from social.models import MetricSnapshot
from social.services import metrics
from tests.factories import AccountFactory, PublicationFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def noon():
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def network(monkeypatch):
    class Network:
        asked: list = []
        answer: object = {}

    def read(self, external_ids, account):
        Network.asked.append(list(external_ids))
        if isinstance(Network.answer, Exception):
            raise Network.answer
        return Network.answer

    Network.asked = []
    monkeypatch.setattr(registry["facebook"], "metrics", read)
    monkeypatch.setattr(registry["facebook"], "has_metrics", True)
    return Network


def published(account=None, **fields):
    return PublicationFactory(
        account=account or AccountFactory(),
        status="published",
        published_at=NOW - timedelta(minutes=10),
        metrics_due_at=NOW,
        **{"external_id": "1_1", **fields},
    )


@pytest.mark.parametrize(
    ("age", "pace"),
    [
        (timedelta(minutes=5), timedelta(minutes=10)),
        (timedelta(hours=5), timedelta(hours=1)),
        (timedelta(days=3), timedelta(hours=12)),
        (timedelta(days=20), timedelta(days=2)),
        (timedelta(days=40), None),
    ],
)
def test_an_older_post_is_read_less_often(age, pace):
    assert metrics.next_look(NOW - age, NOW) == (NOW + pace if pace else None)


def test_figures_are_kept_as_a_snapshot_and_as_totals(network):
    post = published()
    network.answer = {"1_1": {"likes": 3, "comments": 1}}

    assert metrics.take_due() == 1

    post.refresh_from_db()
    assert post.metrics == {"likes": 3, "comments": 1}
    assert post.metrics_due_at == NOW + timedelta(minutes=10)
    assert MetricSnapshot.objects.get().values == {"likes": 3, "comments": 1}


def test_what_the_network_does_not_say_is_absent_not_zero(network):
    post = published(metrics={"likes": 3, "reach": 50})
    network.answer = {"1_1": {"likes": 4}}

    metrics.take_due()

    post.refresh_from_db()
    assert post.metrics == {"likes": 4, "reach": 50}
    assert "reach" not in MetricSnapshot.objects.get().values


def test_posts_of_an_account_are_asked_together(network):
    account = AccountFactory()
    published(account)
    published(account, external_id="1_2")

    metrics.take_due()

    assert sorted(network.asked[0]) == ["1_1", "1_2"]
    assert len(network.asked) == 1


def test_a_network_that_fails_is_asked_later_and_invents_nothing(network):
    post = published()
    network.answer = TransientError("Panne.")

    assert metrics.take_due() == 0

    post.refresh_from_db()
    assert post.metrics == {}
    assert post.metrics_due_at > timezone.now()
    assert MetricSnapshot.objects.count() == 0


def test_a_disconnected_account_is_left_in_peace(network):
    published(AccountFactory(status="disconnected"))

    metrics.take_due()

    assert network.asked == []


def test_a_curve_has_the_points_there_are(network):
    post = published()
    for minutes, values in ((0, {"likes": 1}), (10, {"comments": 2}), (20, {"likes": 5})):
        MetricSnapshot.objects.create(publication=post, taken_at=NOW + timedelta(minutes=minutes), values=values)

    assert [value for _, value in metrics.curve(post, "likes")] == [1, 5]
