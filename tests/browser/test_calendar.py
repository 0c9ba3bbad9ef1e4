"""The calendar as staff meet it: a publication dragged to another day, or put off by the form on a telephone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests import factories
from tests.browser.test_backoffice import overflow

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PARIS = ZoneInfo("Europe/Paris")


def coming(days, hour=12):
    day = timezone.localdate() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, tzinfo=PARIS)


def week_of(moment):
    return f"/admin/calendrier/?vue=semaine&jour={moment.date().isoformat()}"


def two_days_of_one_week():
    """Two days to come that one week shows."""
    first = coming(1) if (timezone.localdate() + timedelta(days=1)).weekday() < 5 else coming(8)
    return first, first + timedelta(days=1)


def square(page, moment):
    return page.locator(f"[data-day='{moment.date().isoformat()}']")


def test_a_publication_is_moved_to_another_day(office):
    first, second = two_days_of_one_week()
    publication = factories.PublicationFactory(scheduled_at=first, content__title="Plat du jour")
    office.goto(week_of(first))

    if office.is_phone:
        office.get_by_label("Reporter « Plat du jour »…").click()
        office.locator("#dialog input[name=at]").fill(f"{second:%Y-%m-%dT%H:%M}")
        office.locator("#dialog").get_by_role("button", name="Reporter").click()
    else:
        office.get_by_text("Plat du jour").drag_to(square(office, second))
    expect(office.get_by_text("« Plat du jour » part maintenant le")).to_be_visible()

    publication.refresh_from_db()
    assert publication.scheduled_at == second
    expect(square(office, second).get_by_text("Plat du jour")).to_be_visible()


def test_a_conflict_is_told_with_a_date_that_is_taken_in_one_click(office):
    first, second = two_days_of_one_week()
    taken = factories.PublicationFactory(scheduled_at=second, content__title="Menu", post={"text": "Menu"})
    publication = factories.PublicationFactory(
        scheduled_at=first, content__title="Plat du jour", account=taken.account, post={"text": "Plat"}
    )
    office.goto(week_of(first))

    if office.is_phone:
        office.get_by_label("Reporter « Plat du jour »…").click()
        office.locator("#dialog input[name=at]").fill(f"{second:%Y-%m-%dT%H:%M}")
        office.locator("#dialog").get_by_role("button", name="Reporter").click()
    else:
        office.get_by_text("Plat du jour").drag_to(square(office, second))
    expect(office.locator("#dialog [role=alert]")).to_contain_text("« Menu » part à 12:00 sur ce compte")
    office.locator("#dialog").get_by_role("button", name="Prendre le").click()
    expect(office.get_by_text("« Plat du jour » part maintenant le")).to_be_visible()

    publication.refresh_from_db()
    assert publication.scheduled_at == second.replace(hour=18)


def test_a_full_month_is_no_wider_than_the_window(office):
    account = factories.AccountFactory()
    for rank in range(40):
        factories.PublicationFactory(
            account=account,
            scheduled_at=coming(1, 8) + timedelta(hours=5 * rank),
            content__title="Une très longue annonce du menu d'automne et de ses cèpes de Vensac",
        )

    office.goto(f"/admin/calendrier/?jour={coming(1).date().isoformat()}")

    expect(square(office, coming(1)).locator(".cal-chip").first).to_be_visible()
    assert overflow(office) == 0
