"""Idempotency-Key: sent twice, done once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from integrations.models import WebhookEndpoint
from social.models import Publication
from tests.factories import AccountFactory
from tests.vieuxmoulin.api.conftest import Program, token_for
from vieuxmoulin.api import idempotency
from vieuxmoulin.models import IdempotencyRecord, Task

BODY = {"content": {"body": "La carte d'automne est là."}, "platforms": ["facebook"]}


@pytest.fixture
def account(db):
    return AccountFactory(platform="facebook")


def test_the_same_key_and_body_get_the_same_answer(api, account):
    first = api.post("/publish", BODY, Idempotency_Key="k1")

    second = api.post("/publish", BODY, Idempotency_Key="k1")

    assert (second.status_code, second.json()) == (202, first.json())
    assert second["Location"] == first["Location"]
    assert second["Idempotent-Replayed"] == "true"
    assert "Idempotent-Replayed" not in first
    assert Publication.objects.count() == Task.objects.count() == 1


def test_a_body_laid_out_differently_is_the_same(api, account):
    api.post("/publish", BODY, Idempotency_Key="k1")

    second = api.post(
        "/publish/",
        b'{ "platforms" : ["facebook"], "content": {"body": "La carte d\'automne est l\\u00e0."} }',
        Idempotency_Key="k1",
    )

    assert second["Idempotent-Replayed"] == "true"


def test_another_body_under_the_same_key_is_refused(api, account):
    api.post("/publish", BODY, Idempotency_Key="k1")

    second = api.post("/publish", {**BODY, "priority": 1}, Idempotency_Key="k1")

    assert second.status_code == 422
    assert "Idempotency-Key" in second.json()["detail"]
    assert Publication.objects.count() == 1


def test_another_address_under_the_same_key_is_refused(api, account):
    api.post("/publish", BODY, Idempotency_Key="k1")

    assert api.post("/contents", BODY["content"], Idempotency_Key="k1").status_code == 422


def test_two_clients_do_not_share_their_keys(program, account):
    program("publish", name="Caisse").post("/publish", BODY, Idempotency_Key="k1")

    second = program("publish", name="Site").post("/publish", BODY, Idempotency_Key="k1")

    assert "Idempotent-Replayed" not in second
    assert Publication.objects.count() == 2


def test_a_refusal_frees_the_key_for_the_corrected_request(api, account):
    refused = api.post("/publish", {**BODY, "platforms": ["facebok"]}, Idempotency_Key="k1")

    corrected = api.post("/publish", BODY, Idempotency_Key="k1")

    assert (refused.status_code, corrected.status_code) == (422, 202)
    assert Publication.objects.count() == 1


def test_a_request_still_running_is_a_conflict(api, account):
    api.post("/publish", BODY, Idempotency_Key="k1")
    IdempotencyRecord.objects.update(response_status=None, running_until=timezone.now() + timedelta(seconds=30))

    second = api.post("/publish", BODY, Idempotency_Key="k1")

    assert second.status_code == 409
    assert Publication.objects.count() == 1


def test_a_key_left_by_a_dead_process_is_taken_over(api, account):
    api.post("/publish", BODY, Idempotency_Key="k1")
    IdempotencyRecord.objects.update(response_status=None, running_until=timezone.now() - timedelta(seconds=1))

    second = api.post("/publish", BODY, Idempotency_Key="k1")

    assert second.status_code == 202
    assert "Idempotent-Replayed" not in second
    assert IdempotencyRecord.objects.get().response_status == 202


def test_a_request_that_lost_its_lease_leaves_nothing(api, account, monkeypatch):
    def slow(*args, **kwargs):
        IdempotencyRecord.objects.update(running_until=timezone.now() + timedelta(hours=1))
        return original(*args, **kwargs)

    original = idempotency._complete
    monkeypatch.setattr(idempotency, "_complete", slow)

    answer = api.post("/publish", BODY, Idempotency_Key="k1")

    assert answer.status_code == 409
    assert Publication.objects.count() == Task.objects.count() == 0


def test_the_answer_and_the_rows_are_committed_together(api, account, monkeypatch):
    def crash(*args):
        raise SystemError

    monkeypatch.setattr(idempotency, "_complete", crash)

    answer = api.post("/publish", BODY, Idempotency_Key="k1")

    assert answer.status_code == 500
    assert Publication.objects.count() == IdempotencyRecord.objects.count() == 0


@pytest.mark.parametrize("key", ["", "é", "x" * 256])
def test_a_key_that_is_none_is_refused(api, account, key):
    answer = api.post("/publish", BODY, Idempotency_Key=key)

    assert answer.status_code == 400
    assert answer.json()["problems"][0]["field"] == "Idempotency-Key"


def test_a_secret_shown_once_is_sealed_where_it_waits_for_a_replay(api):
    body = {"url": "http://127.0.0.1:8000/hook", "events": ["*"]}
    secret = api.post("/webhook-endpoints", body, Idempotency_Key="k1").json()["secret"]

    again = api.post("/webhook-endpoints", body, Idempotency_Key="k1")

    with connection.cursor() as cursor:
        cursor.execute("SELECT response_body FROM vieuxmoulin_idempotencyrecord")
        stored = cursor.fetchone()[0]
    assert secret.startswith("whsec_")
    assert again.json()["secret"] == secret
    assert secret not in stored
    assert WebhookEndpoint.objects.count() == 1


def test_old_answers_are_forgotten(api, account):
    api.post("/publish", BODY, Idempotency_Key="k1")
    api.post("/publish", BODY, Idempotency_Key="k2")
    IdempotencyRecord.objects.filter(key="k1").update(created_at=timezone.now() - timedelta(days=3))

    assert idempotency.forget_old() == 1

    assert IdempotencyRecord.objects.get().key == "k2"


@pytest.mark.django_db(transaction=True)
def test_two_requests_at_once_are_done_once():
    AccountFactory(platform="facebook")
    token = token_for("publish")
    answers = []
    ready = threading.Barrier(4)

    def call():
        program = Program(token)
        ready.wait()
        answer = program.post("/publish", BODY, Idempotency_Key="k1")
        while answer.status_code == 503:
            # SQLite in memory refuses a second writer instead of letting it wait: come back, as the answer says.
            answer = program.post("/publish", BODY, Idempotency_Key="k1")
        answers.append(answer)
        connection.close()

    threads = [threading.Thread(target=call) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {answer.status_code for answer in answers} <= {202, 409}
    done = [answer for answer in answers if answer.status_code == 202]
    assert len([answer for answer in done if "Idempotent-Replayed" not in answer]) == 1
    assert len({str(answer.json()) for answer in done}) == 1
    assert Publication.objects.count() == Task.objects.count() == 1
