"""Segments: each field finds whom it says, whatever the nesting; one query; faults named with their place."""

import json
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.errors import ContentRejected
from notifications.models import Consent, Contact, Purchase, PushSubscription, Segment, Suppression, Tag
from notifications.services import segments
from notifications.services.segment_fields import FIELDS
from tests.factories import ContactFactory
from tests.vieuxmoulin.backoffice import rows

pytestmark = pytest.mark.django_db


def leaf(field, op, value=None):
    return {"field": field, "op": op, **({} if value is None else {"value": value})}


def names(rules):
    return set(segments.members(rules).values_list("first_name", flat=True))


@pytest.fixture
def house():
    """Four guests who differ in everything."""
    now = timezone.now()
    ana = ContactFactory(
        first_name="Ana", last_name="Moreau", postcode="33590", birthday=timezone.localdate() + timedelta(days=3),
        latitude=45.41, longitude=-1.02, attributes={"table": "terrasse", "chien": True},
    )  # fmt: skip
    bob = ContactFactory(first_name="Bob", postcode="75011", latitude=48.85, longitude=2.35, language="en")
    eve = ContactFactory(first_name="Eve", phone="", phone_index=None)
    tom = ContactFactory(first_name="Tom", email="", email_index=None)
    Consent.objects.filter(contact__in=[bob, eve, tom]).delete()
    ana.tags.add(Tag.objects.create(slug="habitues", name="Habitués"))
    Suppression.objects.create(channel="email", address_index=eve.email_index, reason="STOP")
    PushSubscription.objects.create(contact=tom, subscription={"endpoint": "https://e"}, endpoint_index="t")
    sent = {"status": "delivered", "sent_at": now - timedelta(days=5)}
    rows.message(contact=ana, opened_at=now - timedelta(days=4), clicked_at=now - timedelta(days=40), **sent)
    rows.message(contact=bob, **sent)
    for number, (guest, days, cents) in enumerate(((ana, 2, 4550), (ana, 50, 3000), (bob, 200, 9000))):
        Purchase.objects.create(
            contact=guest, source="caisse", external_id=str(number), occurred_at=now - timedelta(days=days),
            amount_cents=cents, item_refs=["magret"] if guest == ana else ["huitres"],
        )  # fmt: skip
    return {"Ana", "Bob", "Eve", "Tom"}


CASES = [
    (leaf("first_name", "is", "ana"), {"Ana"}),
    (leaf("last_name", "starts", "more"), {"Ana"}),
    (leaf("postcode", "contains", "335"), {"Ana"}),
    (leaf("language", "is_not", "fr"), {"Bob"}),
    (leaf("tag", "is", "habitues"), {"Ana"}),
    (leaf("tag", "is_not", "habitues"), {"Bob", "Eve", "Tom"}),
    (leaf("attribute", "is", "table = terrasse"), {"Ana"}),
    (leaf("attribute", "is", "chien = true"), {"Ana"}),
    (leaf("attribute", "is_not", "table = terrasse"), {"Bob", "Eve", "Tom"}),
    (leaf("birthday_within", "at_most", 5), {"Ana"}),
    (leaf("birthday_within", "at_most", 1), set()),
    (leaf("distance", "at_most", 20), {"Ana"}),
    (leaf("distance", "over", 20), {"Bob"}),
    (leaf("created", "within", 1), {"Ana", "Bob", "Eve", "Tom"}),
    (leaf("has_email", "no"), {"Tom"}),
    (leaf("has_phone", "no"), {"Eve"}),
    (leaf("has_device", "yes"), {"Tom"}),
    (leaf("agrees_email", "yes"), {"Ana"}),
    (leaf("opposed_email", "yes"), {"Eve"}),
    (leaf("received", "within", 7), {"Ana", "Bob"}),
    (leaf("received", "never"), {"Eve", "Tom"}),
    (leaf("opened", "within", 7), {"Ana"}),
    (leaf("clicked", "over", 30), {"Ana"}),
    (leaf("clicked", "within", 30), set()),
    (leaf("purchases", "at_least", 2), {"Ana"}),
    (leaf("purchases", "at_most", 1), {"Bob", "Eve", "Tom"}),
    (leaf("spent", "at_least", 90), {"Bob"}),
    (leaf("spent", "at_least", "75"), {"Ana", "Bob"}),
    (leaf("last_purchase", "over", 100), {"Bob"}),
    (leaf("last_purchase", "never"), {"Eve", "Tom"}),
    (leaf("bought", "is", "magret"), {"Ana"}),
    (leaf("bought", "is_not", "magret"), {"Bob", "Eve", "Tom"}),
    ({"all": [leaf("has_email", "yes"), leaf("has_phone", "yes")]}, {"Ana", "Bob"}),
    ({"any": [leaf("first_name", "is", "Eve"), leaf("spent", "at_least", 90)]}, {"Bob", "Eve"}),
    ({"not": leaf("has_email", "yes")}, {"Tom"}),
    ({"all": [leaf("has_email", "yes"), {"not": {"any": [leaf("tag", "is", "habitues"), leaf("spent", "at_least", 90)]}}]},
     {"Eve"}),
    ({}, {"Ana", "Bob", "Eve", "Tom"}),
]  # fmt: skip


@pytest.mark.parametrize(("rules", "found"), CASES, ids=[json.dumps(rules)[:60] for rules, _ in CASES])
def test_rules_find_whom_they_say(house, rules, found):
    assert names(rules) == found


def test_every_field_has_a_case():
    said = json.dumps([rules for rules, _ in CASES])

    assert {name for name in FIELDS if f'"{name}"' not in said} <= {
        "source", "birthday_month", "agrees_sms", "agrees_push", "agrees_tracking", "opposed_sms", "got_template",
        "got_campaign",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rules", "place", "words"),
    [
        (leaf("prenom", "is", "x"), "rules.field", "Champ inconnu « prenom »"),
        (leaf("first_nam", "is", "x"), "rules.field", "Vouliez-vous dire « first_name » ?"),
        (leaf("first_name", "above", "x"), "rules.op", "se compare par : is, is_not, contains, starts, empty."),
        ({"all": [leaf("spent", "at_least", "beaucoup")]}, "rules.all[0].value", "un nombre entier de 0 à 1000000"),
        ({"any": []}, "rules.any", "au moins une règle"),
        ({"all": [{"not": ["x"]}]}, "rules.all[0].not", "objet JSON"),
        (leaf("attribute", "is", "'; DROP TABLE"), "rules.value", "clé = valeur"),
        (leaf("distance", "at_most", -1), "rules.value", "un nombre entier"),
    ],
)
def test_a_fault_is_named_with_its_place(rules, place, words):
    with pytest.raises(ContentRejected) as caught:
        segments.members(rules)

    (problem,) = caught.value.problems
    assert problem["field"] == place
    assert words in problem["message"]


def test_too_many_or_too_deep_is_refused():
    deep = leaf("has_email", "yes")
    for _ in range(8):
        deep = {"not": deep}

    assert segments.check(deep)
    assert segments.check({"any": [leaf("has_email", "yes")] * 51})


def test_any_rules_cost_one_query(house, django_assert_num_queries):
    rules = {"all": [rules for rules, _ in CASES[:20] if rules]}

    with django_assert_num_queries(1):
        segments.count(rules)


LEAVES = st.sampled_from([rules for rules, _ in CASES if "field" in rules])


# The guests are the same for every example, and nothing writes.
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40)
@given(data=st.data())
def test_groups_mean_what_they_say(house, data):
    some = data.draw(st.lists(LEAVES, min_size=1, max_size=4))
    sets = [names(rule) for rule in some]

    assert names({"all": some}) == set.intersection(*sets)
    assert names({"any": some}) == set.union(*sets)
    assert names({"not": {"any": some}}) == house - set.union(*sets)


def test_a_count_is_remembered(house):
    segment = Segment.objects.create(slug="fideles", name="Fidèles", rules=leaf("purchases", "at_least", 1))

    assert segments.remember_count(segment) == 2
    segment.refresh_from_db()
    assert (segment.last_count, segment.counted_at is not None) == (2, True)
    assert Contact.objects.count() == 4
