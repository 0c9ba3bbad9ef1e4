"""Redis holds the line and says no word, or is not there at all: nothing is lost, and nobody waits for it twice.

Each process then keeps by itself what it shared: the rates of the services, the rest of those that fail, the quotas of
callers, the tokens it was given.
"""

import uuid

import pytest
import responses
import time_machine
from django.core.cache import cache
from django.utils import timezone
from rest_framework.settings import api_settings

from integrations import breaker, lanes, limiter, shared_cache
from integrations.errors import CommunicationError
from integrations.http import HttpClient
from integrations.models import Heartbeat
from menus.services import revisions, writing
from notifications.models import Contact, Notification
from notifications.services import delivery, sending, turns
from social.connectors import _sessions
from tests import factories
from tests.integrations.local_server import free_port, raw_server
from tests.menus.documents import full
from tests.vieuxmoulin.api.conftest import Program, token_for
from vieuxmoulin import sweep, tasks
from vieuxmoulin.models import Task

pytestmark = pytest.mark.django_db
NOW = "2026-06-01 12:00:00+00:00"
TWILIO = f"https://api.twilio.com/2010-04-01/Accounts/AC{'0' * 32}/Messages.json"
URL = "https://api.vendor.test/v1/posts"
PATIENCE_SECONDS = 0.3


def say_nothing(connection, seen):
    seen.requests.append(connection)
    while connection.recv(4096):
        pass


@pytest.fixture
def use(settings, monkeypatch):
    """Put the shared cache at an address, with little patience."""

    # A slow machine must not make it look twice; and a port may have been another's.
    monkeypatch.setattr(shared_cache, "REST_SECONDS", 3600)
    monkeypatch.setattr(shared_cache, "_lines", {})

    def at(port):
        settings.CACHES = {
            "default": {
                "BACKEND": "integrations.shared_cache.SharedCache",
                "LOCATION": f"redis://127.0.0.1:{port}/0",
                "OPTIONS": {"socket_connect_timeout": PATIENCE_SECONDS, "socket_timeout": PATIENCE_SECONDS},
            }
        }
        breaker.forget()

    yield at
    breaker.forget()


@pytest.fixture
def silent(use):
    """A Redis that accepts and says nothing; it keeps a list of those that called."""
    with raw_server(say_nothing) as seen:
        use(seen.port)
        yield seen


@pytest.fixture(params=["silent", "absent"])
def away(request, use):
    if request.param == "absent":
        use(free_port())
        return
    request.getfixturevalue("silent")


def test_pages_of_the_staff_open_and_a_process_waits_once(admin_client, silent):
    answers = [admin_client.get(page).status_code for page in ("/admin/", "/admin/social/publication/", "/admin/")]

    assert answers == [200, 200, 200]
    assert len(silent.requests) == 1


def test_a_person_signs_in_and_guests_read_the_card(client, django_user_model, away):
    django_user_model.objects.create_superuser("camille", "camille@example.com", "un-mot-de-passe-long")
    revisions.publish(writing.replace(full()))

    signed_in = client.post("/admin/login/", {"username": "camille", "password": "un-mot-de-passe-long"})

    assert (signed_in.status_code, client.get("/admin/").status_code) == (302, 200)
    assert client.get("/carte/").status_code == 200


def test_calls_made_side_by_side_do_not_wait_each_for_itself(silent):
    cache.get("déjà demandé")

    def call(rank):
        return HttpClient("vendor").get(URL, token=f"jeton-{rank}").json()

    with responses.RequestsMock() as api:
        api.get(URL, json={"id": "1"})
        found = lanes.each("vendor", call, range(20), at_once=8)

    assert found == [{"id": "1"}] * 20
    assert len(silent.requests) == 1


def test_nobody_waits_for_it_while_it_is_known_to_be_silent(silent):
    for rank in range(20):
        cache.set(f"chose:{rank}", rank, 60)
        assert cache.get(f"chose:{rank}") == rank

    assert len(silent.requests) == 1


def test_the_service_is_ready_and_says_what_is_missing(client, away):
    answer = client.get("/health/ready")

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert answer.json()["degraded"] == {"cache": "Le cache (Redis) ne répond pas : chaque processus garde le sien."}


def test_a_paced_service_gets_no_more_than_its_rate_and_each_message_once(settings, away, monkeypatch):
    settings.SANDBOX, settings.QUIET_HOURS = False, False
    waits = []
    monkeypatch.setattr(turns, "pause", waits.append)
    factories.ProviderFactory(platform="twilio", channel="sms", rate_per_second=5)
    factories.ContactFactory.create_batch(12)
    template = factories.MessageTemplateFactory(purpose="transactional", sms_body="Bonjour {{customer.first_name}}")
    sending.create_messages(
        template=template,
        contacts=Contact.objects.all(),
        channels=["sms"],
        data={"promo_title": "Menu du jour"},
        origin=sending.Origin(uuid.uuid4()),
    )

    with responses.RequestsMock() as api, time_machine.travel(NOW, tick=False):
        calls = api.post(TWILIO, status=201, json={"sid": "SM1"})
        delivery.deliver_chunk(str(delivery.Chunk.objects.get().pk))

    assert list(Notification.objects.values_list("status", flat=True)) == ["sent"] * 12
    assert calls.call_count == 12
    assert waits == pytest.approx([1.0, 2.0], abs=0.01)


def test_whoever_would_wait_too_long_is_still_sent_away(away):
    with time_machine.travel(NOW, tick=False):
        limiter.reserve("trial:camille", amount=10, per_second=1, longest_wait=5)

        assert limiter.reserve("trial:camille", amount=1, per_second=1, longest_wait=5) == pytest.approx(10)


def test_a_service_that_fails_is_let_rest(settings, away):
    settings.BREAKER_FAILURES = 3
    fates = []
    with responses.RequestsMock() as api:
        calls = api.get(URL, status=503)
        for _ in range(5):
            try:
                HttpClient("vendor").get(URL, token="jeton-a")
            except CommunicationError as error:
                fates.append(type(error).__name__)
            # What this process knows for an instant is not what is tested here.
            breaker._known.clear()

    assert fates == ["TransientError"] * 3 + ["CircuitOpen"] * 2
    assert calls.call_count == 3


def test_callers_keep_their_quota(away, monkeypatch):
    monkeypatch.setitem(api_settings.DEFAULT_THROTTLE_RATES, "client", "3/day")
    program = Program(token_for("campaigns:read"))

    answers = [program.get("/campaigns").status_code for _ in range(4)]

    assert answers == [200, 200, 200, 429]


def test_what_is_asked_for_is_taken_and_kept(away):
    factories.ProviderFactory()
    factories.MessageTemplateFactory(slug="promotion")
    body = {
        "template": "promotion",
        "recipients": ["camille@example.com"],
        "data": {"promo_title": "Huîtres"},
        "channels": ["email"],
    }

    answer = Program(token_for("notify")).post("/notify", body)

    assert answer.status_code == 202
    assert Notification.objects.get().task_id == Task.objects.get().pk


def test_the_round_of_each_minute_is_made_and_tells_that_it_lives(away, monkeypatch):
    queued = []
    monkeypatch.setattr("integrations.waking.send", lambda task, pk, **more: queued.append(str(pk)) or True)
    monkeypatch.setattr(tasks.worker_pulse, "apply_async", lambda *args, **more: None)
    due = factories.PublicationFactory(status="scheduled", scheduled_at=timezone.now(), next_attempt_at=timezone.now())

    first, second = sweep.sweep(), sweep.sweep()
    tasks.beat_pulse()

    assert (first["publish"], second["publish"]) == (1, 0)
    assert queued == [str(due.pk)]
    assert Heartbeat.objects.filter(name="beat").exists()


def test_a_session_with_a_network_serves_again(away):
    _sessions.remember("bluesky", "did:plc:1", {"accessJwt": "jeton"}, 60)

    assert _sessions.recall("bluesky", "did:plc:1") == {"accessJwt": "jeton"}
