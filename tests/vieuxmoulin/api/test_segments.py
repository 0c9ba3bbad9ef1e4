"""Segments over REST."""

import pytest

from notifications.models import Segment
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
RULES = {"any": [{"field": "first_name", "op": "is", "value": "Ana"}]}


@pytest.fixture(autouse=True)
def guests():
    ContactFactory(first_name="Ana")
    ContactFactory(first_name="Bob")


def test_a_segment_is_made_counted_and_changed(api):
    made = api.post("/segments", {"slug": "ana", "name": "Ana", "rules": RULES})
    shown = api.get(f"/segments/{made.json()['id']}").json()
    changed = api.patch(f"/segments/{made.json()['id']}", {"rules": {}})

    assert made.status_code == 201
    assert shown["last_count"] == 1
    assert changed.json()["last_count"] == 2


def test_rules_are_counted_without_being_kept(api):
    assert api.post("/segments/preview", {"rules": RULES}).json() == {"count": 1}
    assert Segment.objects.count() == 0


def test_faulty_rules_are_named_with_their_place(api):
    answer = api.post("/segments", {"slug": "x", "name": "X", "rules": {"all": [{"field": "prenom", "op": "is"}]}})

    (problem,) = answer.json()["problems"]
    assert (answer.status_code, problem["field"]) == (422, "rules.all[0].field")


def test_a_slug_serves_once(api):
    api.post("/segments", {"slug": "ana", "name": "Ana", "rules": RULES})

    assert api.post("/segments", {"slug": "ana", "name": "Ana 2", "rules": RULES}).status_code == 422


def test_a_segment_is_written_to(api):
    answer = api.post("/notify", {"template": "x", "recipients": "segment:nulle-part", "channels": ["email"]})

    assert answer.status_code == 422
