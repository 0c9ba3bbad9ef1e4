"""Reading a stream again and again: its position moves with what was read, or not at all."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.utils import timezone
from responses.matchers import header_matcher, query_param_matcher

from integrations.errors import CircuitOpen
from integrations.models import ModuleCursor, ServiceDay, ServiceHealth
from integrations.services import streams
from integrations.services.streams import Stream
from notifications.models import Tag
from tests.integrations.modules.conftest import ROOT, contact, page

pytestmark = pytest.mark.django_db
CONTACTS = f"{ROOT}/crm/contacts"
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


class Log:
    """What was applied; `fails` makes the next application fail after it wrote a row."""

    def __init__(self):
        self.pages, self.firsts, self.fails = [], [], False

    def __call__(self, items, is_first):
        for item in items:
            Tag.objects.create(slug=item.id, name=item.id)
        if self.fails:
            raise ValueError("une faute de chez nous")
        self.pages.append([item.id for item in items])
        self.firsts.append(is_first)


@pytest.fixture
def log():
    return Log()


@pytest.fixture
def stream(log, api):
    made = Stream("crm", "contacts", "Clients", timedelta(minutes=5), "contacts", log)
    streams.rows_of([made])
    return made


def row():
    return ModuleCursor.objects.get()


def first(api, **more):
    return api.get(CONTACTS, match=[query_param_matcher({"limit": 100})], **more)


def second(api, **more):
    return api.get(CONTACTS, match=[query_param_matcher({"cursor": "A", "limit": 100})], **more)


def test_a_stream_is_read_to_its_end_and_then_rests(stream, log, api):
    first(api, json=page(contact("c1"), after="A", more=True))
    second(api, json=page(contact("c2"), after="B"))
    with time_machine.travel(NOON, tick=False):
        assert streams.run(stream)

    assert log.pages == [["c1"], ["c2"]]
    assert (row().cursor, row().status, row().synced_at) == ("B", "idle", NOON)
    assert row().next_attempt_at == NOON + timedelta(minutes=5)
    assert ServiceHealth.objects.get(slug="crm").is_up
    with time_machine.travel(NOON + timedelta(minutes=4), tick=False):
        assert not streams.run(stream)


def test_a_reading_broken_off_in_the_middle_goes_on_from_there(stream, log, api):
    first(api, json=page(contact("c1"), after="A", more=True))
    broken = second(api, status=503)
    assert not streams.run(stream)
    assert (row().cursor, log.pages) == ("A", [["c1"]])
    assert (row().synced_at, row().last_error_code) == (None, "503")

    api.remove(broken)
    second(api, json=page(contact("c2"), after="B"))
    ModuleCursor.objects.update(next_attempt_at=None)
    assert streams.run(stream)

    assert (row().cursor, log.pages, row().last_error) == ("B", [["c1"], ["c2"]], "")
    # Until it was read to its end once, everything in it was there before us.
    assert log.firsts == [True, True]


def test_what_could_not_be_applied_is_not_passed_over(stream, log, api):
    first(api, json=page(contact("c1"), after="A"))
    log.fails = True
    assert not streams.run(stream)

    assert (row().cursor, row().last_error_code, Tag.objects.count()) == ("", "ValueError", 0)

    log.fails = False
    ModuleCursor.objects.update(next_attempt_at=None)
    assert streams.run(stream)
    assert (row().cursor, Tag.objects.count()) == ("A", 1)


def test_nothing_new_is_a_304_and_applies_nothing(stream, log, api):
    first(api, json=page(after="A"), headers={"ETag": '"0"'})
    second(api, json=page(after="A"), headers={"ETag": '"1"'})
    for _ in range(2):
        ModuleCursor.objects.update(next_attempt_at=None)
        streams.run(stream)
    assert (row().cursor, row().etag) == ("A", '"1"')
    # The version of the first page says nothing of the second.
    assert [call.request.headers.get("If-None-Match") for call in api.calls] == [None, None]

    api.reset()
    api.get(CONTACTS, status=304, match=[header_matcher({"If-None-Match": '"1"'})])
    ModuleCursor.objects.update(next_attempt_at=None, synced_at=None)
    log.pages.clear()

    assert streams.run(stream)
    assert log.pages == []
    assert row().synced_at is not None


def test_a_refused_element_is_named_until_it_comes_back_well(stream, log, api):
    made = first(api, json=page(contact("c1", email=3), contact("c2"), after="A"))
    streams.run(stream)
    assert [one["id"] for one in row().refused] == ["c1"]
    assert log.pages == [["c2"]]

    api.remove(made)
    second(api, json=page(contact("c1"), after="B"))
    ModuleCursor.objects.update(next_attempt_at=None)
    streams.run(stream)
    assert row().refused == []


def test_two_workers_do_not_read_the_same_stream(stream, api, log):
    ModuleCursor.objects.update(status="running", claimed_by="autre", lease_until=timezone.now() + timedelta(minutes=5))

    assert not streams.run(stream)
    assert log.pages == []
    assert streams.recover_abandoned() == 0

    ModuleCursor.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert streams.recover_abandoned() == 1
    first(api, json=page(contact("c1")))
    assert streams.run(stream)


def test_a_worker_that_lost_its_row_writes_nothing(stream, api, log):
    def taken_over(items, is_first):
        ModuleCursor.objects.update(claimed_by="autre")
        Tag.objects.create(slug="a", name="a")

    first(api, json=page(contact("c1"), after="A"))
    slow = Stream("crm", "contacts", "Clients", stream.pace, "contacts", taken_over)

    assert not streams.run(slow)
    assert (row().cursor, Tag.objects.count()) == ("", 0)


@pytest.mark.parametrize(
    ("answer", "code", "least_minutes"),
    [({"status": 503}, "503", 1), ({"json": {"items": 1}}, "bad_answer", 10), ({"status": 401}, "401", 10)],
)
def test_a_failure_is_kept_with_its_date_and_tried_again(stream, api, answer, code, least_minutes):
    first(api, **answer)
    with time_machine.travel(NOON, tick=False):
        streams.run(stream)

    found = row()
    assert (found.last_error_code, found.failing_since, found.status) == (code, NOON, "idle")
    assert found.next_attempt_at >= NOON + timedelta(minutes=least_minutes)
    assert not ServiceHealth.objects.get(slug="crm").is_up

    with time_machine.travel(NOON + timedelta(minutes=40), tick=False):
        streams.run(stream)
        assert row().failing_since == NOON
        assert list(streams.failing_for_long()) == [row()]


def test_a_module_that_is_let_rest_keeps_what_was_wrong_with_it(stream, api, monkeypatch):
    first(api, status=503)
    streams.run(stream)
    before = (row().last_error, ServiceDay.objects.get().failed)
    ModuleCursor.objects.update(next_attempt_at=None)

    def rests(*_):
        raise CircuitOpen("On le laisse souffler.", code="circuit_open", retry_after_seconds=30)

    monkeypatch.setattr("integrations.breaker.check", rests)
    streams.run(stream)

    found = row()
    assert (found.last_error, ServiceDay.objects.get().failed) == before
    assert (found.last_error_code, found.attempts, found.status) == ("503", 1, "idle")


def test_a_module_away_for_weeks_is_still_asked(stream, api):
    first(api, status=503)
    streams.run(stream)
    ModuleCursor.objects.update(next_attempt_at=None, attempts=3000)

    streams.run(stream)

    assert (row().status, row().attempts) == ("idle", 3001)
    assert row().next_attempt_at < timezone.now() + timedelta(minutes=20)


def test_a_stream_of_one_answer_is_read_by_its_version(api):
    seen = []
    made = Stream("iot", "levels", "Stock", timedelta(minutes=2), "levels_if_changed", lambda value, first: seen.append(value), is_paged=False)  # fmt: skip
    streams.rows_of([made])
    address = f"{ROOT}/iot/stock/levels"
    answer = api.get(address, json={"items": [{"ref": "cepes", "quantity": 2}]}, headers={"ETag": '"1"'})
    streams.run(made)
    api.remove(answer)
    api.get(address, status=304, match=[header_matcher({"If-None-Match": '"1"'})])
    ModuleCursor.objects.update(next_attempt_at=None)

    assert streams.run(made)
    assert [[level.ref for level in value] for value in seen] == [["cepes"]]


def test_a_module_that_is_not_configured_has_no_row(settings, log):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}

    assert streams.rows_of([Stream("crm", "contacts", "Clients", timedelta(1), "contacts", log)]) == []


def test_a_person_may_have_it_read_at_once_or_from_the_beginning(stream, api):
    ModuleCursor.objects.update(next_attempt_at=NOON + timedelta(days=400), cursor="Z", etag='"9"')
    assert list(streams.due()) == []

    assert streams.hasten("crm") == 1
    assert list(streams.due()) == [row()]
    assert streams.start_again("crm", "contacts") == 1
    assert (row().cursor, row().etag) == ("", "")
