"""POST notify: templates, guests, channels, and clear refusals."""

import pytest

from notifications.models import Contact, Notification
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory, TagFactory
from vieuxmoulin.models import Task


@pytest.fixture
def template(db):
    ProviderFactory()
    return MessageTemplateFactory(slug="promotion")


def request(**changes):
    return {
        "template": "promotion",
        "recipients": ["camille@example.com"],
        "data": {"promo_title": "Huîtres"},
        "channels": ["email"],
        **changes,
    }


def test_a_request_is_queued(api, template):
    answer = api.post("/notify", request())

    task = Task.objects.get()
    assert answer.status_code == 202
    assert answer.json() == {"status": "queued", "task_id": str(task.pk), "messages": 1}
    assert answer["Location"] == f"/api/communication/tasks/{task.pk}"
    assert Notification.objects.get().task_id == task.pk


def test_guests_are_named_in_many_ways_and_counted_once(api, template):
    guest = ContactFactory(email="camille@example.com")
    guest.tags.add(TagFactory())

    answer = api.post(
        "/notify", request(recipients=["tag:habitues", str(guest.pk), "camille@EXAMPLE.com", "+33612345678"])
    )

    assert answer.json()["messages"] == 2


def test_one_guest_alone_may_be_a_plain_text(api, template):
    assert api.post("/notify", request(recipients="camille@example.com")).status_code == 202


def test_a_channel_named_twice_counts_once(api, template):
    assert api.post("/notify", request(channels=["email", "email"])).json()["messages"] == 1


@pytest.mark.parametrize(
    ("changes", "status", "field"),
    [
        ({"template": "promotoin"}, 422, "template"),
        ({"template": None}, 400, "template"),
        ({"data": {}}, 422, "data.promo_title"),
        ({"data": []}, 400, "data"),
        ({"channels": ["fax"]}, 422, "channels"),
        ({"channels": []}, 422, "channels"),
        ({"channels": "email"}, 400, "channels"),
        ({"recipients": []}, 422, "recipients"),
        ({"recipients": ["pas une adresse"]}, 422, "recipients[0]"),
        ({"recipients": ["a@example.com", "tag:inconnue"]}, 422, "recipients[1]"),
        ({"recipients": {"a": 1}}, 400, "recipients"),
        ({"recipients": [12]}, 400, "recipients[0]"),
        ({"recipents": ["a@example.com"]}, 400, "recipents"),
    ],
)
def test_bad_input_names_its_field_and_writes_nothing(api, template, changes, status, field):
    answer = api.post("/notify", request(**changes))

    assert answer.status_code == status
    assert [problem["field"] for problem in answer.json()["problems"]] == [field]
    assert Task.objects.count() == Notification.objects.count() == Contact.objects.count() == 0


def test_a_template_without_a_text_for_the_channel_is_refused(api, template):
    answer = api.post("/notify", request(channels=["push"]))

    assert answer.status_code == 422
    assert "n'a pas de texte pour ce canal" in answer.json()["detail"]


def test_a_request_costs_few_queries(api, template, django_assert_max_num_queries):
    ContactFactory(email="camille@example.com")

    with django_assert_max_num_queries(16):
        api.post("/notify", request())


def test_a_tag_of_many_guests_costs_no_more_queries(api, template, django_assert_max_num_queries):
    tag = TagFactory()
    for _ in range(20):
        ContactFactory().tags.add(tag)

    with django_assert_max_num_queries(16):
        answer = api.post("/notify", request(recipients=["tag:habitues"]))

    assert answer.json()["messages"] == 20
