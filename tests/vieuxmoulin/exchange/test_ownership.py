"""Who owns what: the rules alone, over everything that may come."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vieuxmoulin.exchange.ownership import (
    FIELDS,
    OurConsent,
    Owner,
    Ruling,
    TheirConsent,
    Verdict,
    settle,
    settle_consent,
)

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
values = st.sampled_from(["", "a", "b", "c"])
owners = st.sampled_from(list(Owner))
dates = st.none() | st.sampled_from([NOON - timedelta(days=1), NOON, NOON + timedelta(days=1)])
ours = st.builds(
    OurConsent,
    status=st.sampled_from(["none", "pending", "granted", "withdrawn"]),
    granted_at=dates,
    is_opposed=st.booleans(),
    is_from_crm=st.booleans(),
)
theirs = st.builds(
    TheirConsent, status=st.sampled_from(["unknown", "granted", "withdrawn"]), updated_at=dates, has_proof=st.booleans()
)


@pytest.mark.parametrize(
    ("owner", "our", "their", "last", "verdict"),
    [
        ("crm", "Durand", "Petit", "Durand", "take"),
        ("crm", "Petit", "Durand", "Durand", "take"),
        ("crm", "Durand", "", "", "tell"),
        ("crm", "Durand", "", "Durand", "take"),
        ("crm", "", "Petit", "", "take"),
        ("person", "a@x.fr", "b@x.fr", "", "ask"),
        ("person", "a@x.fr", "b@x.fr", "a@x.fr", "ask"),
        ("person", "b@x.fr", "a@x.fr", "a@x.fr", "tell"),
        ("person", "", "a@x.fr", "", "take"),
        ("person", "", "a@x.fr", "a@x.fr", "ask"),
        ("person", "a@x.fr", "", "", "tell"),
        ("person", "a@x.fr", "", "a@x.fr", "ask"),
        ("person", "a@x.fr", "a@x.fr", "b@x.fr", "keep"),
        ("person", None, "", None, "keep"),
    ],
)
def test_each_case_of_a_field(owner, our, their, last, verdict):
    assert settle(Owner(owner), ours=our, theirs=their, last=last) == verdict


@given(owners, values, values, values)
def test_what_is_done_makes_both_sides_agree(owner, our, their, last):
    verdict = settle(owner, ours=our, theirs=their, last=last)
    after = {"keep": (our, their), "take": (their, their), "tell": (our, our), "ask": None}[verdict]

    assert (verdict == Verdict.KEEP) == (our == their)
    if after is not None:
        assert after[0] == after[1]
        assert settle(owner, ours=after[0], theirs=after[1], last=after[1]) == Verdict.KEEP


@given(values, values, values)
def test_an_address_is_never_replaced_by_a_rule(our, their, last):
    verdict = settle(Owner.PERSON, ours=our, theirs=their, last=last)

    assert not (our and their and our != their and verdict == Verdict.TAKE)


def test_the_fields_are_a_table():
    assert {name for name, owner in FIELDS.items() if owner == Owner.PERSON} == {"email", "phone"}


@given(ours, theirs)
def test_nobody_is_written_to_who_refused_on_either_side(our, their):
    """But for the guest's own later word to us, dated after the refusal that the CRM holds."""
    ruling = settle_consent(our, their)
    refuses_here = our.is_opposed or our.status == "withdrawn"

    if refuses_here:
        assert ruling in (Ruling.NOTHING, Ruling.TELL_REFUSAL)
        assert (ruling == Ruling.NOTHING) == (their.status == "withdrawn")
    elif their.status == "withdrawn" and ruling != Ruling.WITHDRAW:
        assert ruling == Ruling.TELL_AGREEMENT
        assert our.granted_at > their.updated_at
        assert not our.is_from_crm


@given(ours, theirs)
def test_an_agreement_is_taken_over_only_with_its_proof_and_where_nothing_was_said(our, their):
    if settle_consent(our, their) == Ruling.GRANT:
        assert (our.status, our.is_opposed) == ("none", False)
        assert (their.status, their.has_proof) == ("granted", True)


@given(ours, theirs)
def test_an_agreement_that_we_do_not_have_is_never_told(our, their):
    if settle_consent(our, their) == Ruling.TELL_AGREEMENT:
        assert our.status == "granted"
        assert not our.is_opposed
