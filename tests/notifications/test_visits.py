"""What other modules tell of guests ends where segments and moments look for it."""

from datetime import UTC, datetime

import pytest

from integrations.errors import PermanentError
from notifications.models import Consent, Contact, Habit, Purchase
from notifications.services import visits
from tests.factories import ContactFactory

pytestmark = pytest.mark.django_db
# A Thursday, 11 h in Paris: the 83rd hour of the week.
AT = datetime(2026, 11, 26, 10, 30, tzinfo=UTC)


def order(**changes):
    return {
        "order_id": "2026-1187",
        "occurred_at": "2026-11-25T21:40:00+01:00",
        "amount_cents": 6480,
        "items": [{"ref": "magret", "quantity": 2}, {"ref": "tarte"}],
        "customer": {"email": "ana@example.com", "first_name": "Ana"},
        **changes,
    }


def told(**changes):
    visits.note("purchase_recorded", "accounting", order(**changes), at=AT)


def test_a_purchase_is_kept_for_its_guest():
    guest = ContactFactory(email="ana@example.com")

    told()

    bought = Purchase.objects.get()
    assert (bought.contact, bought.source, bought.external_id) == (guest, "accounting", "2026-1187")
    assert (bought.amount_cents, bought.item_refs) == (6480, ["magret", "tarte"])
    assert bought.occurred_at == datetime(2026, 11, 25, 20, 40, tzinfo=UTC)


def test_the_same_order_told_again_is_corrected_not_doubled():
    told()

    told(amount_cents=6000)

    assert list(Purchase.objects.values_list("amount_cents", flat=True)) == [6000]


def test_an_unknown_buyer_becomes_a_contact_who_agreed_to_nothing():
    told()

    guest = Contact.objects.get()
    assert (guest.email, guest.first_name, guest.source) == ("ana@example.com", "Ana", "accounting")
    assert not Consent.objects.exists()


def test_a_name_that_we_have_is_not_overwritten():
    ContactFactory(email="ana@example.com", first_name="Anaïs")

    told()

    assert Contact.objects.get().first_name == "Anaïs"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"order_id": ""}, "order_id"),
        ({"order_id": 12}, "order_id"),
        ({"amount_cents": "64,80"}, "amount_cents"),
        ({"amount_cents": -1}, "amount_cents"),
        ({"amount_cents": True}, "amount_cents"),
        ({"occurred_at": "hier"}, "occurred_at"),
        ({"items": ["magret"]}, "items"),
        ({"customer": None}, "customer"),
        ({"customer": {"email": "pas une adresse"}}, "customer"),
        ({"customer": {"id": "pas-un-uuid"}}, "customer"),
    ],
)
def test_what_cannot_be_read_names_its_field_and_writes_nothing(changes, field):
    with pytest.raises(PermanentError, match=rf"payload\.{field}"):
        told(**changes)

    assert not Purchase.objects.exists()


def test_bookings_tell_at_what_hour_a_guest_has_the_telephone_in_hand():
    guest = ContactFactory(email="ana@example.com")
    booking = {"customer": {"id": str(guest.pk)}, "starts_at": "2026-11-28T20:00:00+01:00"}

    visits.note("booking_created", "crm", booking, at=AT)
    visits.note("booking_updated", "crm", booking, at=AT)

    assert Habit.objects.get(contact=guest).hour == 83
    assert Habit.objects.get(contact=guest).weight == 4


def test_a_booking_without_a_guest_is_no_fault():
    visits.note("booking_created", "crm", {"starts_at": "2026-11-28T20:00:00+01:00"}, at=AT)

    assert not Habit.objects.exists()
