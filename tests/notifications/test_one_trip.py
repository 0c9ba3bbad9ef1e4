"""What one trip writes: a request for few guests, its chunk and its messages, all or nothing."""

import pytest
from django.db import DatabaseError, connection

from notifications.models import ChannelType, Chunk, Contact, Notification
from notifications.services import expansion, sending
from notifications.services.permission import address_index
from tests.factories import ContactFactory, MessageTemplateFactory
from vieuxmoulin.models import Task


def ids(guests):
    return {"id": [guest.pk for guest in guests]}


def ask(names, number, channel="email"):
    """A request of its own to write to guests named one by one."""
    task = Task(type="notify", params={"recipients": number})
    written = sending.create_few(
        template=MessageTemplateFactory(),
        names=names,
        channel=channel,
        data={"promo_title": "x"},
        origin=sending.Origin(task.pk, row=task),
        at=None,
        number=number,
    )
    return task, written


@pytest.mark.django_db
def test_a_request_for_few_is_one_statement_where_the_database_can(django_assert_num_queries):
    guests = [ContactFactory() for _ in range(3)]
    # The template that the helper makes; then the request, its chunk and its messages, counted first by SQLite.
    with django_assert_num_queries(2 if connection.vendor == "postgresql" else 5):
        task, number = ask(ids(guests), len(guests))

    assert number == 3
    assert not task._state.adding
    assert Task.objects.get().params == task.params
    assert set(Notification.objects.values_list("task_id", "chunk__size", "contact_id", "status")) == {
        (task.pk, 3, guest.pk, "pending") for guest in guests
    }


@pytest.mark.django_db
def test_nothing_is_written_unless_all_who_are_named_are_there():
    there, gone = ContactFactory(), ContactFactory()
    Contact.objects.filter(pk=gone.pk).delete()

    task, number = ask(ids([there, gone]), 2)

    assert number == 0
    assert task._state.adding
    assert not any(model.objects.exists() for model in (Task, Chunk, Notification))


@pytest.mark.django_db(transaction=True)
def test_a_request_holds_with_all_its_messages_or_not_at_all(monkeypatch):
    guests = [ContactFactory(), ContactFactory()]
    monkeypatch.setitem(expansion.SHARED, "variation", lambda *_: None)

    with pytest.raises(DatabaseError):
        ask(ids(guests), len(guests))

    assert not any(model.objects.exists() for model in (Task, Chunk, Notification))


@pytest.mark.django_db
@pytest.mark.parametrize(("channel", "field"), [("email", "email"), ("sms", "phone"), ("push", None)])
def test_guests_are_found_by_all_that_they_are_named_by_each_once_with_the_address_of_the_channel(channel, field):
    guests = by_id, by_email, by_phone = [ContactFactory() for _ in range(3)]
    ContactFactory()
    names = {
        **ids([by_id]),
        "email_index": [address_index(ChannelType.EMAIL, guest.email) for guest in (by_email, by_id)],
        "phone_index": [address_index(ChannelType.SMS, by_phone.phone)],
    }

    _, number = ask(names, 3, channel)

    assert number == 3
    found = {message.contact_id: message.recipient for message in Notification.objects.all()}
    assert found == {guest.pk: getattr(guest, field) if field else "" for guest in guests}


@pytest.mark.django_db
def test_a_message_is_as_the_model_makes_it():
    guest = ContactFactory()
    ask(ids([guest]), 1)

    made = Notification.objects.get()
    plain = Notification()
    set_here = {"id", "contact", "template", "chunk", "task_id", "channel", "recipient", "created_at"}
    others = [field for field in Notification._meta.concrete_fields if field.name not in set_here]
    assert {field.name: getattr(made, field.attname) for field in others} == {
        field.name: getattr(plain, field.attname) for field in others
    }
