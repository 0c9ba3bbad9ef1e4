"""The editorial calendar: days in Paris time, moves refused with a better date, few questions for many rows."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests import factories
from vieuxmoulin.backoffice import calendar

PARIS = ZoneInfo("Europe/Paris")
CALENDAR = "/admin/calendrier/"


def move_address(publication):
    return reverse("backoffice:calendar_move", args=[publication.pk])


def coming(days=3, hour=12, minute=0):
    """A moment to come, as a clock in Paris shows it."""
    day = timezone.localdate() + timedelta(days=days)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=PARIS)


def planned(at, **fields):
    return factories.PublicationFactory(scheduled_at=at, **fields)


def shown(response):
    return {day.day: [chip.title for chip in day.chips] for day in response.context["days"] if day.chips}


def test_a_month_shows_whole_weeks_from_monday(office):
    response = office.get(CALENDAR, {"jour": "2026-12-10"})

    days = response.context["days"]
    assert (days[0].day, days[-1].day) == (date(2026, 11, 30), date(2027, 1, 3))
    assert response.context["span"].title == "Décembre 2026"
    assert [day.day.day for day in days if day.is_outside] == [30, 1, 2, 3]


def test_a_week_begins_on_monday(office):
    response = office.get(CALENDAR, {"jour": "2026-12-10", "vue": "semaine"})

    days = response.context["days"]
    assert (days[0].day, days[-1].day) == (date(2026, 12, 7), date(2026, 12, 13))
    assert "Semaine du 7 décembre 2026" in response.content.decode()


@pytest.mark.parametrize("asked", ["", "pas-une-date", "9999-12-31", "0001-01-01"])
def test_an_odd_day_is_today(office, asked):
    response = office.get(CALENDAR, {"jour": asked})

    assert any(day.is_today for day in response.context["days"])


def test_a_late_evening_in_paris_is_on_its_own_day(office):
    planned(datetime(2026, 7, 14, 23, 30, tzinfo=PARIS), content__title="Feu d'artifice")
    planned(datetime(2026, 7, 15, 0, 15, tzinfo=PARIS), content__title="Après le feu")

    response = office.get(CALENDAR, {"jour": "2026-07-01"})

    assert shown(response) == {date(2026, 7, 14): ["Feu d'artifice"], date(2026, 7, 15): ["Après le feu"]}


def test_the_days_around_a_change_of_time_are_each_there_once(office):
    planned(datetime(2026, 10, 25, 0, 30, tzinfo=PARIS), content__title="Avant")
    planned(datetime(2026, 10, 25, 23, 30, tzinfo=PARIS), content__title="Après")

    response = office.get(CALENDAR, {"jour": "2026-10-01"})

    days = [day.day for day in response.context["days"]]
    assert len(days) == len(set(days)) == 35
    assert shown(response) == {date(2026, 10, 25): ["Avant", "Après"]}


@pytest.mark.parametrize(
    ("moment", "day", "kept"),
    [
        (datetime(2026, 10, 24, 18, 30, tzinfo=PARIS), date(2026, 10, 26), "2026-10-26T18:30:00+01:00"),
        (datetime(2026, 3, 28, 18, 30, tzinfo=PARIS), date(2026, 3, 30), "2026-03-30T18:30:00+02:00"),
        # That night, 02:30 does not exist.
        (datetime(2026, 3, 28, 2, 30, tzinfo=PARIS), date(2026, 3, 29), "2026-03-29T03:30:00+02:00"),
    ],
)
def test_the_clock_on_the_wall_is_kept_from_a_day_to_another(moment, day, kept):
    assert calendar.same_clock(moment, day).isoformat() == kept


def test_filters_keep_one_network_and_one_campaign(office):
    at, campaign = coming(), factories.CampaignFactory()
    planned(at, content__title="Facebook seul")
    planned(at, content__title="De la campagne", campaign=campaign)
    planned(at, content__title="Sur X", account__platform="x", account__credential__platform="x", campaign=campaign)
    days = {"jour": at.date().isoformat()}

    on_x = office.get(CALENDAR, {**days, "reseau": "x"})
    in_campaign = office.get(CALENDAR, {**days, "campagne": str(campaign.pk)})
    odd = office.get(CALENDAR, {**days, "reseau": "minitel", "campagne": "n'importe quoi"})

    assert shown(on_x) == {at.date(): ["Sur X"]}
    assert shown(in_campaign) == {at.date(): ["De la campagne", "Sur X"]}
    assert len(shown(odd)[at.date()]) == 3


def test_what_was_canceled_is_not_in_the_way(office):
    planned(coming(), content__title="Annulée", status="canceled")

    assert shown(office.get(CALENDAR, {"jour": coming().date().isoformat()})) == {}


def test_a_drop_changes_the_day_and_keeps_the_hour(office):
    publication = planned(coming(3, 18, 30))
    day = coming(5).date()

    response = office.post(move_address(publication), {"day": day.isoformat()})

    publication.refresh_from_db()
    assert response.headers["HX-Refresh"] == "true"
    assert publication.scheduled_at == coming(5, 18, 30)
    assert publication.next_attempt_at == publication.scheduled_at


def test_the_form_changes_day_and_hour(office):
    publication = planned(coming(3))

    office.post(move_address(publication), {"at": f"{coming(4, 20, 15):%Y-%m-%dT%H:%M}"})

    publication.refresh_from_db()
    assert publication.scheduled_at == coming(4, 20, 15)


def test_a_slot_taken_is_refused_with_a_better_one(office):
    first = planned(coming(4, 12), content__title="Plat du jour", post={"text": "Plat du jour"})
    second = planned(coming(3, 12), account=first.account, post={"text": "Autre chose"})

    response = office.post(move_address(second), {"day": coming(4).date().isoformat()})

    second.refresh_from_db()
    page = response.content.decode()
    assert second.scheduled_at == coming(3, 12)
    assert "« Plat du jour » part à 12:00 sur ce compte" in page
    assert f'value="{coming(4, 18):%Y-%m-%dT%H:%M}"' in page
    assert "Forcer" in page


def test_the_better_slot_is_taken_in_one_click(office):
    first = planned(coming(4, 12), post={"text": "Plat du jour"})
    second = planned(coming(3, 12), account=first.account, post={"text": "Autre chose"})

    office.post(move_address(second), {"at": f"{coming(4, 18):%Y-%m-%dT%H:%M}"})

    second.refresh_from_db()
    assert second.scheduled_at == coming(4, 18)


def test_whoever_approves_may_force(office):
    first = planned(coming(4, 12), post={"text": "Plat du jour"})
    second = planned(coming(3, 12), account=first.account, post={"text": "Autre chose"})

    office.post(move_address(second), {"at": f"{coming(4, 12):%Y-%m-%dT%H:%M}", "force": "1"})

    second.refresh_from_db()
    assert (second.scheduled_at, second.is_forced) == (coming(4, 12), True)


def test_a_writer_neither_sees_nor_uses_force(sign_in):
    first = planned(coming(4, 12), post={"text": "Plat du jour"})
    second = planned(coming(3, 12), account=first.account, post={"text": "Autre chose"})
    browser = sign_in("Rédaction")

    response = browser.post(move_address(second), {"at": f"{coming(4, 12):%Y-%m-%dT%H:%M}", "force": "1"})

    second.refresh_from_db()
    assert "Forcer" not in response.content.decode()
    assert (second.scheduled_at, second.is_forced) == (coming(3, 12), False)


def test_the_past_is_refused_without_a_way_to_force(office):
    publication = planned(coming(3, 12))

    response = office.post(move_address(publication), {"day": (timezone.localdate() - timedelta(days=2)).isoformat()})

    publication.refresh_from_db()
    assert "Cette heure est passée" in response.content.decode()
    assert "Forcer" not in response.content.decode()
    assert publication.scheduled_at == coming(3, 12)


@pytest.mark.parametrize("typed", ["", "demain", "2026-03-29T02:30"])
def test_a_date_that_is_none_is_refused(office, typed):
    publication = planned(coming(3, 12))

    response = office.post(move_address(publication), {"at": typed})

    publication.refresh_from_db()
    assert 'role="alert"' in response.content.decode()
    assert publication.scheduled_at == coming(3, 12)


def test_what_has_left_does_not_move(office):
    publication = planned(coming(3, 12), status="published")

    response = office.post(move_address(publication), {"day": coming(5).date().isoformat()})

    publication.refresh_from_db()
    assert "déjà partie" in response.content.decode()
    assert publication.scheduled_at == coming(3, 12)


def test_only_what_has_not_left_can_be_dragged(office):
    waiting = planned(coming(3, 12))
    gone = planned(coming(3, 18), status="published")

    page = office.get(CALENDAR, {"jour": coming(3).date().isoformat()}).content.decode()

    assert f'data-move="{move_address(waiting)}"' in page
    assert move_address(gone) not in page


def test_the_kitchen_has_no_calendar(sign_in):
    publication = planned(coming(3, 12))
    browser = sign_in("Cuisine")

    assert browser.get(CALENDAR).status_code == 403
    assert browser.post(move_address(publication), {"day": coming(5).date().isoformat()}).status_code == 403


def test_a_reader_sees_and_moves_nothing(client, django_user_model):
    publication = planned(coming(3, 12))
    user = django_user_model.objects.create_user("lecteur", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_publication"))
    client.force_login(user)

    page = client.get(CALENDAR, {"jour": coming(3).date().isoformat()}).content.decode()
    refused = client.post(move_address(publication), {"day": coming(5).date().isoformat()})

    publication.refresh_from_db()
    assert 'draggable="true"' not in page
    assert refused.status_code == 403
    assert publication.scheduled_at == coming(3, 12)


def test_whoever_has_not_signed_in_is_sent_to_the_door(client, db):
    response = client.get(CALENDAR)

    assert response.status_code == 302
    assert response.url.startswith("/admin/login/")


def test_five_hundred_rows_cost_no_more_questions_than_two(office):
    account = factories.AccountFactory()
    start = coming(1, 8)
    address = f"{CALENDAR}?jour={start.date().isoformat()}"

    def fill(number, offset=0):
        for rank in range(number):
            planned(start + timedelta(minutes=offset + rank), account=account, campaign=factories.CampaignFactory())

    fill(2)
    with CaptureQueriesContext(connection) as few:
        office.get(address)
    fill(498, offset=2)
    with CaptureQueriesContext(connection) as many:
        response = office.get(address)

    day = next(day for day in response.context["days"] if day.day == start.date())
    assert len(many) <= len(few)
    assert (len(day.chips), day.folded, day.more) == (60, 56, 440)
    assert "+ 496 autres" in response.content.decode()
