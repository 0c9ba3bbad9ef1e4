"""The campaign room: written as drafts, conducted by four orders, told phase by phase."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Campaign, CampaignAnalytics, Conversion, PhaseAction
from tests import factories
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.models import Task


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def campaign_data(**changes):
    return {
        "name": "Menu d'automne", "description": "", "start_date_0": "01/12/2030", "start_date_1": "10:00:00",
        "end_date_0": "15/12/2030", "end_date_1": "10:00:00", "budget": "350", "priority": "5", "metadata": "{}",
        "success_metrics": "réservations : 40\nchiffre : 12,5", "channel_types": ["email", "sms"],
        "phases-TOTAL_FORMS": "0", "phases-INITIAL_FORMS": "0", **changes,
    }  # fmt: skip


def test_a_campaign_is_written_in_words(office, manager):
    factories.TagFactory()

    response = office.post(reverse("admin:campaigns_campaign_add"), campaign_data(target_audience=["habitues"]))

    campaign = Campaign.objects.get()
    assert response.status_code == 302
    assert campaign.target_audience == ["habitues"]
    assert campaign.success_metrics == {"réservations": 40, "chiffre": 12.5}
    assert sorted(campaign.channels.values_list("type", flat=True)) == ["email", "sms"]
    assert campaign.created_by == manager


def test_a_code_is_written_once(office):
    office.post(reverse("admin:campaigns_campaign_add"), campaign_data(code="automne10"))
    refused = office.post(reverse("admin:campaigns_campaign_add"), campaign_data(code="Automne10", name="Autre"))

    assert list(Campaign.objects.values_list("code", flat=True)) == ["AUTOMNE10"]
    assert "Une autre campagne a ce code" in refused.content.decode()


def test_what_a_campaign_brought_in_is_told_on_its_page_and_in_the_list(office):
    campaign = factories.CampaignFactory(code="AUTOMNE10", status="active")
    page = reverse("admin:campaigns_campaign_change", args=[campaign.pk])
    assert "dès que la campagne a commencé" in office.get(page).content.decode()

    kept = CampaignAnalytics.objects.create(campaign=campaign, orders=12, revenue_cents=64850)
    assert "Elle n'a encore écrit à personne" in office.get(page).content.decode().replace("&#x27;", "'")

    CampaignAnalytics.objects.filter(pk=kept.pk).update(guests_written=240, guests_converted=8)
    text = office.get(page).content.decode()
    assert "12 commandes, 648,50 €" in text
    assert "8 des 240 clients à qui elle a écrit ont commandé avec ce code : 3,3\xa0%." in text
    assert '<td class="field-orders' in office.get(reverse("admin:campaigns_campaign_changelist")).content.decode()


def test_the_orders_of_a_code_are_found(office):
    factories.CampaignFactory(name="Automne doré", code="AUTOMNE10")
    guest = factories.ContactFactory(last_name="Garrigue")
    kept = Conversion.objects.create(source="accounting", external_id="cmd-1", code="AUTOMNE10",
                                     occurred_at=timezone.now(), amount_cents=4250, contact=guest)  # fmt: skip
    Conversion.objects.create(source="accounting", external_id="cmd-2", code="HIVER", occurred_at=timezone.now(),
                              amount_cents=990)  # fmt: skip

    found = office.get(reverse("admin:campaigns_conversion_changelist"), {"q": "automne10"}).content.decode()
    assert [text in found for text in ("Automne doré", "42,50 €", "cmd-1", "cmd-2")] == [True, True, True, False]

    page = reverse("admin:campaigns_conversion_change", args=[kept.pk])
    assert "Garrigue" in office.get(page).content.decode()


def test_an_end_before_the_start_is_refused(office):
    response = office.post(reverse("admin:campaigns_campaign_add"), campaign_data(end_date_0="01/11/2030"))

    assert "La fin doit venir après le début." in response.content.decode()
    assert not Campaign.objects.exists()


def test_a_goal_without_a_figure_is_refused(office):
    response = office.post(reverse("admin:campaigns_campaign_add"), campaign_data(success_metrics="beaucoup de monde"))

    assert "écrivez un nom, deux points et une valeur" in response.content.decode()
    assert not Campaign.objects.exists()


def test_a_channel_unticked_is_taken_away(office):
    campaign = factories.CampaignFactory()
    campaign.channels.create(type="web")

    office.post(reverse("admin:campaigns_campaign_change", args=[campaign.pk]), campaign_data(channel_types=["sms"]))

    assert list(campaign.channels.values_list("type", flat=True)) == ["sms"]


@pytest.mark.parametrize(
    ("order", "before", "after"),
    [
        ("start", "draft", "active"),
        ("pause", "active", "paused"),
        ("resume", "paused", "active"),
        ("cancel", "active", "canceled"),
    ],
)
def test_an_order_changes_the_state_and_is_in_the_ledger(ask, manager, order, before, after):
    campaign = factories.PhaseFactory(campaign__status=before).campaign

    response = ask(f"campaigns_campaign_{order}", campaign)

    campaign.refresh_from_db()
    task = Task.objects.get()
    assert campaign.status == after
    assert (task.params["action"], task.user) == (order, manager)
    assert len(told(response)) == 1


def test_an_order_that_may_not_follow_is_refused_in_the_window(ask):
    campaign = factories.PhaseFactory(campaign__status="completed").campaign

    response = ask("campaigns_campaign_pause", campaign)

    campaign.refresh_from_db()
    assert "elle ne peut pas devenir" in response.content.decode()
    assert campaign.status == "completed"
    assert not Task.objects.exists()


def test_a_campaign_without_a_phase_does_not_start(ask):
    campaign = factories.CampaignFactory()

    response = ask("campaigns_campaign_start", campaign)

    assert "aucune phase" in response.content.decode()


@pytest.mark.parametrize("status", ["active", "paused", "completed", "canceled"])
def test_what_has_begun_is_no_longer_rewritten(office, status):
    action = factories.PhaseActionFactory(phase__campaign__status=status)
    phase, campaign = action.phase, action.phase.campaign

    answers = {
        name: office.post(reverse(f"admin:campaigns_{name}_change", args=[row.pk]), {}).status_code
        for name, row in (("campaign", campaign), ("phase", phase), ("phaseaction", action))
    }

    assert answers == {"campaign": 403, "phase": 403, "phaseaction": 403}


def test_only_a_draft_is_deleted(office):
    draft = factories.CampaignFactory()
    active = factories.CampaignFactory(status="active")

    answers = [
        office.get(reverse("admin:campaigns_campaign_delete", args=[row.pk])).status_code for row in (draft, active)
    ]

    assert answers == [200, 403]


def test_progress_tells_what_became_of_each_action(office):
    task = rows.task(
        type="notify",
        status="partial",
        outcome={"counts": {"sent": 3, "skipped": 2}, "reasons": {"Pas de consentement.": 2}},
    )
    action = factories.PhaseActionFactory(kind="notify", task_id=task.pk)

    page = office.get(reverse("admin:campaigns_campaign_change", args=[action.phase.campaign_id])).content.decode()

    assert [text in page for text in ("3 × envoyé", "2 × non envoyé", "2 × Pas de consentement.")] == [True] * 3


def action_data(phase, **changes):
    return {
        "phase": phase.pk, "kind": "publish", "position": "0", "title": "", "body": "", "hashtags": "", "media_url": "",
        "alt_text": "", "template": "", "recipients": "", "data": "", "menu": "", **changes,
    }  # fmt: skip


def test_an_action_to_publish_is_asked_in_words(office):
    phase = factories.PhaseFactory()

    office.post(
        reverse("admin:campaigns_phaseaction_add"),
        action_data(phase, title="Cèpes", hashtags="#automne", platforms=["facebook"]),
    )

    params = PhaseAction.objects.get().params
    assert params["platforms"] == ["facebook"]
    assert (params["content"]["title"], params["content"]["hashtags"]) == ("Cèpes", ["automne"])


def test_what_the_form_does_not_ask_is_kept(office):
    params = {
        "content": {"title": "Avant", "item_refs": ["cepes"], "media_urls": ["https://a/1.jpg", "https://a/2.jpg"]},
        "platforms": ["twitter"],
        "targeting": {"location": "Vensac"},
    }
    action = factories.PhaseActionFactory(params=params)
    form = office.get(reverse("admin:campaigns_phaseaction_change", args=[action.pk])).context["adminform"].form

    office.post(
        reverse("admin:campaigns_phaseaction_change", args=[action.pk]),
        action_data(action.phase, title="Après", media_url="https://a/1.jpg", platforms=["x"], position="0"),
    )

    action.refresh_from_db()
    assert (form.initial["title"], form.initial["platforms"]) == ("Avant", ["x"])
    assert action.params["content"]["title"] == "Après"
    assert action.params["content"]["item_refs"] == ["cepes"]
    assert action.params["content"]["media_urls"] == ["https://a/1.jpg", "https://a/2.jpg"]
    assert action.params["targeting"] == {"location": "Vensac"}


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("publish", ["body", "platforms"]), ("notify", ["template", "channels"]), ("update_menu", ["menu"])],
)
def test_each_kind_of_action_asks_for_what_it_needs(office, kind, fields):
    phase = factories.PhaseFactory()

    response = office.post(reverse("admin:campaigns_phaseaction_add"), action_data(phase, kind=kind))

    assert list(response.context["adminform"].form.errors) == fields
    assert not PhaseAction.objects.exists()


def test_an_action_made_here_does_what_it_says(office, ask):
    factories.AccountFactory()
    now = timezone.now()
    campaign = factories.CampaignFactory(start_date=now - timedelta(hours=1))
    phase = factories.PhaseFactory(campaign=campaign, starts_at=now - timedelta(minutes=1))
    office.post(
        reverse("admin:campaigns_phaseaction_add"), action_data(phase, body="La carte est là.", platforms=["facebook"])
    )
    ask("campaigns_campaign_start", campaign)

    from vieuxmoulin.orchestrator.conducting import fire_phase

    fire_phase(phase.pk)

    assert campaign.publication_set.get().post["text"] == "La carte est là."
