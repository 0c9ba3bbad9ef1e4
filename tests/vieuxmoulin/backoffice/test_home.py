"""The home page: what to do first, what goes out, what stopped, how all of it feels."""

from datetime import timedelta

from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from integrations.models import WebhookDelivery
from integrations.services import pulse
from menus.models import MenuSync
from tests import factories
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin import sweep
from vieuxmoulin.backoffice import troubles


def figure(office, title):
    return next(found for found in office.get("/admin/").context["figures"] if found.title == title)


def test_an_empty_house_says_what_to_do_first(office):
    response = office.get("/admin/")

    assert response.context["first_steps"][0]["text"] == "Relier un compte Facebook, Instagram ou X"
    assert "Rien n'est prévu." in response.content.decode()
    assert "Tout est parti comme prévu." in response.content.decode()


def test_a_step_that_is_done_is_no_longer_asked(office):
    factories.AccountFactory()

    texts = [step["text"] for step in office.get("/admin/").context["first_steps"]]

    assert "Relier un compte Facebook, Instagram ou X" not in texts
    assert "Publier la carte" in texts


def test_what_failed_is_told_with_its_reason_and_a_way_to_retry(office):
    post = factories.PublicationFactory(status="failed", last_error="Le jeton a expiré.")

    page = office.get("/admin/").content.decode()

    assert "Le jeton a expiré." in page
    assert f"/admin/social/publication/{post.pk}/retry/" in page


def test_a_sync_that_a_later_one_mended_is_no_longer_a_trouble(office):
    drifted = rows.sync(status="drifted")
    before = [line.kind for line in office.get("/admin/").context["failures"]]

    MenuSync.objects.create(revision=drifted.revision, destination=drifted.destination, status="coherent")

    assert before == ["HubRise"]
    assert office.get("/admin/").context["failures"] == []
    # Half a minute later.
    cache.clear()
    assert figure(office, "Carte à jour").value == "1 / 1"


def test_the_week_is_counted_once_for_all_who_may_see_the_same(office):
    office.get("/admin/")

    factories.PublicationFactory(status="published", published_at=timezone.now())

    assert figure(office, "Publications en ligne").value == "0"
    cache.clear()
    assert figure(office, "Publications en ligne").value == "1"


def test_an_old_failure_no_longer_calls(office):
    factories.PublicationFactory(status="failed", scheduled_at=timezone.now() - timedelta(days=8))

    assert office.get("/admin/").context["failures"] == []


def test_an_account_to_reconnect_is_first(office):
    account = factories.AccountFactory(status="disconnected", status_reason="Jeton expiré le 12.")

    page = office.get("/admin/").content.decode()

    assert "Jeton expiré le 12." in page
    assert f"/admin/social/account/{account.pk}/reconnect/" in page


def test_figures_stand_beside_those_of_the_week_before(office):
    now = timezone.now()
    for days in (1, 2, 8):
        factories.PublicationFactory(status="published", published_at=now - timedelta(days=days))

    shown = figure(office, "Publications en ligne")

    assert (shown.value, shown.before) == ("2", "1")


def test_messages_that_did_not_leave_are_told_with_the_commonest_reason(office):
    template = factories.MessageTemplateFactory()
    for reason in ("Pas de consentement.", "Pas de consentement.", "Adresse inconnue."):
        rows.message(template=template, status="skipped", reason=reason, sent_at=None)
    rows.message(template=template, status="delivered")

    stopped, sent = figure(office, "Messages non partis"), figure(office, "Messages envoyés")

    assert (stopped.value, stopped.note, sent.value) == ("3", "surtout : Pas de consentement.", "1")


def test_pulses_and_services_are_told(office):
    pulse.beat("beat")
    pulse.note("facebook", error="Jeton expiré.")

    context = office.get("/admin/").context

    assert [beat["name"] for beat in context["pulses"] if beat["is_alive"]] == ["Horloge"]
    assert [(service["name"], service["is_up"]) for service in context["services"]] == [("Facebook", False)]


def test_the_live_part_is_sent_again_only_when_it_changed(office):
    first = office.get("/admin/vieuxmoulin/task/en-direct/")
    same = office.get("/admin/vieuxmoulin/task/en-direct/", headers={"If-None-Match": first["ETag"]})
    factories.PublicationFactory(status="failed")
    other = office.get("/admin/vieuxmoulin/task/en-direct/", headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, same.status_code, other.status_code) == (200, 304, 200)


def test_the_live_part_is_for_those_who_signed_in(client, db):
    response = client.get("/admin/vieuxmoulin/task/en-direct/")

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/admin/login/")


def test_badges_count_what_waits_for_somebody(office):
    factories.PublicationFactory(status="held")
    factories.PublicationFactory(status="published")

    groups = office.get("/admin/").context["sidebar_navigation"]

    badges = {item["title"]: item.get("badge") for group in groups for item in group["items"]}
    assert (badges["Publications"], badges["Comptes"]) == ("1", None)


EVENTS = ("notifications_notification", "integrations_inboundevent", "integrations_webhookdelivery")


def test_what_failed_among_events_is_counted_by_the_sweep_and_never_by_a_page(office):
    rows.inbound(status="failed"), rows.inbound(status="done")
    rows.delivery(status="failed")
    old = rows.delivery(status="failed")
    WebhookDelivery.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=8))
    rows.message(status="unknown")
    sweep.sweep()

    with CaptureQueriesContext(connection) as asked:
        groups = office.get(reverse("admin:campaigns_campaign_changelist")).context["sidebar_navigation"]

    badges = {item["title"]: item.get("badge") for group in groups for item in group["items"]}
    assert [badges[title] for title in ("Webhooks : reçus", "Webhooks : envois", "Messages")] == ["1", "1", "1"]
    assert [query["sql"] for query in asked if any(f'FROM "{name}"' in query["sql"] for name in EVENTS)] == []


def test_nobody_sees_the_number_of_what_they_may_not_open(sign_in):
    rows.delivery(status="failed")
    troubles.count_and_keep()

    groups = sign_in("Rédaction").get("/admin/").context["sidebar_navigation"]

    assert "Webhooks : envois" not in {
        item["title"] for group in groups for item in group["items"] if item.get("badge")
    }


def test_the_badge_says_where_we_are(office, settings):
    seen = []
    for sandbox, production in ((True, False), (False, False), (False, True)):
        settings.SANDBOX, settings.PRODUCTION = sandbox, production
        seen.append(office.get("/admin/").context["environment"])

    assert seen == [("Démonstration", "warning"), ("Essai", "info"), None]


def test_after_signing_in_one_lands_on_the_home_page(client, manager):
    response = client.post("/admin/login/", {"username": "camille", "password": "un-mot-de-passe-long"})

    assert (response.status_code, response.headers["Location"]) == (302, "/admin/")
