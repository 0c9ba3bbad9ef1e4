"""Law 7: one function decides, and says why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from notifications.models import Contact, Notification, Suppression
from notifications.services import contacts
from notifications.services.permission import Standing, forecast, may_send, next_opening, standing, with_standing
from tests.factories import ContactFactory, MessageTemplateFactory

pytestmark = pytest.mark.usefixtures("quiet_hours")
# A Thursday, 11 h in Paris.
NOON = datetime(2026, 11, 26, 10, tzinfo=UTC)
WILLING = Standing("a@example.com", has_consent=True, opposition="", recent_messages=0)


def standings(guests, channel):
    known = with_standing(Contact.objects.filter(pk__in=[guest.pk for guest in guests]), channel, contact="pk")
    return {row.pk: standing(row, row, channel) for row in known}


def decide(standing=WILLING, *, purpose="marketing", channel="email", now=NOON):
    return may_send(purpose=purpose, channel=channel, standing=standing, now=now)


def test_a_guest_who_agreed_is_written_to():
    assert decide().allowed


@pytest.mark.parametrize(
    ("standing", "words"),
    [
        (Standing("", True, "", 0), "sans moyen d'être joint"),
        (Standing("a@example.com", False, "", 0), "Pas de consentement"),
        (Standing("a@example.com", True, "all", 0), "opposition"),
        (Standing("a@example.com", True, "", 4), "plafond de 4"),
    ],
)
def test_each_refusal_says_why(standing, words):
    decision = decide(standing)

    assert not decision.allowed
    assert words in decision.reason
    assert decision.ask_again_at is None


def test_a_service_message_needs_no_consent_but_respects_oppositions():
    assert decide(Standing("a@example.com", False, "", 9), purpose="transactional").allowed
    assert not decide(Standing("a@example.com", True, "all", 0), purpose="transactional").allowed


@pytest.mark.parametrize(
    ("channel", "now", "opens"),
    [
        ("email", datetime(2026, 11, 26, 21, tzinfo=UTC), datetime(2026, 11, 27, 7, tzinfo=UTC)),
        ("email", datetime(2026, 11, 27, 5, tzinfo=UTC), datetime(2026, 11, 27, 7, tzinfo=UTC)),
        # SMS: 20 h on a Saturday waits for Monday.
        ("sms", datetime(2026, 11, 28, 19, 30, tzinfo=UTC), datetime(2026, 11, 30, 7, tzinfo=UTC)),
        # The Christmas of 2026 is a Friday.
        ("sms", datetime(2026, 12, 25, 10, tzinfo=UTC), datetime(2026, 12, 26, 7, tzinfo=UTC)),
        # The night when summer time begins: 8 h in Paris is 6 h UTC.
        ("email", datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 6, tzinfo=UTC)),
    ],
)
def test_quiet_hours_defer_and_do_not_drop(channel, now, opens):
    decision = decide(channel=channel, now=now)

    assert not decision.allowed
    assert decision.ask_again_at == opens


def test_an_open_hour_is_now():
    assert next_opening("sms", NOON) == NOON


@pytest.mark.django_db
def test_standings_know_consents_oppositions_and_recent_messages():
    willing, silent, gone = ContactFactory(), ContactFactory(agrees=[]), ContactFactory()
    contacts.withdraw(gone, channel="email", source="test")
    template = MessageTemplateFactory()
    Notification.objects.create(
        template=template, contact=willing, channel="email", task_id=willing.pk, status="sent", sent_at=timezone.now()
    )

    known = standings([willing, silent, gone], "email")

    assert known[willing.pk] == Standing(willing.email, True, "", 1)
    assert not known[silent.pk].has_consent
    assert known[gone.pk].opposition == "all"


@pytest.mark.django_db
def test_standings_cost_one_query_whatever_the_number(django_assert_num_queries):
    guests = [ContactFactory() for _ in range(20)]

    with django_assert_num_queries(1):
        standings(guests, "email")


@pytest.mark.django_db
def test_agreeing_again_lifts_the_opposition():
    guest = ContactFactory()
    contacts.withdraw(guest, channel="email", source="test")

    contacts.grant(guest, channel="email", source="formulaire", wording="J'accepte.", version="2")

    assert standings([guest], "email")[guest.pk] == Standing(guest.email, True, "", 0)


@pytest.mark.django_db
def test_the_cap_forgets_after_seven_days():
    guest, template = ContactFactory(), MessageTemplateFactory()
    Notification.objects.create(
        template=template,
        contact=guest,
        channel="email",
        task_id=guest.pk,
        status="sent",
        sent_at=timezone.now() - timedelta(days=8),
    )

    assert standings([guest], "email")[guest.pk].recent_messages == 0


def test_who_unsubscribed_from_offers_still_hears_of_a_booking():
    unsubscribed = replace(WILLING, opposition="offers")

    offer = may_send(purpose="marketing", channel="email", standing=unsubscribed, now=NOON)
    booking = may_send(purpose="transactional", channel="email", standing=unsubscribed, now=NOON)

    assert (offer.allowed, offer.reason) == (False, "Ce client s'est désabonné des offres.")
    assert booking.allowed


def test_a_dead_address_takes_nothing_at_all():
    dead = replace(WILLING, opposition="all")

    assert not may_send(purpose="transactional", channel="email", standing=dead, now=NOON).allowed


@pytest.mark.django_db
def test_an_opposition_grows_and_never_shrinks():
    guest = ContactFactory()

    contacts.withdraw(guest, channel="email", source="page web", scope="offers")
    contacts.withdraw(guest, channel="email", source="plainte")
    contacts.withdraw(guest, channel="email", source="page web", scope="offers")

    assert (Suppression.objects.get().scope, Suppression.objects.get().reason) == ("all", "plainte")


@pytest.mark.django_db
def test_the_forecast_tells_unsubscribed_from_silenced():
    unsubscribed, silenced = ContactFactory(), ContactFactory()
    contacts.withdraw(unsubscribed, channel="email", source="page web", scope="offers")
    contacts.withdraw(silenced, channel="email", source="plainte")

    offers = forecast(Contact.objects.all(), channel="email", purpose="marketing", now=NOON)
    service = forecast(Contact.objects.all(), channel="email", purpose="transactional", now=NOON)

    assert (offers.allowed, offers.refused) == (0, {"suppressed": 1, "unsubscribed": 1})
    assert (service.allowed, service.refused) == (1, {"suppressed": 1})
