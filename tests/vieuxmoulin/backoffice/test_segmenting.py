"""Segments on screen: lines of field, comparison and value; the count follows; faults stand on their line."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.urls import reverse

from notifications.models import Segment
from tests.factories import CampaignFactory, ContactFactory, ItemFactory, MessageTemplateFactory, TagFactory

pytestmark = pytest.mark.django_db
PAGE, LINES, COUNT = "backoffice:segment", "backoffice:segment_lines", "backoffice:segment_count"
RULE = {"name": "Les Ana", "mode": "all", "field": ["first_name"], "op": ["is"], "value": ["Ana"]}


@pytest.fixture(autouse=True)
def guests():
    ContactFactory(first_name="Ana", last_name="Moreau", email="ana@example.com")
    ContactFactory(first_name="Bob")


def test_a_segment_is_written_without_sql_and_counted(office):
    response = office.post(reverse(PAGE), RULE)

    segment = Segment.objects.get()
    assert response.status_code == 302
    assert segment.rules == {"all": [{"field": "first_name", "op": "is", "value": "Ana"}]}
    assert (segment.slug, segment.last_count) == ("les-ana", 1)


def test_the_count_names_some_and_hides_addresses(office):
    page = office.post(reverse(COUNT), RULE).content.decode()

    assert "<strong>1</strong>" in page
    assert "Ana Moreau" in page
    assert "ana@example.com" not in page


def test_choosing_a_field_offers_its_comparisons(office):
    lines = office.post(reverse(LINES), {"field": ["spent"], "op": ["is"], "value": ["50"]}).context["lines"]

    assert [name for name, _ in lines[0].operators] == ["at_least", "at_most"]
    assert lines[0].op == "at_least"


def test_lines_are_added_and_taken_away(office):
    two = office.post(reverse(LINES), {**RULE, "order": "add"}).context["lines"]
    none = office.post(reverse(LINES), {**RULE, "order": "remove:0"}).context["lines"]

    assert [line.name for line in two] == ["first_name", ""]
    assert [line.name for line in none] == [""]


def test_the_page_counts_again_once_the_lines_have_changed(office):
    answer = office.post(reverse(LINES), {**RULE, "order": "remove:0"})

    assert answer["HX-Trigger-After-Settle"] == "recount"
    assert "recount from:body" in office.get(reverse(PAGE)).content.decode()


def test_a_template_is_chosen_by_its_name(office):
    MessageTemplateFactory(slug="promotion", name="Promotion du soir")

    lines = office.post(reverse(LINES), {"field": ["got_template"], "op": ["is"], "value": [""]}).context["lines"]

    assert lines[0].choices == [("promotion", "Promotion du soir")]


def test_a_dish_and_a_campaign_are_chosen_by_their_names(office):
    ItemFactory(ref="magret", name="Magret du Médoc")
    CampaignFactory(name="Automne")

    asked = {"field": ["bought", "got_campaign"], "op": ["is", "is"], "value": ["", ""]}
    lines = office.post(reverse(LINES), asked).context["lines"]

    assert lines[0].choices == [("magret", "Magret du Médoc")]
    assert lines[1].choices == [("Automne", "Automne")]


def test_a_choice_is_made_by_the_manager_and_not_by_the_order_of_a_list(office):
    TagFactory(slug="habitues")

    page = office.post(reverse(LINES), {"field": ["tag"], "op": ["is"], "value": [""]}).content.decode()

    assert '<option value="">Choisissez…</option>' in page.partition('name="value"')[2]


def test_a_rule_that_waits_for_its_value_is_no_fault_and_counts_for_nothing(office):
    asked = {**RULE, "field": ["first_name", "language"], "op": ["is", "is"], "value": ["Ana", ""]}

    page = office.post(reverse(COUNT), asked)

    assert (page.context["total"], page.context["waiting"]) == (1, ["Langue"])
    assert "la règle ne compte pas encore" in page.content.decode()
    refused = office.post(reverse(PAGE), asked).context["lines"][1].fault
    assert refused == "« Langue » attend sa valeur : donnez-la, ou retirez la règle."


@pytest.mark.parametrize(("name", "op"), [("last_name", "empty"), ("last_purchase", "never"), ("has_email", "yes")])
def test_a_comparison_that_needs_no_value_asks_for_none(office, name, op):
    asked = {**RULE, "field": [name], "op": [op], "value": [""]}

    assert office.post(reverse(LINES), asked).context["lines"][0].kind == "none"
    assert office.post(reverse(COUNT), asked).context["waiting"] == []
    assert office.post(reverse(PAGE), asked).status_code == 302


def test_a_value_that_is_there_no_more_does_not_become_another(office):
    TagFactory(slug="habitues")

    lines = office.post(reverse(LINES), {"field": ["tag"], "op": ["is"], "value": ["partis"]}).context["lines"]

    assert lines[0].choices == [("habitues", "Habitués"), ("partis", "partis (?)")]


def test_another_field_begins_without_the_value_of_the_one_before(office):
    asked = {"field": ["first_name", "tag"], "op": ["is", "is"], "value": ["Ana", "Bob"]}

    lines = office.post(reverse(LINES), asked, headers={"HX-Trigger": "segment-field-1"}).context["lines"]

    assert [line.value for line in lines] == ["Ana", ""]


def test_whoever_may_not_delete_does_not(client, db):
    segment = Segment.objects.create(slug="a", name="A")
    person = get_user_model().objects.create_user("dominique", is_staff=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=["view_segment", "change_segment"]))
    client.force_login(person)
    address = f"{reverse(PAGE)}?segment={segment.pk}"

    shown, refused = client.get(address), client.post(address, {"order": "delete"})

    assert "Supprimer" not in shown.content.decode()
    assert (refused.status_code, Segment.objects.count()) == (403, 1)


def test_a_fault_stands_on_its_line_and_nothing_is_written(office):
    response = office.post(reverse(PAGE), {**RULE, "field": ["spent"], "op": ["at_least"], "value": ["beaucoup"]})

    assert "un nombre entier" in response.context["lines"][0].fault
    assert Segment.objects.count() == 0


def test_two_segments_of_one_name_have_two_slugs(office):
    office.post(reverse(PAGE), RULE)
    office.post(reverse(PAGE), RULE)

    assert set(Segment.objects.values_list("slug", flat=True)) == {"les-ana", "les-ana-2"}


def test_rules_that_a_program_wrote_are_counted_and_not_mangled(office):
    rules = {"not": {"field": "first_name", "op": "is", "value": "Ana"}}
    segment = Segment.objects.create(slug="x", name="Autres", rules=rules)

    page = office.get(f"{reverse(PAGE)}?segment={segment.pk}")

    assert "écrites par un programme" in page.content.decode()
    assert page.context["total"] == 1


def test_the_list_leads_to_the_page(office):
    segment = Segment.objects.create(slug="x", name="Autres")

    response = office.get(reverse("admin:notifications_segment_change", args=[segment.pk]))

    assert response["Location"] == f"{reverse(PAGE)}?segment={segment.pk}"


def test_a_segment_is_deleted(office):
    segment = Segment.objects.create(slug="x", name="Autres")

    office.post(f"{reverse(PAGE)}?segment={segment.pk}", {"order": "delete"})

    assert Segment.objects.count() == 0
