"""Rows named by a long list of ids."""

import uuid

import pytest

from notifications.models import Contact
from notifications.services.among import Among, as_array
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db


def test_the_rows_named_are_found_and_no_others():
    wanted, other = [ContactFactory(), ContactFactory()], ContactFactory()

    found = Contact.objects.filter(Among([wanted[0].pk, str(wanted[1].pk)]))

    assert set(found) == set(wanted)
    assert list(Contact.objects.exclude(Among([one.pk for one in wanted]))) == [other]


def test_no_ids_name_no_row():
    ContactFactory()

    assert not Contact.objects.filter(Among([])).exists()


@pytest.mark.parametrize("odd", ["", "x", "}", "'; --", str(uuid.UUID(int=1)) + "}", "{" + str(uuid.UUID(int=1))])
def test_what_is_no_id_is_refused(odd):
    with pytest.raises(ValueError, match="UUID"):
        as_array([str(uuid.UUID(int=1)), odd])
