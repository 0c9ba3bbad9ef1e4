"""The editor of templates: previews of what is typed, on whom, with what faults; versions that come back; test sends."""

import html
import json

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.core.cache import cache
from django.urls import reverse

from notifications.models import MessageTemplate, Notification
from notifications.services import templates
from tests import factories

PREVIEW = "admin:notifications_messagetemplate_preview"


@pytest.fixture(autouse=True)
def fresh_lines():
    cache.clear()


@pytest.fixture
def office(client, db):
    client.force_login(get_user_model().objects.create_superuser("camille", "camille@moulin.example"))
    return client


@pytest.fixture
def clerk(client, db):
    """Somebody who may see templates, and neither change them nor see guests."""
    user = get_user_model().objects.create_user("dominique", "d@moulin.example", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_messagetemplate"))
    client.force_login(user)
    return client


def typed(**changes):
    return {
        "slug": "fete", "name": "Fête", "purpose": "marketing", "subject": "Bonjour {{customer.first_name}}",
        "body_html": "<p>Cher {{customer.first_name}}</p>", "body_text": "", "sms_body": "", "push_body": "",
        "sample": "{}", **changes,
    }  # fmt: skip


def shown(office, **changes):
    return office.post(reverse(PREVIEW), typed(**changes)).context["preview"]


def test_what_is_typed_is_shown_and_nothing_is_saved(office):
    made = shown(office)

    assert made.subject == "Bonjour Camille"
    assert ">Cher Camille</p>" in made.html
    assert not MessageTemplate.objects.exists()


def test_the_frame_has_no_script_and_fetches_nothing(office):
    page = office.post(
        reverse(PREVIEW),
        typed(body_html='<p>A</p><img src="https://ailleurs.example/a.png" alt="b"><script>x</script>'),
    ).content.decode()

    assert 'sandbox=""' in page
    assert "ailleurs.example" not in page
    assert "<script>" not in page


def test_a_chosen_guest_is_named_and_the_sample_does_not_hide_it(office):
    guest = factories.ContactFactory(first_name="Loïc", last_name="Le Goff")

    made = shown(office, guest=str(guest.pk), sample='{"customer": {"first_name": "Exemple"}}')

    assert (made.guest, made.subject) == ("Loïc Le Goff", "Bonjour Loïc")


def test_guests_are_chosen_only_by_staff_who_may_see_them(clerk):
    guest = factories.ContactFactory(first_name="Loïc")

    made = shown(clerk, guest=str(guest.pk))

    assert made.subject == "Bonjour Camille"
    assert clerk.get(reverse("admin:notifications_messagetemplate_guests"), {"q": "Loïc"}).status_code == 403


def test_guests_are_found_by_pieces_of_their_name(office):
    wanted = factories.ContactFactory(first_name="Loïc", last_name="Le Goff")
    factories.ContactFactory(first_name="Loïc", last_name="Martin")
    address = reverse("admin:notifications_messagetemplate_guests")

    found = [list(office.get(address, {"q": asked}).context["guests"]) for asked in ("goff loï", "l", "zzz")]

    assert found == [[wanted], [], []]


@pytest.mark.parametrize(
    ("field", "text", "line", "column"),
    [
        ("body_html", "<p>\r\n  {{#if promo}}Oui</p>", 2, 3),
        ("sms_body", "Le {{prixx total}}", 1, 4),
        ("subject", "{{nom", 1, 1),
        ("sms_body", "{{prix customer.first_name}}", 1, 1),
    ],
)
def test_a_fault_has_its_place_and_the_other_texts_are_shown(office, field, text, line, column):
    made = shown(office, **{"push_body": "Bonjour", field: text})

    assert [(fault.field, fault.line, fault.column) for fault in made.faults] == [(field, line, column)]
    assert made.push == "Bonjour"


def test_a_text_at_fault_is_not_said_to_be_missing(office):
    page = office.post(reverse(PREVIEW), typed(sms_body="{{#if x}}")).content.decode()

    assert "n'a pas de SMS" not in html.unescape(page)
    assert "tant que ce qui est signalé plus haut n'est pas corrigé" in html.unescape(page)


def test_a_sample_that_is_no_json_is_told_and_the_rest_is_shown(office):
    made = shown(office, sample='{"a": 1,}')

    assert made.faults[0].field == "sample"
    assert made.faults[0].message.startswith("Ligne 1, colonne 9")
    assert made.subject == "Bonjour Camille"


def test_names_without_a_value_are_listed(office):
    made = shown(office, body_html="<p>{{promo_title}}</p>", sms_body="{{promo_code}}")

    assert made.absent == ["promo_title", "promo_code"]


@pytest.mark.parametrize(("asked", "rule"), [({}, "@media not all"), ({"dark": "1"}, "@media all")])
def test_dark_mode_is_shown_on_demand(office, asked, rule):
    made = shown(office, **asked)

    assert f"{rule} {{" in made.html
    assert "prefers-color-scheme" not in made.html


def test_the_text_part_is_made_of_the_html_when_none_is_written(office):
    made = shown(office, body_html="<h1>Fête &amp; vin</h1><p>À <a href='{{menu_url}}'>table</a></p>")

    assert made.text_is_made
    assert made.text.startswith("Fête & vin\n")
    assert "table (http" in made.text


def test_an_sms_is_counted_priced_and_a_cheaper_one_is_proposed(office, settings):
    settings.SMS_PART_COST = {"default": "0.05"}

    made = shown(office, purpose="transactional", sms_body="L’équipe vous attend samedi. " + "a" * 60)

    found = made.sms
    assert (found.parts.encoding, found.parts.parts, str(found.cost)) == ("UCS-2", 2, "0.10")
    assert found.suggestion.text == "L'équipe vous attend samedi. " + "a" * 60
    assert found.suggestion.saved == 1


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"subject": "a" * 71}, "71 signes"),
        ({"body_html": '<img src="https://a.example/b.png">'}, "description"),
        ({"body_html": "<p>{{long}}</p>", "sample": json.dumps({"long": "é" * 52_000})}, "102 ko"),
    ],
)
def test_what_readers_would_regret_is_remarked(office, changes, said):
    made = shown(office, **changes)

    assert any(said in warning for warning in made.warnings)
    assert made.faults == []


def test_the_sender_of_an_sms_is_shown_and_checked(office):
    factories.ProviderFactory(
        channel="sms", platform="twilio", credential__secrets={"account_sid": "AC1", "from_number": "Le Vieux Moulin"}
    )

    made = shown(office, sms_body="Bonjour")

    assert made.sms.sender == "Le Vieux Moulin"
    assert "11 signes au plus" in made.sms.sender_fault


@pytest.mark.parametrize(("body", "name"), [("{{customer.first_name}} ", "François"), ("Cher client ", "")])
def test_names_that_make_an_sms_dearer_are_told(office, body, name):
    made = shown(office, purpose="transactional", sms_body=body + "a" * 80)

    assert (made.sms.parts.parts, made.sms.dear_name) == (1, name)


def test_a_proposal_is_not_made_for_what_the_data_alone_hold(office):
    made = shown(
        office, purpose="transactional", sms_body="Bienvenue {{nom}} " + "a" * 60, sample='{"nom": "Loïs à la fête"}'
    )

    assert made.sms.suggestion is None
    assert made.sms.from_data == ("ï", "ê")


def test_the_names_that_may_be_used_come_with_what_to_insert(office):
    page = office.post(
        reverse(PREVIEW),
        typed(sample='{"menu_items": [{"name": "Magret", "price": "23,90"}], "promo": {"code": "A1"}}'),
    )

    inserts = {variable.name: variable.insert for variable in page.context["variables"]}
    assert inserts["promo.code"] == "{{promo.code}}"
    assert inserts["menu_items"] == "{{#each menu_items}}\n{{name}}, {{price}}\n{{/each}}"
    assert inserts["menu_items[].name"] == "{{name}}"
    assert "unsubscribe_url" in inserts


def test_an_old_version_is_shown_from_its_row(office):
    old = factories.MessageTemplateFactory(is_current=False, body_html="<p>Ancien</p>", subject="Vieux")

    made = office.post(reverse(PREVIEW), {"version": str(old.pk)}).context["preview"]

    assert made.subject == "Vieux"


def test_the_preview_is_for_staff_who_may_see_templates(client, db):
    client.force_login(get_user_model().objects.create_user("guest", is_staff=True))

    assert client.post(reverse(PREVIEW), typed()).status_code == 403


def test_an_older_version_comes_back_as_a_new_one(office):
    first = templates.save_version(factories.MessageTemplateFactory.build(slug="fete", body_html="<p>Un</p>"))
    second = templates.save_version(factories.MessageTemplateFactory.build(slug="fete", body_html="<p>Deux</p>"))

    response = office.post(reverse("admin:notifications_messagetemplate_restore", args=[first.pk]))

    current = MessageTemplate.objects.get(slug="fete", is_current=True)
    assert (current.version, current.body_html) == (3, "<p>Un</p>")
    assert str(current.pk) in response.headers["Location"]
    second.refresh_from_db()
    assert (second.version, second.body_html, second.is_current) == (2, "<p>Deux</p>", False)
    assert "version 1 est revenue" in str(next(iter(get_messages(response.wsgi_request))))


def test_only_those_who_may_change_templates_bring_one_back(clerk):
    old = factories.MessageTemplateFactory(slug="fete", is_current=False)

    assert clerk.post(reverse("admin:notifications_messagetemplate_restore", args=[old.pk])).status_code == 403
    assert MessageTemplate.objects.count() == 1


def test_versions_show_what_each_changed(office):
    templates.save_version(factories.MessageTemplateFactory.build(slug="fete", body_html="<p>Un</p>\n<p>Même</p>"))
    new = templates.save_version(
        factories.MessageTemplateFactory.build(slug="fete", body_html="<p>Deux</p>\n<p>Même</p>")
    )

    page = office.get(reverse("admin:notifications_messagetemplate_change", args=[new.pk]))

    newest, oldest = page.context["editor"]["versions"]
    assert oldest["differences"] == []
    [difference] = newest["differences"]
    assert (difference.label, difference.lines[1:]) == (
        "e-mail (HTML)", [("-", "<p>Un</p>"), ("+", "<p>Deux</p>"), (" ", "<p>Même</p>")],
    )  # fmt: skip


def test_a_form_with_a_fault_keeps_its_preview(office):
    page = office.post(reverse("admin:notifications_messagetemplate_add"), typed(sms_body="{{#if}}"))

    assert page.context["editor"]["shown"]["preview"].faults[0].field == "sms_body"


def test_line_ends_of_a_form_make_no_new_version(office):
    kept = templates.save_version(factories.MessageTemplateFactory.build(slug="fete", body_html="<p>A</p>\n<p>B</p>"))
    data = {**typed(), **{name: getattr(kept, name) for name in templates.TEXTS}, "name": kept.name}
    data["body_html"] = data["body_html"].replace("\n", "\r\n")

    office.post(reverse("admin:notifications_messagetemplate_change", args=[kept.pk]), data)

    assert MessageTemplate.objects.get(slug="fete").version == 1


def test_a_test_send_without_a_service_says_what_to_do(office):
    page = office.post(
        reverse("admin:notifications_messagetemplate_trial"), typed(channel="email", sample=json.dumps({}))
    ).content.decode()

    assert "Aucun service n&#x27;est prêt" in page
    assert not Notification.objects.exists()


def test_a_test_send_is_not_for_those_who_only_read(clerk):
    response = clerk.post(reverse("admin:notifications_messagetemplate_trial"), typed(channel="email"))

    assert response.status_code == 403


def test_the_page_asks_no_more_with_twenty_versions(office, django_assert_max_num_queries):
    kept = templates.save_version(factories.MessageTemplateFactory.build(slug="fete"))
    for number in range(20):
        kept = templates.save_version(factories.MessageTemplateFactory.build(slug="fete", subject=f"Objet {number}"))
    address = reverse("admin:notifications_messagetemplate_change", args=[kept.pk])
    office.get(address)

    with django_assert_max_num_queries(30):
        page = office.get(address)

    assert len(page.context["editor"]["versions"]) == 20
