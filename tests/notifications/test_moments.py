"""The best moment: each guest's own, else the group's; inside the window and the quiet hours; better than a fixed hour."""

import random
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.models import Chunk, Contact, Habit, Notification
from notifications.services import moments, sending
from notifications.services.permission import next_opening
from notifications.services.reports import week_hour
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory

# Monday 1 June 2026, 10 h in Paris.
START = datetime(2026, 6, 1, 8, tzinfo=UTC)
WEEK = START + timedelta(days=7)


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    monkeypatch.setattr("django.conf.settings.QUIET_HOURS", True)


def paris(at):
    hour = week_hour(at)
    return moments.DAYS[hour // 24], hour % 24


def reads(contact, day, hour, weight=5):
    Habit.objects.create(contact=contact, hour=day * 24 + hour, weight=weight)


@pytest.mark.django_db
def test_a_guest_is_written_to_at_their_own_hour():
    guest, other = ContactFactory(), ContactFactory()
    reads(guest, 3, 12)

    own, rest = moments.plan(Contact.objects.all(), "email", START, WEEK)

    assert (paris(own.at), own.why, own.contacts) == (("jeudi", 12), "own", (guest.pk,))
    assert (rest.contacts, rest.leaves_out_habits) == (None, True)
    assert other.pk not in (own.contacts or ())


@pytest.mark.django_db
def test_the_others_follow_the_group_then_all_then_the_house():
    reader, stranger = ContactFactory(), ContactFactory()
    group = Contact.objects.filter(pk=stranger.pk)

    without = moments.plan(group, "email", START, WEEK)[-1]
    reads(reader, 1, 9, weight=moments.EVIDENCE)
    with_all = moments.plan(group, "email", START, WEEK)[-1]
    with_group = moments.plan(Contact.objects.all(), "email", START, WEEK)[-1]

    assert (without.why, paris(without.at)[1]) == ("house", 18)
    assert (with_all.why, paris(with_all.at)) == ("all", ("mardi", 9))
    assert (with_group.why, paris(with_group.at)) == ("group", ("mardi", 9))


def test_one_click_at_an_odd_hour_weighs_less_than_the_group():
    hours = moments.open_hours("email", START, WEEK)
    prior = {3 * 24 + 12: 1.0}

    assert paris(moments.best(hours, Counter({20: 1}), prior)) == ("jeudi", 12)
    assert paris(moments.best(hours, Counter({20: 9}), prior)) == ("lundi", 20)


# Without a deadline: the first look at a year's holidays is slow.
@settings(deadline=None)
@pytest.mark.parametrize("channel", ["email", "sms"])
@given(
    minutes=st.integers(0, 60 * 24 * 400),
    length=st.integers(1, 60 * 24 * 10),
    own=st.dictionaries(st.integers(0, 167), st.integers(1, 9), max_size=6),
)
def test_the_hour_is_always_allowed_and_in_the_window_where_one_is(channel, minutes, length, own):
    start = START + timedelta(minutes=minutes)
    end = start + timedelta(minutes=length)
    hours = moments.open_hours(channel, start, end)

    at = moments.best(hours, Counter(own), {})

    assert next_opening(channel, at) == at
    assert at >= start
    assert at <= end or hours == [next_opening(channel, start)]


@pytest.mark.django_db
def test_messages_wait_for_their_hour_and_say_why():
    ProviderFactory(platform="sendgrid", channel="email")
    guest, other = ContactFactory(), ContactFactory()
    reads(guest, 3, 12)

    total = sending.create_messages(
        template=MessageTemplateFactory(),
        contacts=Contact.objects.all(),
        channels=["email"],
        data={"promo_title": "Cèpes"},
        origin=sending.Origin(uuid.uuid4()),
        when=sending.When(START, WEEK, is_best=True),
    )

    found = {row.contact_id: row for row in Notification.objects.select_related("chunk")}
    assert (total, Chunk.objects.count()) == (2, 2)
    assert paris(found[guest.pk].chunk.next_attempt_at) == ("jeudi", 12)
    assert found[guest.pk].moment_reason == "Heure où cette personne lit d'habitude."
    assert paris(found[other.pk].chunk.next_attempt_at)[1] == 18
    assert "heure habituelle du restaurant" in found[other.pk].moment_reason


@pytest.mark.django_db
def test_a_single_possible_hour_is_everybodys():
    ProviderFactory(platform="sendgrid", channel="email")
    reads(ContactFactory(), 3, 12)
    ContactFactory()

    total = sending.create_messages(
        template=MessageTemplateFactory(),
        contacts=Contact.objects.all(),
        channels=["email"],
        data={"promo_title": "Cèpes"},
        origin=sending.Origin(uuid.uuid4()),
        when=sending.When(START, START + timedelta(minutes=30), is_best=True),
    )

    assert (total, Chunk.objects.get().next_attempt_at) == (2, START)


@pytest.mark.django_db
def test_what_is_known_of_a_guest_is_told_in_words():
    guest = ContactFactory()
    before = moments.explain(guest)
    reads(guest, 3, 12, weight=6)
    reads(guest, 0, 9, weight=2)

    assert before.startswith("Nous n'avons jamais vu")
    assert moments.explain(guest) == "Lit surtout le jeudi vers 12 h (6 sur 8 de ce que nous avons vu)."


@pytest.mark.django_db
def test_simulated_guests_read_more_than_at_any_fixed_hour():
    """Guests with one or two hours of their own, half of them hardly known; opening is four times likelier near them."""
    chance = random.Random(7)
    likes = {}
    for _number in range(120):
        guest = ContactFactory()
        hours = [chance.choice((8, 9, 12, 13, 18, 19, 20)) for _ in range(chance.randint(1, 2))]
        likes[guest.pk] = hours
        seen = Counter(
            chance.randrange(7) * 24 + (chance.choice(hours) if chance.random() < 0.8 else chance.randrange(8, 21))
            for _ in range(chance.choice((0, 1, 2, 8, 15)))
        )
        Habit.objects.bulk_create(Habit(contact=guest, hour=hour, weight=weight) for hour, weight in seen.items())

    def reads_at(pk, at):
        near = min(abs(paris(at)[1] - hour) for hour in likes[pk]) <= 1
        return 0.40 if near else 0.10

    slots = moments.plan(Contact.objects.all(), "email", START, START + timedelta(days=1))
    at_of = {pk: slot.at for slot in slots if slot.contacts for pk in slot.contacts}
    ours = sum(reads_at(pk, at_of.get(pk, slots[-1].at)) for pk in likes)
    fixed = {
        at: sum(reads_at(pk, at) for pk in likes)
        for at in moments.open_hours("email", START, START + timedelta(days=1))
    }

    assert ours > 1.15 * max(fixed.values())
    assert ours > 1.5 * sum(fixed.values()) / len(fixed)
