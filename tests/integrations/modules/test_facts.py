"""The same booking by webhook and by our reading counts once; a module that means it twice is heard twice."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from integrations.models import InboundEvent, ToldState
from integrations.services import facts, inbound
from tests.plugin import on_postgresql

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
BOOKING = {"booking_id": "b1", "starts_at": "2026-12-01T20:00:00+01:00", "guests": 4}


def tell(event="booking_created", payload=BOOKING, *, origin="webhook", at=NOON, source="crm"):
    number = InboundEvent.objects.count()
    row, is_new = inbound.store(
        source=source, event=event, delivery_id=f"d{number}", occurred_at=at, payload=payload, origin=origin
    )
    return is_new, row.status


def test_what_a_webhook_told_is_no_news_to_our_reading():
    assert tell() == (True, "pending")
    assert tell(origin="reading") == (False, "processed")


def test_what_we_read_is_no_news_when_its_webhook_comes():
    assert tell(origin="reading") == (True, "pending")
    assert tell() == (False, "processed")


def test_a_module_that_says_it_twice_means_it():
    assert tell() == (True, "pending")
    assert tell() == (True, "pending")


def test_the_same_moment_written_otherwise_is_the_same_booking():
    tell()

    assert tell("booking_updated", {**BOOKING, "starts_at": "2026-12-01T19:00:00Z"}, origin="reading")[0] is False
    assert tell("booking_updated", {**BOOKING, "starts_at": "2026-12-01T20:00"}, origin="reading")[0] is False


def test_a_booking_that_moves_and_moves_back_is_told_each_time():
    moved = {**BOOKING, "guests": 6}
    told = [tell("booking_updated", said, origin="reading", at=NOON + timedelta(minutes=rank))[0]
            for rank, said in enumerate([BOOKING, moved, moved, BOOKING])]  # fmt: skip

    assert told == [True, True, False, True]


def test_what_is_older_than_what_is_known_is_not_brought_back():
    tell("booking_canceled", BOOKING, at=NOON)

    assert tell("booking_created", BOOKING, origin="reading", at=NOON - timedelta(hours=1))[0] is False
    assert ToldState.objects.get().state == "canceled"


def test_a_late_webhook_does_not_make_our_reading_tell_what_is_known():
    moved = {**BOOKING, "guests": 6}
    tell("booking_updated", moved, at=NOON + timedelta(minutes=2))

    assert tell("booking_updated", BOOKING, at=NOON)[0] is True
    assert tell("booking_updated", moved, origin="reading", at=NOON + timedelta(minutes=2))[0] is False


def test_the_same_said_later_is_as_late_as_it_was_last_said():
    tell("booking_updated", BOOKING, at=NOON)
    tell("booking_updated", BOOKING, at=NOON + timedelta(minutes=2))

    assert tell("booking_updated", {**BOOKING, "guests": 6}, at=NOON + timedelta(minutes=1))[0] is True
    assert tell("booking_updated", BOOKING, origin="reading", at=NOON + timedelta(minutes=2))[0] is False


def test_the_place_of_honour_is_one_thing():
    told = [tell("featured_recipe", {"recipe_id": name}, origin="reading", source="recipes")[0] for name in "aaba"]

    assert told == [True, False, True, True]


def test_other_events_and_events_without_a_name_are_always_news():
    assert [tell("stock_update", {"items": []})[0] for _ in range(2)] == [True, True]
    assert [tell("booking_created", {"guests": 2}, origin="reading")[0] for _ in range(2)] == [True, True]
    assert ToldState.objects.count() == 0


def test_what_a_module_held_before_us_is_known_without_a_word():
    facts.note("crm", "booking_created", BOOKING, at=NOON)

    assert InboundEvent.objects.count() == 0
    assert tell(origin="reading")[0] is False


@pytest.mark.django_db(transaction=True)
@pytest.mark.skipif(not on_postgresql(), reason="in memory, SQLite refuses a second writer")
def test_both_ways_at_the_same_instant_are_one_booking():
    """Whoever is first is told; the other, who waits for that transaction, is absorbed."""
    together, told = threading.Barrier(2), []

    def arrive(number, origin):
        together.wait()
        payload = {**BOOKING, "booking_id": number}
        row, _ = inbound.store(
            source="crm", event="booking_created", delivery_id=f"{origin}{number}", occurred_at=NOON, payload=payload,
            origin=origin,
        )  # fmt: skip
        told.append((number, row.status))
        connection.close()

    for number in range(8):
        threads = [threading.Thread(target=arrive, args=(number, origin)) for origin in ("webhook", "reading")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(told) == sorted((number, status) for number in range(8) for status in ("pending", "processed"))
