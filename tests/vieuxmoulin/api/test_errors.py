"""Every exception becomes one problem document, in French, without a secret or a traceback."""

import pytest
from django.db import DataError, IntegrityError, OperationalError

from integrations.errors import (
    AccountDisconnected,
    CircuitOpen,
    ContentRejected,
    InvalidTransition,
    OutcomeUnknown,
    PermanentError,
    QuotaExceeded,
    RateLimited,
    SyncError,
    TransientError,
)
from vieuxmoulin.api import errors
from vieuxmoulin.orchestrator import status


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ContentRejected("x"), 422),
        (AccountDisconnected("x"), 409),
        (InvalidTransition("x"), 409),
        (QuotaExceeded("x"), 409),
        (RateLimited("x"), 503),
        (CircuitOpen("x"), 503),
        (TransientError("x"), 503),
        (OutcomeUnknown("x"), 502),
        (SyncError("x"), 502),
        (PermanentError("x"), 422),
        (IntegrityError("x"), 409),
        (DataError("x"), 422),
        (OperationalError("x"), 503),
        (RuntimeError("x"), 500),
    ],
)
def test_each_branch_has_its_status(error, expected):
    assert errors.problem_of(error).status == expected


def test_what_may_work_later_says_when():
    problem = errors.problem_of(RateLimited("Trop vite.", retry_after_seconds=12.2))

    assert problem.headers == {"Retry-After": "13"}


def test_a_refusal_carries_its_problems_and_its_cure():
    error = ContentRejected(
        "Trop long.", code="too_long", suggestion="Raccourcissez.", action="Modifier", problems=[{"rule": "length"}]
    )

    body = errors.respond(errors.problem_of(error), "/api/communication/publish").data

    assert body["type"] == "urn:levieuxmoulin:probleme:too_long"
    assert body["detail"] == "Trop long."
    assert body["instance"] == "/api/communication/publish"
    assert body["problems"] == [{"rule": "length"}]
    assert (body["suggestion"], body["action"]) == ("Raccourcissez.", "Modifier")


def test_an_unexpected_error_tells_nothing_but_its_correlation(api, monkeypatch):
    def crash():
        raise RuntimeError("mot de passe : 1234")

    monkeypatch.setattr(status, "status", crash)

    answer = api.get("/status")

    body = answer.json()
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert set(body) == {"type", "title", "status", "detail", "instance", "correlation_id"}
    assert "1234" not in answer.content.decode()
    assert body["correlation_id"] == answer["X-Correlation-ID"] != ""


def test_the_callers_correlation_id_comes_back(api):
    answer = api.client.get("/api/communication/nulle-part", headers={**api.headers, "X-Correlation-ID": "caisse-42"})

    assert answer.json()["correlation_id"] == "caisse-42"


def test_texts_are_french_whatever_the_callers_language(api):
    answer = api.post("/publish", {"content": {"body": "x"}}, Accept_Language="en")

    assert answer.json()["problems"][0]["message"] == "Ce champ est obligatoire."


@pytest.mark.parametrize(
    ("content_type", "status"), [("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("text/html", 415)]
)
def test_only_json_is_read(api, content_type, status):
    answer = api.post("/publish", b"a=1", content_type=content_type)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")


def test_only_json_is_written(api):
    answer = api.client.get("/api/communication/status", headers={**api.headers, "Accept": "text/html"})

    assert answer.status_code == 406


@pytest.mark.parametrize(
    ("body", "status", "said"),
    [
        (b"{", 400, "ligne 1, colonne 2"),
        (b'{"content": {"title": "a\\u0000"}}', 400, "NUL"),
        (b'{"content": {"title": "\\udc00"}}', 400, "moitié de caractère"),
        (b"\xff\xfe", 400, "UTF-8"),
        (b"[" * 1000 + b"]" * 1000, 400, "niveaux"),
        (b'{"priority": 1e999}', 400, "trop grand"),
        (b'{"platforms": [], "platforms": []}', 400, "deux fois"),
        (b'"' + b"a" * 10_000_000 + b'"', 413, "octets"),
        (b"null", 400, "Objet JSON attendu"),
        (b"[]", 400, "Objet JSON attendu"),
        (b'"publish"', 400, "Objet JSON attendu"),
        (b"3", 400, "Objet JSON attendu"),
    ],
)
def test_a_body_that_cannot_be_taken_says_where(api, body, status, said):
    answer = api.post("/publish", body)

    assert answer.status_code == status
    assert said in answer.json()["detail"]


def test_the_field_of_an_unreadable_text_is_named(api):
    answer = api.post("/publish", b'{"content": {"hashtags": ["ok", "a\\u0000"]}}')

    assert answer.json()["problems"][0]["field"] == "content.hashtags[1]"


def test_a_body_of_many_strangers_is_answered_at_once(api):
    answer = api.post("/publish", {f"champ{rank}": rank for rank in range(50_000)})

    assert answer.status_code == 400
    assert len(answer.json()["problems"]) == 30
