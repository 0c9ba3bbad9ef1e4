"""Mishaps on demand: which call meets them, and what it gets."""

import pytest

from integrations.sandbox import faults
from integrations.sandbox.faults import inject
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.vendors import registry
from tests.integrations.sandbox.conftest import BEARER, FACEBOOK

pytestmark = pytest.mark.django_db


def test_a_fault_is_met_as_often_as_asked_then_gone(client):
    inject("facebook", "server_error", times=2)

    statuses = [client.get(f"{FACEBOOK}/1001", **BEARER).status_code for _ in range(3)]

    assert statuses == [503, 503, 200]
    assert Fault.objects.get().remaining == 0


def test_a_fault_waits_for_its_vendor_and_its_path(client):
    inject("x", "server_error")
    inject("facebook", "server_error", path_contains="/feed")

    assert client.get(f"{FACEBOOK}/1001", **BEARER).status_code == 200
    assert client.get(f"{FACEBOOK}/1001/feed", **BEARER).status_code == 503


def test_two_calls_never_share_one_count():
    fault = inject("facebook", "slow")

    taken = [faults.take("facebook", "x", {"slow"}) for _ in range(2)]

    assert taken == [fault, None]


def test_a_call_that_lost_the_race_for_a_fault_goes_on_to_the_next(monkeypatch):
    first, second = inject("facebook", "slow"), inject("facebook", "slow")
    seen = list(Fault.objects.all())
    Fault.objects.filter(pk=first.pk).update(remaining=0)
    monkeypatch.setattr(Fault.objects, "filter", _stale(seen, Fault.objects.filter), raising=False)

    assert faults.take("facebook", "x", {"slow"}) == second


def _stale(seen, real):
    """The list as another call saw it a moment ago, the true rows for everything else."""
    return lambda **wanted: seen if "vendor" in wanted else real(**wanted)


@pytest.mark.parametrize("slug", sorted(registry))
@pytest.mark.parametrize(
    ("kind", "statuses"),
    [
        ("rate_limited", {429}),
        ("server_error", {503}),
        ("empty_server_error", {502}),
        ("expired_token", {400, 401, 403}),
    ],
)
def test_every_vendor_words_its_own_troubles(client, slug, kind, statuses):
    inject(slug, kind, seconds=7)

    answer = client.get(f"/bac-a-sable/api/{slug}/quoi/que/ce/soit")

    assert answer.status_code in statuses
    assert (answer.content == b"") == (kind == "empty_server_error")
    if kind == "rate_limited":
        resets = {"x-rate-limit-reset", "x-ratelimit-reset", "ratelimit-reset"}
        assert answer.headers.get("Retry-After") == "7" or resets & {name.lower() for name in answer.headers}


@pytest.mark.parametrize(
    ("kind", "type_", "text"),
    [
        ("cut_json", "application/json", b'{"has_more": true, "items": [{"'),
        ("wrong_shape", "application/json", b'{"version": 2, "result": {"status": 200}}'),
        ("html_page", "text/html; charset=utf-8", b"<!doctype html><title>Maintenance</title>"),
    ],
)
def test_an_answer_out_of_shape_takes_the_place_of_the_true_one_once(client, kind, type_, text):
    inject("crm", kind)

    odd, true = (client.get("/bac-a-sable/api/crm/contacts?limit=1", **BEARER) for _ in range(2))

    assert (odd.status_code, odd.headers["Content-Type"]) == (200, type_)
    assert odd.content.startswith(text)
    assert odd.content != true.content
    assert len(true.json()["items"]) == 1


@pytest.mark.parametrize("kind", ["cut_json", "wrong_shape", "html_page"])
def test_what_was_asked_for_is_done_though_the_answer_does_not_say_so(client, kind):
    inject("crm", kind)

    client.put(
        "/bac-a-sable/api/crm/contacts/ref/one", {"first_name": "Anne"}, content_type="application/json", **BEARER
    )

    assert VendorRecord.objects.get(vendor="crm", data__external_ref="one").data["first_name"] == "Anne"


def test_a_slow_answer_comes_after_the_asked_time(client, monkeypatch):
    waits = []
    monkeypatch.setattr(faults.time, "sleep", waits.append)
    inject("facebook", "slow", seconds=3)

    assert client.get(f"{FACEBOOK}/1001", **BEARER).status_code == 200
    assert waits == [3.0]


def test_a_lost_answer_waits_for_a_call_that_shows_something(post_json, client):
    inject("facebook", "timeout_after_accept")

    client.get(f"{FACEBOOK}/1001", **BEARER)
    post_json(f"{FACEBOOK}/1001/photos", {"url": "https://e.fr/a.jpg", "published": False})
    post_json(f"{FACEBOOK}/1001/feed", {})
    before = Fault.objects.get().remaining
    lost = post_json(f"{FACEBOOK}/1001/feed", {"message": "Bonjour"})

    assert (before, Fault.objects.get().remaining) == (1, 0)
    assert VendorRecord.objects.filter(kind="post").count() == 1
    with pytest.raises(ConnectionResetError):
        next(iter(lost))


def test_a_lost_answer_may_be_aimed_at_a_call_that_shows_nothing(post_json):
    inject("facebook", "timeout_after_accept", path_contains="/photos")

    post_json(f"{FACEBOOK}/1001/photos", {"url": "https://e.fr/a.jpg", "published": False})

    assert Fault.objects.get().remaining == 0


def test_an_unknown_kind_of_fault_is_refused():
    with pytest.raises(ValueError, match="tremblement"):
        inject("facebook", "tremblement de terre")
