"""The page of the neighbouring modules, and the one where a person settles what differs."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from campaigns.models import Campaign
from integrations.models import ModuleCursor
from notifications.models import Contact
from tests.factories import ContactFactory
from tests.integrations.sandbox import in_process
from tests.vieuxmoulin.exchange.conftest import guest
from vieuxmoulin.backoffice import modules
from vieuxmoulin.exchange import contacts, differences
from vieuxmoulin.exchange.models import ContactLink, SlowDishRound

PAGE = "/admin/modules/"


@pytest.fixture
def queue(monkeypatch):
    sent = []
    monkeypatch.setattr(modules, "send", lambda task, *args: sent.append((task, *args)) or True)
    return sent


@pytest.fixture
def question(db):
    ContactFactory(first_name="Anne", last_name="Roy", email="anne@example.com", phone="+33612345678", agrees=[])
    contacts.take((guest(email="autre@example.com", phone="06 12 34 56 78"),), False)
    return differences.waiting().get()


def test_modules_that_nobody_configured_are_said_to_be_so(office, settings):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}

    page = office.get(PAGE).content.decode()

    assert page.count("non configuré") == 4
    assert "ACCOUNTING_BASE_URL" in page
    assert "Synchroniser maintenant" not in page


def test_each_stream_tells_how_it_fares(office):
    now = timezone.now()
    rows = {
        ("crm", "contacts"): {"synced_at": now},
        ("crm", "bookings"): {"synced_at": now - timedelta(hours=5)},
        ("iot", "levels"): {"failing_since": now, "last_error": "Le module IoT ne répond pas comme convenu."},
        ("iot", "alerts"): {"synced_at": now, "refused": [{"id": "a1", "reason": "kind : manque.", "at": ""}]},
    }
    for (module, stream), fields in rows.items():
        ModuleCursor.objects.create(module=module, stream=stream, **fields)

    response = office.get(PAGE)
    page = response.content.decode()
    cards = {card.slug: card for card in response.context["cards"]}

    assert [line.word for line in cards["crm"].lines] == ["jamais lu", "à jour", "ancien"]
    assert (cards["iot"].word, cards["recipes"].word) == ("en difficulté", "lecture en attente")
    assert "ne répond pas comme convenu" in page
    assert "a1 : kind : manque." in page
    assert "jamais lu" in page


def test_a_module_is_read_at_once_when_a_person_asks(office, queue):
    page = office.post(f"{PAGE}crm/synchroniser/", follow=True).content.decode()

    assert queue == [("vieuxmoulin.tasks.sync_modules", "crm")]
    assert "La lecture du module CRM commence." in page
    assert office.post(f"{PAGE}caisse/synchroniser/").status_code == 404


def test_a_module_that_is_not_configured_is_not_read(office, queue, settings):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}

    office.post(f"{PAGE}crm/synchroniser/")

    assert queue == []


def test_both_values_are_shown_with_their_buttons_and_the_choice_is_done(office, question):
    page = office.get(f"{PAGE}differences/").content.decode()
    for words in ("anne@example.com", "autre@example.com", "Garder la nôtre", "Prendre celle du CRM", "Anne Roy"):
        assert words in page
    assert "1 différence avec le CRM attend" in office.get(PAGE).content.decode()

    answer = office.post(f"{PAGE}differences/{question.pk}/", {"choice": "theirs"}, follow=True)

    assert "C&#x27;est tranché." in answer.content.decode()
    assert "rien à trancher" in answer.content.decode()
    assert Contact.objects.get().email == "autre@example.com"
    question.refresh_from_db()
    assert (question.status, question.decided_by) == ("theirs", "camille")


def test_a_choice_that_cannot_be_done_says_why(office, question):
    ContactFactory(email="autre@example.com", phone="")

    page = office.post(f"{PAGE}differences/{question.pk}/", {"choice": "theirs"}, follow=True).content.decode()

    assert "Un autre contact a déjà cette adresse." in page
    assert differences.waiting().count() == 1
    assert office.post(f"{PAGE}differences/{question.pk}/", {"choice": "peut-être"}).status_code == 404
    assert "déjà tranchée" in office.post(f"{PAGE}differences/{uuid4()}/", {"choice": "ours"}, follow=True).content.decode()  # fmt: skip


def test_two_possible_contacts_are_named(office):
    ContactFactory(first_name="Anne", last_name="Roy", email="anne@example.com", phone="", agrees=[])
    ContactFactory(first_name="Anna", last_name="Roi", email="", phone="+33612345678", agrees=[])
    contacts.take((guest(email="anne@example.com", phone="06 12 34 56 78"),), False)

    page = office.get(f"{PAGE}differences/").content.decode()

    for words in ("Deux contacts peuvent être ce client du CRM.", "Anne Roy", "Anna Roi"):
        assert words in page


def test_what_the_crm_refused_is_told_again(office, queue):
    ContactLink.objects.create(external_id="x", status="failed")
    assert "Redire au CRM" in office.get(PAGE).content.decode()

    office.post(f"{PAGE}crm/redire/")

    assert ContactLink.objects.get().status == "to_tell"
    assert queue == [("vieuxmoulin.tasks.sync_modules", "crm")]


def test_the_button_looks_at_the_sales_and_says_what_came_of_it(office, settings, monkeypatch):
    in_process.play_vendors(settings, monkeypatch)

    page = office.post(f"{PAGE}plats-peu-vendus/", follow=True).content.decode()

    assert "Rien à promouvoir cette semaine" in page
    assert SlowDishRound.objects.count() == 1


def test_a_draft_of_the_week_opens(office):
    campaign = Campaign.objects.create(name="Plats à découvrir", start_date=timezone.now())
    today = timezone.localdate().isocalendar()
    kept = [{"ref": "a", "name": "Lamproie", "discount": 5, "reason": "3 vendus"}]
    SlowDishRound.objects.create(
        period=f"{today.year}-W{today.week:02d}",
        campaign=campaign,
        report={"kept": kept, "left_out": [], "is_stale": True},
    )

    page = office.get(PAGE).content.decode()
    assert "Lamproie" in page
    assert "ses derniers chiffres ont servi" in page
    answer = office.post(f"{PAGE}plats-peu-vendus/")
    assert answer["Location"] == f"/admin/campaigns/campaign/{campaign.pk}/change/"


def test_an_absent_accounting_module_is_said(office, settings):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}

    page = office.post(f"{PAGE}plats-peu-vendus/", follow=True).content.decode()

    assert "Le module comptabilité n&#x27;est pas configuré" in page


@pytest.mark.parametrize(("role", "seen"), [("Direction", True), ("Rédaction", False), ("Cuisine", False)])
def test_only_those_who_may_see_guests_open_it(sign_in, role, seen, question):
    browser = sign_in(role)

    statuses = {browser.get(path).status_code for path in (PAGE, f"{PAGE}differences/")}
    assert statuses == ({200} if seen else {403})
    assert ("/admin/modules/" in browser.get("/admin/").content.decode()) == seen
    assert browser.post(f"{PAGE}differences/{question.pk}/", {"choice": "ours"}).status_code == (302 if seen else 403)
