"""An audience is cut into batches that hold everybody, once."""

import uuid

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from notifications.models import Chunk, Contact, Notification
from notifications.services import sending
from notifications.services.expansion import batches
from tests.factories import ContactFactory, MessageTemplateFactory


class Batches(TestCase):
    @settings(max_examples=25, deadline=None)
    @given(number=st.integers(0, 12), size=st.integers(1, 5))
    def test_everybody_is_in_one_batch_of_the_right_size(self, number, size):
        guests = {Contact.objects.create().pk for _ in range(number)}

        found = [list(some.values_list("pk", flat=True)) for some in batches(Contact.objects.all(), size)]

        assert sorted(pk for some in found for pk in some) == sorted(guests)
        assert [len(some) for some in found][:-1] == [size] * (len(found) - 1)
        assert len(found) == -(-number // size)


@pytest.mark.django_db
def test_a_send_over_several_batches_writes_to_everybody_once(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(sending, "DEFAULT_CHUNK", 2)
    guests = [ContactFactory() for _ in range(5)]

    with django_assert_max_num_queries(20):
        written = sending.create_messages(
            template=MessageTemplateFactory(),
            contacts=Contact.objects.all(),
            channels=["email"],
            data={"promo_title": "x"},
            origin=sending.Origin(uuid.uuid4()),
        )

    assert written == 5
    assert sorted(Chunk.objects.values_list("size", flat=True)) == [1, 2, 2]
    assert set(Notification.objects.values_list("contact", flat=True)) == {guest.pk for guest in guests}
