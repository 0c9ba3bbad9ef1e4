"""1 000 events of other modules in one burst, shuffled and repeated: each is kept, and acted upon once, in order."""

import collections
import contextlib
import random
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.flows.neighbour import Event, booking, send_all
from tests.flows.waiting import until
from tests.house import house, new_database

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql, pytest.mark.needs_rabbitmq]
BOOKINGS, CHANGES, FREE = 50, 12, 400
EVENTS = BOOKINGS * CHANGES + FREE
REPEATED = 150
SEED = 20_261_130
LOOK_SECONDS = 0.02
IMPATIENT = {"SWEEP_SECONDS": "20", "WEBHOOK_RATE": "1000000/min", "RETRY_FIRST_SECONDS": "1"}
# Rules that act in a day: what each event led to stands in the database, and nothing leaves.
RULES = (
    "from campaigns.models import Automation; "
    "[Automation.objects.create(name=one, event=one, delay_minutes=1440) "
    "for one in ('booking_updated', 'wine_delivered')]; print(1)"
)
STATUS = "SELECT status, count(*) FROM integrations_inboundevent GROUP BY status"
APPLIED = """
    SELECT received.delivery_id FROM campaigns_automationrun run
    JOIN integrations_inboundevent received ON run.event_id = 'inbound:' || received.id ORDER BY run.id
"""
OVERTAKEN = "SELECT delivery_id FROM integrations_inboundevent WHERE last_error_code = 'overtaken'"
IN_HAND = "SELECT entity, claimed_by FROM integrations_inboundevent WHERE status = 'processing'"


class Watchman:
    """Looks again and again at who has which event in hand."""

    def __init__(self, url: str) -> None:
        self.at_once, self.clashes = 0, []
        self._url, self._end = url, threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        with psycopg.connect(self._url, autocommit=True) as connection:
            while not self._end.wait(LOOK_SECONDS):
                in_hand = connection.execute(IN_HAND).fetchall()
                self.at_once = max(self.at_once, len({worker for _, worker in in_hand}))
                entities = collections.Counter(entity for entity, _ in in_hand if entity)
                self.clashes += [entity for entity, times in entities.items() if times > 1]

    def __enter__(self) -> "Watchman":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join()


def events() -> list[Event]:
    """Every second one is signed."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
    changes = [
        booking(number, rank, start, is_signed=(number + rank) % 2 == 0)
        for number in range(BOOKINGS)
        for rank in range(CHANGES)
    ]
    free = [
        Event(f"w{number}", "wine_delivered", {"bottles": number}, start, number % 2 == 0) for number in range(FREE)
    ]
    return changes + free


def rows(url: str, query: str) -> list[tuple]:
    with psycopg.connect(url) as connection:
        return connection.execute(query).fetchall()


def ranks_by_booking(delivery_ids: list[str]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = collections.defaultdict(list)
    for name, _, rank in (one.partition("-") for one in delivery_ids if one.startswith("b")):
        found[name].append(int(rank))
    return found


def test_a_burst_of_1000_events_is_kept_whole_and_applied_once_in_order(tmp_path, postgresql_url, rabbitmq_url):
    database = new_database(postgresql_url)
    chance = random.Random(SEED)
    each = events()
    burst = [*each, *chance.sample(each, REPEATED)]
    chance.shuffle(burst)
    with contextlib.ExitStack() as stack:
        made = stack.enter_context(house(tmp_path, DATABASE_URL=database, BROKER_URL=rabbitmq_url, **IMPATIENT))
        made.python(RULES)
        made.start_web()
        made.start_worker("-c", "2")
        made.start_beat()
        watchman = stack.enter_context(Watchman(database))

        answers = send_all(made.url, burst)

        said = collections.Counter((answer.status_code, answer.json().get("status")) for answer in answers)
        assert said == {(202, "accepted"): EVENTS, (202, "duplicate"): REPEATED}
        until(lambda: rows(database, STATUS) == [("processed", EVENTS)], 60, lambda: str(rows(database, STATUS)))

    applied = [name for (name,) in rows(database, APPLIED)]
    overtaken = [name for (name,) in rows(database, OVERTAKEN)]
    assert max(collections.Counter(applied).values()) == 1
    # Nothing is lost: what was not acted upon says that something later had been, about the same booking.
    assert sorted(applied + overtaken) == sorted(event.delivery_id for event in each)
    in_order = ranks_by_booking(applied)
    assert len(in_order) == BOOKINGS
    assert all(ranks == sorted(ranks) and ranks[-1] == CHANGES - 1 for ranks in in_order.values())
    assert all(max(ranks) < CHANGES - 1 for ranks in ranks_by_booking(overtaken).values())
    assert watchman.at_once == 2
    assert watchman.clashes == []
