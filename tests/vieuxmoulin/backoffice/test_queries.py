"""Lists and the home page ask the database the same number of questions for one row and for a hundred."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import ServiceHealth
from menus.models import MenuSync
from notifications.models import Notification
from tests import factories
from tests.vieuxmoulin.backoffice import rows

HOME_QUERIES = 30


def publications(number):
    account = factories.AccountFactory.build()
    account.credential.save()
    account.save()
    for _rank in range(number):
        rows.publication(account=account, status="failed", last_error="Refusé.")


def contents(number):
    for _rank in range(number):
        factories.ContentFactory()


def guests(number):
    tag = factories.TagFactory()
    for _rank in range(number):
        factories.ContactFactory().tags.add(tag)


def messages(number):
    template = factories.MessageTemplateFactory()
    for _rank in range(number):
        rows.message(template=template)


def dishes(number):
    rows.card(number)


def menus(number):
    for _rank in range(number):
        rows.card()


def syncs(number):
    menu = rows.card()
    first = rows.sync(menu, status="drifted")
    for _rank in range(number - 1):
        MenuSync.objects.create(revision=first.revision, destination=first.destination, status="failed")


def campaigns(number):
    for _rank in range(number):
        factories.PhaseActionFactory()


def deliveries(number):
    endpoint = factories.WebhookEndpointFactory()
    for _rank in range(number):
        rows.delivery(endpoint=endpoint)


def events(number):
    for _rank in range(number):
        rows.inbound()


def tasks(number):
    for _rank in range(number):
        rows.task(status="partial", outcome={"counts": {"published": 1}})


LISTS = {
    "social_publication": publications,
    "campaigns_content": contents,
    "campaigns_campaign": campaigns,
    "campaigns_phase": campaigns,
    "campaigns_phaseaction": campaigns,
    "notifications_contact": guests,
    "notifications_notification": messages,
    "notifications_consent": guests,
    "menus_item": dishes,
    "menus_menu": menus,
    "menus_category": menus,
    "menus_menurevision": syncs,
    "menus_menusync": syncs,
    "integrations_webhookdelivery": deliveries,
    "integrations_inboundevent": events,
    "vieuxmoulin_task": tasks,
}


def queries_of(office, address):
    with CaptureQueriesContext(connection) as asked:
        assert office.get(address).status_code == 200
    return len(asked)


@pytest.mark.parametrize("screen", sorted(LISTS))
def test_a_hundred_rows_cost_no_more_questions_than_two(office, screen):
    address = reverse(f"admin:{screen}_changelist")
    LISTS[screen](2)
    few = queries_of(office, address)

    LISTS[screen](98)

    assert queries_of(office, address) <= few + 1


def test_the_home_page_asks_little_and_the_same_with_five_hundred_rows(office):
    rows.one_of_each()
    few = queries_of(office, "/admin/")

    publications(250)
    messages(250)
    ServiceHealth.objects.bulk_create(ServiceHealth(slug=f"service-{rank}") for rank in range(20))
    Notification.objects.update(status="skipped", reason="Pas de consentement.")

    assert few <= HOME_QUERIES
    # The week's figures are counted every half minute only.
    assert queries_of(office, "/admin/") <= 15


def test_a_full_campaign_page_asks_no_more_than_a_small_one(office):
    campaign = factories.CampaignFactory()
    address = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    for _rank in range(2):
        factories.PhaseActionFactory(phase__campaign=campaign, task_id=rows.task().pk)
    few = queries_of(office, address)

    for _rank in range(20):
        factories.PhaseActionFactory(phase__campaign=campaign, task_id=rows.task().pk)

    assert queries_of(office, address) <= few


def test_the_page_of_a_menu_asks_no_more_with_a_hundred_dishes(office):
    menu = rows.card(2)
    address = reverse("admin:menus_menu_change", args=[menu.pk])
    few = queries_of(office, address)

    for _rank in range(98):
        factories.ItemFactory(category=menu.categories.first())

    assert queries_of(office, address) <= few


def test_what_goes_out_is_in_order_and_ten_lines_long(office):
    now = timezone.now()
    content = factories.ContentFactory(title="Le dernier")
    factories.PublicationFactory(content=content, scheduled_at=now + timedelta(days=2))
    for rank in range(12):
        soon = factories.ContentFactory(title=f"Tout de suite {rank}")
        factories.PublicationFactory(content=soon, scheduled_at=now + timedelta(hours=rank))

    lines = office.get("/admin/").context["upcoming"]

    assert [line.title for line in lines] == [f"Tout de suite {rank}" for rank in range(10)]
