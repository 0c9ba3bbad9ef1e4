"""Orders that give a campaign's code are counted to it, once each, and only guests it had written to are converted."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from asgiref.sync import async_to_sync
from django.core.cache import cache
from django.db import IntegrityError
from django.utils import timezone

from campaigns.models import Campaign, CampaignAnalytics, Conversion
from campaigns.services import conversions
from integrations.errors import ContentRejected, PermanentError
from integrations.modules.accounting import Order
from integrations.modules.crm import Customer
from integrations.services import inbound
from notifications.models import Chunk, Contact, Purchase
from notifications.services import erasure
from tests.factories import (
    CampaignFactory,
    ContactFactory,
    MessageTemplateFactory,
    PhaseActionFactory,
    WebhookEndpointFactory,
)
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.exchange import orders
from vieuxmoulin.orchestrator import conducting, converting, get_orchestrator, goals

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
PAST = NOON - timedelta(days=2)


@pytest.fixture
def campaign():
    return CampaignFactory(name="Menu d'automne", code="AUTOMNE10", status="active", start_date=PAST)


def purchase(**changes):
    return {
        "order_id": "o1",
        "occurred_at": NOON.isoformat(),
        "amount_cents": 4200,
        "campaign_code": "AUTOMNE10",
        "customer": {"email": "anne@example.com"},
        **changes,
    }


def told(**changes):
    """An order as the till's webhook tells it."""
    event, _ = inbound.store(
        source="accounting", event="purchase_recorded", delivery_id="w1", occurred_at=NOON, payload=purchase(**changes)
    )
    inbound.process(event.pk)


def order(**values):
    return Order(**{"id": "o1", "occurred_at": NOON, "amount_cents": 4200, "updated_at": NOON,
                    "customer": Customer(email="anne@example.com"), "campaign_code": "AUTOMNE10", **values})  # fmt: skip


def counted(campaign):
    converting.count(campaign.pk)
    kept = CampaignAnalytics.objects.get(campaign=campaign)
    return (kept.orders, kept.revenue_cents, kept.guests_written, kept.guests_converted, kept.rate)


def test_an_order_with_the_code_is_counted_to_its_campaign(campaign):
    orders.take((order(), order(id="o2", amount_cents=1000), order(id="o3", campaign_code="")), False)

    assert counted(campaign) == (2, 5200, 0, 0, None)


def test_an_order_told_by_the_feed_and_by_a_webhook_is_one(campaign):
    orders.take((order(),), False)

    told()

    assert Conversion.objects.get().contact == Contact.objects.get()
    assert counted(campaign)[:2] == (1, 4200)


def test_the_last_word_of_the_till_counts(campaign):
    orders.take((order(), order(amount_cents=3900)), False)
    assert counted(campaign)[:2] == (1, 3900)

    orders.take((order(campaign_code=""),), False)
    assert counted(campaign)[:2] == (0, 0)


def test_the_order_of_nobody_counts_and_makes_no_guest(campaign):
    orders.take((order(customer=None), order(id="o2", customer=Customer(email="pas une adresse"))), False)

    assert counted(campaign)[:2] == (2, 8400)
    assert (Contact.objects.count(), Purchase.objects.count()) == (0, 0)


def test_only_guests_it_had_written_to_are_converted(campaign):
    anne, bruno, chloe = (ContactFactory(email=f"{name}@example.com") for name in ("anne", "bruno", "chloe"))
    for guest, sent_at in ((anne, PAST), (bruno, PAST), (chloe, NOON + timedelta(hours=1))):
        rows.message(contact=guest, campaign=campaign, sent_at=sent_at)
    rows.message(contact=anne, campaign=campaign, sent_at=PAST)
    rows.message(campaign=campaign, status="skipped", sent_at=None)
    rows.message(contact=ContactFactory(email="dora@example.com"), sent_at=PAST)

    # Anne twice; Chloé before her message left; Dora had a message of another campaign; Bruno did not come.
    for rank, name in enumerate(("anne", "anne", "chloe", "dora")):
        orders.take((order(id=f"o{rank}", customer=Customer(email=f"{name}@example.com")),), False)

    assert counted(campaign) == (4, 16800, 3, 1, 0.3333)


def test_each_campaign_has_its_own(campaign):
    other = CampaignFactory(code="HIVER")
    orders.take((order(), order(id="o2", campaign_code="hiver", amount_cents=100)), False)

    assert (counted(campaign)[:2], counted(other)[:2]) == ((1, 4200), (1, 100))


def test_an_order_older_than_the_code_is_counted_once_a_campaign_has_it(campaign):
    orders.take((order(campaign_code="NOEL"),), False)
    assert counted(campaign)[0] == 0

    Campaign.objects.filter(pk=campaign.pk).update(code="NOEL")

    assert counted(campaign)[0] == 1


def test_the_guest_who_is_erased_leaves_the_order_of_nobody(campaign):
    orders.take((order(),), False)

    erasure.erase(Contact.objects.all())

    assert Conversion.objects.get().contact is None
    assert counted(campaign)[0] == 1


def test_the_order_of_a_guest_erased_since_counts_for_nobody(campaign):
    erasure.erase(Contact.objects.filter(pk=ContactFactory(email="anne@example.com").pk))

    told(occurred_at=(timezone.now() - timedelta(days=1)).isoformat())
    orders.take((order(id="o2", occurred_at=timezone.now() - timedelta(days=1)),), False)

    assert Contact.objects.count() == 0
    assert (counted(campaign)[0], Conversion.objects.exclude(contact=None).count()) == (2, 0)


def test_a_code_that_is_no_text_is_refused_with_its_field(campaign):
    with pytest.raises(PermanentError, match=r"payload\.campaign_code"):
        converting.note_purchase("accounting", purchase(campaign_code=10), None)

    assert not Conversion.objects.exists()


@pytest.mark.parametrize(
    ("written", "meant"), [(" automne 10 ", "AUTOMNE10"), ("", ""), ("é" * 60, "É" * 60), ("x" * 61, "")]
)
def test_a_code_is_the_same_however_it_is_typed(written, meant):
    assert conversions.canonical(written) == meant


# --- When they are counted --------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """The campaigns that are asked to be counted soon."""
    cache.clear()
    sent = []
    monkeypatch.setattr(converting, "send", lambda task, campaign_id, **_: sent.append((task, campaign_id)))
    return sent


def test_a_burst_of_orders_asks_once_to_be_counted(campaign, asked, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        orders.take(tuple(order(id=f"o{rank}") for rank in range(5)), False)
        orders.take((order(id="p", campaign_code="AUCUNE"), order(id="q", campaign_code="")), False)

    assert asked == [("vieuxmoulin.tasks.count_conversions", campaign.pk)]


def test_a_code_that_changes_counts_both_campaigns(campaign, asked, django_capture_on_commit_callbacks):
    other = CampaignFactory(code="HIVER")
    orders.take((order(),), False)
    with django_capture_on_commit_callbacks(execute=True):
        orders.take((order(campaign_code="HIVER"),), False)

    assert {campaign_id for _, campaign_id in asked} == {campaign.pk, other.pk}


def test_campaigns_that_run_or_ended_lately_are_counted_all(campaign):
    now = timezone.now()
    lately = CampaignFactory(code="LATE", status="completed", end_date=now + timedelta(hours=1))
    over = CampaignFactory(code="OLD", status="completed", start_date=now - timedelta(days=200),
                           end_date=now - timedelta(days=90))  # fmt: skip
    CampaignFactory(status="active"), CampaignFactory(code="DRAFT", status="draft")

    converting.count_all()

    assert set(CampaignAnalytics.objects.values_list("campaign_id", flat=True)) == {campaign.pk, lately.pk}
    assert over.pk not in CampaignAnalytics.objects.values_list("campaign_id", flat=True)


def test_many_campaigns_are_measured_in_three_queries(campaign, django_assert_num_queries):
    codes = {campaign.pk: campaign.code} | {
        one.pk: one.code for one in (CampaignFactory(code=f"C{n}00") for n in range(9))
    }

    with django_assert_num_queries(3):
        converting.measured(codes)


# --- What they are good for -------------------------------------------------------------------------------------------


def test_goals_of_orders_and_of_money_are_met(campaign):
    WebhookEndpointFactory(events=["performance_threshold"])
    goals_wanted = {"commandes": 2, "chiffre d'affaires": "80 €", "taux de conversion": "50 %"}
    Campaign.objects.filter(pk=campaign.pk).update(success_metrics=goals_wanted)
    rows.message(contact=ContactFactory(email="anne@example.com"), campaign=campaign, sent_at=PAST)
    orders.take((order(),), False)
    converting.count(campaign.pk)
    assert goals.check_all() == 1

    orders.take((order(id="o2"),), False)
    converting.count(campaign.pk)

    assert goals.check_all() == 2
    campaign.refresh_from_db()
    assert goals.measured(campaign) == {"orders": 2.0, "revenue": 84.0, "conversion_rate": 1.0}


def test_a_report_is_plain_data_that_a_program_may_write_down(campaign):
    orders.take((order(),), False)

    report = async_to_sync(get_orchestrator().manage_campaign)(action="report", campaign_id=str(campaign.pk))

    assert json.loads(json.dumps(report))["conversions"] == {
        "orders": 1,
        "revenue_cents": 4200,
        "guests_written": 0,
        "guests_converted": 0,
        "rate": None,
    }


def test_what_was_never_counted_is_not_known(campaign):
    assert goals.measured(campaign) == {}


def test_messages_of_a_campaign_may_say_its_code():
    action = PhaseActionFactory(
        kind="notify",
        params={"template": "promo", "channels": ["email"], "recipients": ["all"], "data": {"promo_title": "Huîtres"}},
        phase__campaign__status="active",
        phase__campaign__code="AUTOMNE10",
        phase__status="pending",
    )
    MessageTemplateFactory(slug="promo")
    ContactFactory(email="anne@example.com")

    conducting.fire_phase(action.phase_id)

    assert Chunk.objects.get().data == {"promo_code": "AUTOMNE10", "promo_title": "Huîtres"}


# --- Codes ------------------------------------------------------------------------------------------------------------


def test_a_code_is_written_in_capitals_and_belongs_to_one_campaign():
    made, _ = conducting.manage("create", campaign_data={"name": "A", "start_date": NOON, "code": "noel-26"})
    assert made.code == "NOEL-26"

    with pytest.raises(ContentRejected, match="Une autre campagne a ce code") as refused:
        conducting.manage("create", campaign_data={"name": "B", "start_date": NOON, "code": "Noel-26"})

    assert [problem["field"] for problem in refused.value.problems] == ["code"]
    assert Campaign.objects.count() == 1


@pytest.mark.parametrize("code", ["", None])
def test_campaigns_without_a_code_are_many(code):
    for name in "AB":
        conducting.manage("create", campaign_data={"name": name, "start_date": NOON, "code": code})

    assert list(Campaign.objects.values_list("code", flat=True)) == [None, None]


@pytest.mark.parametrize("code", ["AB", "ÉTÉ 10", "A" * 31, 7])
def test_a_code_that_a_till_could_not_type_is_refused(code):
    with pytest.raises(ContentRejected) as refused:
        conducting.manage("create", campaign_data={"name": "A", "start_date": NOON, "code": code})

    assert {problem["field"] for problem in refused.value.problems} == {"code"}
    assert not Campaign.objects.exists()


def test_the_database_keeps_codes_apart(campaign):
    with pytest.raises(IntegrityError):
        Campaign.objects.create(name="B", start_date=NOON, code="AUTOMNE10")
