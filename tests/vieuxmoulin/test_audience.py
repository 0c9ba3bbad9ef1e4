"""Whom a request is for: what those are found by who are named one by one."""

import pytest

from notifications.models import ChannelType
from notifications.services.permission import address_index
from tests.factories import ContactFactory, TagFactory
from vieuxmoulin.orchestrator.audience import find_audience

pytestmark = pytest.mark.django_db


def test_whoever_is_named_one_by_one_is_found_by_an_id_or_an_index_whether_a_guest_yet_or_not():
    guest = ContactFactory()
    found = find_audience(["zoe@example.com", str(guest.pk), "06 12 34 56 78", "paul@example.com"])

    assert found.names == {
        "id": [guest.pk],
        "email_index": [address_index(ChannelType.EMAIL, f"{name}@example.com") for name in ("zoe", "paul")],
        "phone_index": [address_index(ChannelType.SMS, "+33612345678")],
    }
    assert found.named == 4
    assert list(found.known()) == [guest]


def test_a_group_names_nobody_one_by_one():
    tagged, _ = ContactFactory(), ContactFactory()
    tag = TagFactory()
    tagged.tags.add(tag)
    found = find_audience([f"tag:{tag.slug}"])

    assert (found.names, found.named) == ({}, None)
    assert list(found.known()) == [tagged]
