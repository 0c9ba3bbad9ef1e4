"""Guests of both sides: found, compared, changed where the rules say, asked about elsewhere, never brought back."""

from datetime import date, timedelta

import pytest
from django.utils import timezone

from integrations.errors import PermanentError
from integrations.modules.crm import CrmSegment
from notifications.models import Consent, ConsentEvent, Contact, Suppression, Tag
from notifications.services import contacts as ours
from notifications.services import erasure, oppositions, permission
from tests.factories import ContactFactory
from tests.vieuxmoulin.exchange.conftest import NOON, guest, said
from vieuxmoulin import alerts
from vieuxmoulin.exchange import contacts, deciding, differences, tags
from vieuxmoulin.exchange.models import ContactLink, Difference
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db
WORDS = "J'accepte de recevoir les offres."


def take(*items, is_first=False):
    contacts.take(items, is_first)


def anne(**fields):
    """A guest of ours who agreed to nothing, unless said."""
    return ContactFactory(**{"first_name": "Anne", "last_name": "Roy", "email": "anne@example.com", "phone": "", "agrees": [], **fields})  # fmt: skip


def state(contact, channel="email"):
    row = Consent.objects.filter(contact=contact, channel=channel, purpose="marketing").first()
    return row.status if row else "none"


def reread(contact):
    return Contact.objects.get(pk=contact.pk)


# --- Found again ------------------------------------------------------------------------------------------------------


def test_a_guest_is_found_by_the_address_however_it_is_written():
    contact = anne(email="anne@example.com", phone="+33612345678")

    take(guest(email="anne@EXAMPLE.com"), guest("crm-2", phone="06 12 34 56 79", email=""))

    assert ContactLink.objects.get(external_id="crm-1").contact == contact
    assert Contact.objects.count() == 2


def test_a_guest_that_nobody_knew_is_added_and_agrees_to_nothing():
    take(guest(email="nouvelle@example.com", phone="06 12 34 56 78", birthday=date(1980, 3, 12), postcode="33590"))

    contact = Contact.objects.get()
    assert (contact.first_name, contact.phone, contact.birthday, contact.postcode, contact.source) == (
        "Anne", "+33612345678", date(1980, 3, 12), "33590", "CRM",
    )  # fmt: skip
    assert contact.consents.count() == 0


def test_a_guest_without_any_address_is_nobodys_business():
    take(guest(phone="05 56 00 00 00"), guest("crm-2", email="pas une adresse"))

    assert (Contact.objects.count(), ContactLink.objects.count()) == (0, 0)


def test_the_same_page_read_twice_changes_nothing_more(django_assert_max_num_queries):
    items = [guest(f"crm-{n}", email=f"g{n}@example.com", consents=(said(wording=WORDS),)) for n in range(20)]
    take(*items)
    before = ConsentEvent.objects.count(), Contact.objects.count()

    with django_assert_max_num_queries(5):
        take(*items)

    assert (ConsentEvent.objects.count(), Contact.objects.count()) == before == (20, 20)


def test_a_guest_that_comes_twice_on_one_page_is_one():
    take(guest(email="anne@example.com"), guest(email="anne@example.com", last_name="Petit"))

    assert (Contact.objects.get().last_name, ContactLink.objects.count()) == ("Petit", 1)


# --- Fields -----------------------------------------------------------------------------------------------------------


def test_the_crm_owns_names_birthday_and_postcode():
    contact = anne(postcode="33000")
    take(guest(email="anne@example.com", last_name="Petit", birthday=date(1980, 3, 12), postcode="33590"))

    found = reread(contact)
    assert (found.last_name, found.birthday, found.postcode) == ("Petit", date(1980, 3, 12), "33590")
    assert Difference.objects.count() == 0


def test_what_only_we_know_is_to_be_told():
    anne(birthday=date(1980, 3, 12), phone="+33612345678")

    take(guest(email="anne@example.com"))

    assert ContactLink.objects.get().status == "to_tell"


def test_tags_of_the_crm_come_and_go_and_ours_stay():
    contact = anne()
    contact.tags.add(Tag.objects.create(slug="vip", name="VIP"))

    take(guest(email="anne@example.com", tags=("regular_customers", "Amis du vin")))
    assert set(contact.tags.values_list("slug", "name")) == {
        ("vip", "VIP"), ("regular_customers", "Regular customers"), ("amis-du-vin", "Amis du vin"),
    }  # fmt: skip

    take(guest(email="anne@example.com", tags=("Amis du vin",)))
    assert set(contact.tags.values_list("slug", flat=True)) == {"vip", "amis-du-vin"}


def test_groups_are_called_as_the_crm_calls_them_unless_staff_did():
    anne()
    Tag.objects.create(slug="vip", name="Nos amis")
    take(guest(email="anne@example.com", tags=("regular_customers",)))

    tags.take(
        (CrmSegment("regular_customers", "Clients réguliers"), CrmSegment("vip", "VIP"), CrmSegment("new", "Nouveaux")),
        False,
    )

    assert dict(Tag.objects.values_list("slug", "name")) == {
        "regular_customers": "Clients réguliers", "vip": "Nos amis", "new": "Nouveaux",
    }  # fmt: skip


def test_two_addresses_are_for_a_person_to_choose_and_nothing_changes_meanwhile():
    contact = anne(phone="+33612345678")
    take(guest(email="autre@example.com", phone="06 12 34 56 78"))

    row = differences.waiting().get()
    assert (row.field, row.ours, row.theirs) == ("email", "anne@example.com", "autre@example.com")
    assert reread(contact).email == "anne@example.com"

    # The CRM changes something else: the question stands, once, and nobody takes it for our later word.
    take(guest(email="autre@example.com", phone="06 12 34 56 78", postcode="33590"))
    assert differences.waiting().count() == 1
    assert ContactLink.objects.get().status == "in_step"


def test_a_difference_that_is_gone_is_closed():
    anne(phone="+33612345678")
    take(guest(email="autre@example.com", phone="06 12 34 56 78"))

    take(guest(email="anne@example.com", phone="06 12 34 56 78"))

    assert Difference.objects.get().status == "gone"


def test_an_address_changed_here_since_the_crm_spoke_is_told_not_asked():
    contact = anne()
    take(guest(email="anne@example.com"))
    ours.save_contact(reread(contact), email="anne.roy@example.com")

    take(guest(email="anne@example.com", postcode="33590"))

    assert differences.waiting().count() == 0
    assert ContactLink.objects.get().status == "to_tell"
    assert reread(contact).email == "anne.roy@example.com"


def test_an_address_that_another_guest_of_ours_has_is_asked_about():
    take(guest(phone="06 12 34 56 78", email=""))
    anne()

    take(guest(phone="06 12 34 56 78", email="anne@example.com"))

    assert differences.waiting().get().field == "email"


def test_what_was_changed_here_is_looked_at_again_each_day():
    contact = anne(phone="+33612345678")
    take(guest(email="anne@example.com", phone="06 12 34 56 78", birthday=date(1980, 3, 12)))
    Contact.objects.filter(pk=contact.pk).update(last_name="Roi", birthday=None)
    ours.save_contact(reread(contact), email="anne.roy@example.com")

    assert contacts.compare_again() == 1

    found = reread(contact)
    # The CRM's to say, ours to say.
    assert (found.last_name, found.birthday, found.email) == ("Roy", date(1980, 3, 12), "anne.roy@example.com")
    assert ContactLink.objects.get().status == "to_tell"
    assert contacts.compare_again() == 0


def test_a_number_taken_away_here_is_asked_about_not_put_back():
    contact = anne(phone="+33612345678")
    take(guest(email="anne@example.com", phone="06 12 34 56 78"))
    ours.save_contact(reread(contact), phone="")

    contacts.compare_again()

    assert reread(contact).phone == ""
    assert (differences.waiting().get().field, differences.waiting().get().theirs) == ("phone", "+33612345678")


# --- Deciding ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def question():
    contact = anne(phone="+33612345678")
    take(guest(email="autre@example.com", phone="06 12 34 56 78"))
    return contact, differences.waiting().get()


def test_ours_kept_is_told_to_the_crm(question):
    contact, row = question
    deciding.decide(row.pk, keep_ours=True, by="camille")

    row.refresh_from_db()
    assert (row.status, row.decided_by) == ("ours", "camille")
    assert reread(contact).email == "anne@example.com"
    assert ContactLink.objects.get().status == "to_tell"


def test_theirs_taken_replaces_ours(question):
    contact, row = question
    deciding.decide(row.pk, keep_ours=False, by="camille")

    assert reread(contact).email == "autre@example.com"
    take(guest(email="autre@example.com", phone="06 12 34 56 78", postcode="33590"))
    assert differences.waiting().count() == 0


def test_a_choice_that_cannot_be_done_leaves_the_question(question):
    contact, row = question
    anne(first_name="Zoé", email="autre@example.com")

    with pytest.raises(PermanentError, match="Un autre contact a déjà cette adresse"):
        deciding.decide(row.pk, keep_ours=False, by="camille")

    assert differences.waiting().get() == row
    assert reread(contact).email == "anne@example.com"


def test_what_is_settled_is_not_settled_again(question):
    _, row = question
    deciding.decide(row.pk, keep_ours=True, by="camille")

    with pytest.raises(PermanentError, match="déjà tranchée"):
        deciding.decide(row.pk, keep_ours=False, by="dominique")


def test_two_contacts_that_may_be_one_guest_are_for_a_person():
    by_mail, by_phone = anne(), anne(first_name="Anna", email="", phone="+33612345678")
    take(guest(email="anne@example.com", phone="06 12 34 56 78", last_name="Petit"))

    row = differences.waiting().get()
    assert (row.field, deciding.sides(row)) == ("identity", ("Anne Roy", "Anna Roy"))
    assert ContactLink.objects.get().contact is None
    assert (reread(by_mail).last_name, reread(by_phone).last_name) == ("Roy", "Roy")

    deciding.decide(row.pk, keep_ours=False, by="camille")
    assert ContactLink.objects.get().contact == by_phone
    assert reread(by_phone).last_name == "Petit"
    # Its e-mail is still the other contact's: asked in its turn.
    assert differences.waiting().get().field == "email"


def test_two_cards_of_the_crm_for_one_guest_are_for_a_person_and_a_refusal_on_either_counts():
    contact = anne(agrees=["email"])
    take(guest("crm-1", email="anne@example.com"))
    take(guest("crm-2", email="anne@example.com", last_name="Petit", consents=(said(status="withdrawn", updated_at=None),)))  # fmt: skip

    row = differences.waiting().get()
    assert (row.field, row.ours, row.theirs) == ("duplicate", "crm-1", "crm-2")
    assert (reread(contact).last_name, state(contact)) == ("Roy", "withdrawn")

    deciding.decide(row.pk, keep_ours=False, by="camille")
    assert ContactLink.objects.get(contact=contact).external_id == "crm-2"
    assert reread(contact).last_name == "Petit"


# --- Consents ---------------------------------------------------------------------------------------------------------


def test_a_refusal_at_the_desk_stops_our_offers_and_only_those():
    contact = anne(agrees=["email"])
    take(guest(email="anne@example.com", consents=(said(status="withdrawn", updated_at=None),)))

    assert state(contact) == "withdrawn"
    assert oppositions.of(reread(contact)) == {"email": Suppression.Scope.OFFERS}


def test_an_agreement_signed_at_the_desk_is_taken_over_with_its_proof():
    contact = anne()
    take(guest(email="anne@example.com", consents=(said(wording=WORDS, wording_version="2026-03", source="accueil"),)))

    row = Consent.objects.get(contact=contact)
    assert (row.status, row.wording, row.wording_version, row.source) == (
        "granted", WORDS, "2026-03", "CRM : accueil (30/11/2026)",
    )  # fmt: skip


@pytest.mark.parametrize(
    "consent", [said(), said(wording=WORDS, updated_at=None), said(status="unknown", wording=WORDS)]
)
def test_an_agreement_without_proof_is_none(consent):
    contact = anne()
    take(guest(email="anne@example.com", consents=(consent,)))

    assert state(contact) == "none"


def test_an_agreement_is_not_carried_over_to_another_address():
    contact = anne(phone="+33612345678")
    take(guest(email="autre@example.com", phone="06 12 34 56 78", consents=(said(wording=WORDS),)))

    assert state(contact) == "none"


def test_who_opposed_here_stays_so_whatever_the_crm_says_and_the_crm_is_told():
    contact = anne(agrees=["email"])
    ours.withdraw(contact, channel="email", source="page de préférences")

    take(guest(email="anne@example.com", consents=(said(wording=WORDS, updated_at=NOON + timedelta(days=900)),)))

    assert state(contact) == "withdrawn"
    assert oppositions.of(reread(contact))["email"] == Suppression.Scope.ALL
    assert ContactLink.objects.get().status == "to_tell"


def test_a_stop_on_a_number_outweighs_an_agreement_at_the_desk():
    contact = anne(phone="+33612345678")
    oppositions.oppose("sms", permission.address_index("sms", "+33612345678"), reason="STOP", scope="all")

    take(guest(email="anne@example.com", phone="06 12 34 56 78", consents=(said("sms", wording=WORDS),)))

    assert state(contact, "sms") == "none"
    assert ContactLink.objects.get().status == "to_tell"


def test_a_guest_who_agreed_again_on_our_page_after_the_refusal_is_heard():
    contact = anne()
    take(guest(email="anne@example.com", consents=(said(status="withdrawn"),)))
    ours.grant(contact, channel="email", source="page d'inscription", wording=WORDS, version="2026-05")
    Consent.objects.filter(contact=contact).update(granted_at=NOON + timedelta(hours=1))

    take(guest(email="anne@example.com", postcode="33590", consents=(said(status="withdrawn"),)))

    assert state(contact) == "granted"
    assert ContactLink.objects.get().status == "to_tell"


def test_an_agreement_that_came_from_the_crm_ends_with_it_whatever_the_dates():
    contact = anne()
    take(guest(email="anne@example.com", consents=(said(wording=WORDS),)))
    assert state(contact) == "granted"

    take(guest(email="anne@example.com", consents=(said(status="withdrawn"),)))
    assert state(contact) == "withdrawn"


def test_an_agreement_that_waits_for_its_confirmation_is_not_given_by_the_crm():
    contact = anne()
    Consent.objects.create(contact=contact, purpose="marketing", channel="email", status="pending")

    take(guest(email="anne@example.com", consents=(said(wording=WORDS),)))

    assert state(contact) == "pending"


# --- Erased, deleted --------------------------------------------------------------------------------------------------


def test_an_erased_guest_does_not_come_back(django_capture_on_commit_callbacks):
    contact = anne()
    take(guest(email="anne@example.com"))
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(Contact.objects.filter(pk=contact.pk))

    take(guest(email="anne@example.com", last_name="Petit", consents=(said(wording=WORDS),)))

    link = ContactLink.objects.get()
    assert Contact.objects.count() == 0
    assert (link.contact, link.snapshot, link.status) == (None, {}, "to_tell")
    assert link.erased_at is not None


def test_an_erased_guest_leaves_no_address_behind(question, django_capture_on_commit_callbacks):
    contact, _ = question
    with django_capture_on_commit_callbacks(execute=True):
        erasure.erase(Contact.objects.filter(pk=contact.pk))

    assert (Difference.objects.count(), ContactLink.objects.get().snapshot) == (0, {})


def test_what_was_settled_is_forgotten_after_a_while(question):
    _, row = question
    deciding.decide(row.pk, keep_ours=True, by="camille")
    assert differences.forget() == 0

    Difference.objects.update(decided_at=timezone.now() - timedelta(days=91))
    assert differences.forget() == 1


def test_an_erased_guest_does_not_come_back_by_a_card_that_we_never_met():
    erasure.erase(Contact.objects.filter(pk=anne().pk))

    take(guest(email="anne@example.com", consents=(said(wording=WORDS),)))

    assert (Contact.objects.count(), ContactLink.objects.count()) == (0, 0)


def test_a_guest_who_came_back_by_themselves_is_known_again():
    erasure.erase(Contact.objects.filter(pk=anne().pk))
    again = anne()

    take(guest(email="anne@example.com"))

    assert ContactLink.objects.get().contact == again


def test_a_guest_deleted_in_the_crm_gets_no_more_offers_and_a_person_decides(django_capture_on_commit_callbacks):
    contact = anne(agrees=["email"])
    take(guest(email="anne@example.com"))

    with django_capture_on_commit_callbacks(execute=True):
        take(guest(is_deleted=True))

    assert (state(contact), Contact.objects.count()) == ("withdrawn", 1)
    assert Alert.objects.get(key=f"erasure:{contact.pk}").resolved_at is None
    # Nobody puts them back there.
    assert ContactLink.objects.get().status == "in_step"

    alerts.resolve(f"erasure:{contact.pk}")
    take(guest(is_deleted=True))
    assert Alert.objects.get(key=f"erasure:{contact.pk}").resolved_at is not None


def test_a_guest_that_the_crm_takes_back_is_followed_again():
    contact = anne()
    take(guest(email="anne@example.com"))
    take(guest(is_deleted=True))

    take(guest(email="anne@example.com", last_name="Petit"))

    assert reread(contact).last_name == "Petit"
    assert ContactLink.objects.get().gone_at is None
