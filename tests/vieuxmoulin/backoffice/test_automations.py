"""Rules as staff write them: an event, conditions, actions with the questions of their kind; tried, and followed."""

import pytest
from django.contrib.auth.models import Permission
from django.urls import reverse

from campaigns.models import Automation, AutomationRun
from integrations.services import inbound
from tests.factories import AccountFactory, MessageTemplateFactory, TagFactory
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.models import Alert
from vieuxmoulin.orchestrator import automating
from vieuxmoulin.orchestrator.actions import registry

pytestmark = pytest.mark.django_db
ADD = "/admin/campaigns/automation/add/"
POST = {
    "kind": "post", "post__networks": ["facebook"], "post__title": "Plat du jour : {{name}}",
    "post__hashtags": "#platdujour, vieuxmoulin", "post__mode": "approve",
}  # fmt: skip
STAFF = {"kind": "staff", "staff__title": "À voir : {{name}}", "staff__people": "kitchen", "staff__is_urgent": "on"}


def answers(*actions, conditions=(), **fields):
    """The form as a browser posts it."""
    data = {
        "name": "Plat du jour", "is_active": "on", "known_event": "featured_recipe", "event": "", "delay_minutes": "0",
        "before_path": "", "stop_events": "", "entity_path": "", **fields,
    }  # fmt: skip
    for prefix, forms in (("conditions", conditions), ("actions", actions)):
        data |= {f"{prefix}-TOTAL_FORMS": len(forms), f"{prefix}-INITIAL_FORMS": 0}
        for rank, form in enumerate(forms):
            data |= {f"{prefix}-{rank}-position": rank} if prefix == "actions" else {}
            data |= {f"{prefix}-{rank}-{name}": value for name, value in form.items()}
    return data


def faults(response):
    """Everything that the page says is wrong."""
    page = response.context_data
    said = [error for errors in page["adminform"].form.errors.values() for error in errors]
    for inline in page["inline_admin_formsets"]:
        said += inline.formset.non_form_errors()
        said += [error for form in inline.formset.forms for errors in form.errors.values() for error in errors]
    return said


def test_a_rule_with_two_actions_and_a_condition_is_kept_as_it_was_answered(office):
    condition = {"path": "is_featured", "operator": "equals", "value": "true"}

    response = office.post(ADD, answers(POST, STAFF, conditions=[condition]))

    assert response.status_code == 302
    rule = Automation.objects.get()
    assert (rule.event, str(rule.conditions.get())) == ("featured_recipe", "is_featured est true")
    post, staff = rule.actions.all()
    assert (post.kind, post.params) == (
        "post",
        {
            "networks": ["facebook"], "title": "Plat du jour : {{name}}", "body": "",
            "hashtags": ["platdujour", "vieuxmoulin"], "picture": "", "alt_text": "", "mode": "approve",
        },
    )  # fmt: skip
    assert staff.params == {"title": "À voir : {{name}}", "message": "", "people": "kitchen", "is_urgent": True}


def test_the_page_of_a_rule_shows_its_answers_again_and_saving_it_changes_nothing(office):
    office.post(ADD, answers(POST))
    rule = Automation.objects.get()
    (action,) = rule.actions.all()
    address = reverse("admin:campaigns_automation_change", args=[rule.pk])

    page = office.get(address)
    form = page.context_data["inline_admin_formsets"][1].formset.forms[0]
    assert (form["post__title"].value(), form["post__networks"].value()) == ("Plat du jour : {{name}}", ["facebook"])
    assert page.context_data["adminform"].form["known_event"].value() == "featured_recipe"

    again = answers({**POST, "id": action.pk, "automation": rule.pk}) | {"actions-INITIAL_FORMS": 1}
    assert office.post(address, again).status_code == 302
    assert rule.actions.get().params == action.params


def test_another_event_is_written_by_its_name(office):
    office.post(ADD, answers(STAFF, known_event="-", event="wine_delivered"))

    assert Automation.objects.get().event == "wine_delivered"


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (answers(), "Dites au moins une chose à faire."),
        (answers({**POST, "post__networks": []}), "Cette réponse est nécessaire."),
        (answers({**POST, "post__title": "", "post__body": ""}), "Écrivez un titre ou un texte."),
        (answers({**POST, "post__title": "{{#if name}}"}), "if"),
        (answers({"kind": "message", "message__channels": ["email"], "message__audience": "all"}), "nécessaire"),
        (answers({"kind": "nothing"}), "nothing"),
        (answers(STAFF, known_event="-", event=""), "Écrivez le nom de l'événement."),
        (answers(POST, known_event="publication_success"), "publication_success → publication_success"),
        (answers(STAFF, stop_events="booking_canceled"), "Dites à quoi l'on reconnaît la même chose"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(office, made, said):
    response = office.post(ADD, made)

    assert response.status_code == 200
    assert any(said in fault for fault in faults(response)), faults(response)
    assert Automation.objects.count() == 0


def test_rules_that_would_turn_in_a_circle_together_are_refused(office, monkeypatch):
    monkeypatch.setattr(registry["sold_out"], "causes", frozenset({"publication_failure"}))
    AccountFactory()
    first = Automation.objects.create(name="Un", event="publication_failure")
    first.actions.create(kind="post", params={"networks": ["facebook"], "title": "x"})

    response = office.post(ADD, answers({"kind": "sold_out"}, known_event="publication_success"))

    circle = "publication_success → publication_failure → publication_success"
    assert any(circle in fault for fault in faults(response))


def test_a_choice_that_is_gone_stays_visible(office):
    rule = Automation.objects.create(name="Un", event="visit_completed")
    rule.actions.create(kind="message", params={"template": "parti", "channels": ["email"], "audience": "tag:vieux"})

    page = office.get(reverse("admin:campaigns_automation_change", args=[rule.pk])).content.decode()

    assert "parti (?)" in page
    assert "tag:vieux (?)" in page


def test_the_list_says_what_each_rule_does(office):
    office.post(ADD, answers(POST, STAFF))

    page = office.get("/admin/campaigns/automation/").content.decode()

    assert "Une recette est mise en avant." in page
    assert "proposer un post sur Facebook ; prévenir : La cuisine" in page


@pytest.mark.parametrize(
    ("audience", "said"),
    [
        ("event", "la personne"),
        ("all", "tous les contacts qui l'acceptent"),
        ("tag:habitues", "Étiquette : Habitués"),
        ("tag:partie", "tag:partie"),
    ],
)
def test_whom_a_rule_writes_to_is_said_by_the_names_that_staff_know(db, audience, said):
    MessageTemplateFactory(slug="menu_update", name="Nouvelle carte")
    TagFactory(slug="habitues", name="Habitués")

    words = registry["message"]().summary({"template": "menu_update", "audience": audience})

    assert words == f"écrire « Nouvelle carte » à : {said}"


def test_a_trial_shows_the_words_that_would_leave_and_why_others_would_not(office):
    AccountFactory(platform="facebook")
    office.post(ADD, answers(POST, conditions=[{"path": "is_featured", "operator": "equals", "value": "true"}]))
    for rank, featured in enumerate((True, False)):
        payload = {"name": "Magret", "is_featured": featured, "customer": {"email": "ana@example.com"}}
        rows.inbound(event="featured_recipe", payload=payload, source=f"recipes{rank}")

    page = office.get(reverse("admin:campaigns_automation_try_on_past", args=[Automation.objects.get().pk]))

    text = page.content.decode()
    assert "Plat du jour : Magret" in text
    assert "is_featured est « False »" in text
    assert "ana@example.com" not in text
    assert Alert.objects.count() == AutomationRun.objects.count() == 0


def test_a_house_that_has_received_nothing_is_shown_an_example(office):
    AccountFactory(platform="facebook")
    office.post(ADD, answers(POST))

    page = office.get(reverse("admin:campaigns_automation_try_on_past", args=[Automation.objects.get().pk]))

    assert "Plat du jour : Salade Méditerranéenne" in page.content.decode()


def test_a_run_shows_each_outcome_without_the_guest_and_is_done_again(office, ask):
    MessageTemplateFactory(slug="merci", subject="Merci", body_html="<p>Merci</p>", purpose="transactional")
    rule = Automation.objects.create(name="Merci", event="visit_completed")
    rule.actions.create(kind="message", params={"template": "absent", "channels": ["email"], "audience": "event"})
    event, _ = inbound.store(
        source="crm", event="visit_completed", delivery_id="1", occurred_at=rule.created_at,
        payload={"customer": {"email": "ana@example.com"}, "guests": 4},
    )  # fmt: skip
    inbound.process(event.pk)
    run = AutomationRun.objects.get()
    automating.run(run.pk)

    page = office.get(reverse("admin:campaigns_automationrun_change", args=[run.pk])).content.decode()
    assert "Modèle inconnu « absent »" in page
    assert "guests" in page
    assert "ana@example.com" not in page

    ask("campaigns_automationrun_do_again", run)
    run.refresh_from_db()
    assert (run.status, run.attempts) == ("pending", 0)


def test_who_may_only_look_reads_what_the_rule_does(client, django_user_model):
    rule = Automation.objects.create(name="Un", event="stock_alert")
    rule.actions.create(kind="sold_out", params={})
    viewer = django_user_model.objects.create_user("dominique", password="un-mot-de-passe-long", is_staff=True)
    names = [f"view_{name}" for name in ("automation", "automationaction", "automationcondition")]
    viewer.user_permissions.set(Permission.objects.filter(codename__in=names))
    client.force_login(viewer)

    page = client.get(reverse("admin:campaigns_automation_change", args=[rule.pk]))

    assert page.status_code == 200
    assert "retirer de la vente ce qui manque" in page.content.decode()
    assert client.get(reverse("admin:campaigns_automation_try_on_past", args=[rule.pk])).status_code == 200
