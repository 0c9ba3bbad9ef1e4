"""Their words and ours: tables that read, write, and bear a module with words of its own."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.modules import registry
from integrations.modules._contract import contract_of
from integrations.modules._tables import Table, Unreadable, in_contract_words, in_their_words, text
from integrations.modules.crm import BOOKING, CONTACT, ConsentSaid, CrmContact, Customer
from integrations.modules.recipes import INGREDIENT, RECIPE

words = st.text("aZéèçœÀß0-9'.€漢", min_size=1, max_size=12)
moments = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
consents = st.builds(
    ConsentSaid,
    channel=st.sampled_from(["email", "sms", "push"]),
    status=st.sampled_from(["granted", "withdrawn", "unknown"]),
    updated_at=st.none() | moments,
    source=st.just("") | words,
    wording=st.just("") | words,
)
contacts = st.builds(
    CrmContact,
    id=words,
    updated_at=moments,
    external_ref=st.just("") | words,
    first_name=st.just("") | words,
    last_name=words,
    email=st.just("") | words,
    phone=st.just(""),
    birthday=st.none() | st.dates(date(1900, 1, 1), date(2026, 1, 1)),
    language=st.sampled_from(["", "fr"]),
    postcode=st.just("33590"),
    tags=st.lists(words, max_size=3).map(tuple),
    consents=st.lists(consents, max_size=3).map(tuple),
    is_deleted=st.booleans(),
)
bookings = st.fixed_dictionaries(
    {
        "id": words,
        "status": st.sampled_from(["confirmed", "canceled"]),
        "starts_at": moments,
        "guests": st.integers(1, 500),
        "updated_at": moments,
        "created_at": moments,
        "external_ref": words,
        "customer": st.builds(Customer, email=words) | st.none(),
        "notes": st.just(""),
    }
)


def written(table, record):
    return table.write(vars(record))


@given(contacts)
def test_a_contact_written_in_their_words_reads_as_it_was(contact):
    assert CONTACT.read(written(CONTACT, contact)) == contact


@given(contacts)
def test_what_we_write_keeps_the_contract(contact):
    document = written(CONTACT, contact)

    assert contract_of("crm").fault_of("Contact", document) == ""


@given(bookings)
def test_a_booking_written_in_their_words_reads_as_it_was(values):
    assert vars(BOOKING.read(BOOKING.write(values))) == values


@given(contacts, st.sampled_from(["nom", "identite.nom", "a.b.c"]), st.sampled_from(["naissance", "dates.naissance"]))
def test_a_module_with_other_words_is_a_change_of_table(contact, last_name, birth_date):
    said = {"last_name": last_name, "birth_date": birth_date, "postal_code": "adresse.cp"}

    theirs = in_their_words(written(CONTACT, contact), said)

    assert "last_name" not in theirs
    assert theirs["adresse"] == {"cp": "33590"}
    assert CONTACT.read(in_contract_words(theirs, said)) == contact


def test_an_ingredient_is_read_to_the_gram():
    line = INGREDIENT.read({"ref": "cepes", "name": "Cèpes", "quantity": 0.1, "unit": "kg"})

    assert line.quantity == Decimal("0.1")


def test_what_is_absent_takes_its_default_and_dates_their_offset():
    recipe = RECIPE.read({"recipe_id": "r1", "name": "Velouté", "updated_at": "2026-11-30T10:00:00+01:00"})

    assert recipe.updated_at == datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert (recipe.description, recipe.is_new, recipe.ingredients, recipe.created_at) == ("", False, (), None)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"birth_date": "2026-02-31"}, "birth_date"),
        ({"updated_at": "2026-11-30T10:00:00"}, "avec fuseau"),
        ({"updated_at": "hier"}, "updated_at"),
    ],
)
def test_a_date_that_is_none_is_named_by_its_field(change, words):
    with pytest.raises(Unreadable, match=words):
        CONTACT.read({"id": "c1", "updated_at": "2026-11-30T10:00:00Z", **change})


def test_a_table_that_names_no_attribute_is_a_fault_of_ours():
    with pytest.raises(TypeError, match="prenom"):
        Table(CrmContact, (text("prenom"),))


@pytest.mark.parametrize("slug", sorted(registry))
def test_every_table_is_about_fields_of_the_contract(slug):
    """What a table reads is in the contract, or the two have parted."""
    defs = contract_of(slug).document["$defs"]

    for kind, table in registry[slug].tables.items():
        known = defs[kind.title().replace("_", "")]["properties"]
        assert {field.theirs for field in table.fields} <= set(known), kind
