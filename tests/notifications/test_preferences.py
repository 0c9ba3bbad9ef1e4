"""The guest's page of choices: behind a signed link, shown on GET, acted upon by POST only."""

import pytest
from django.test import Client

from notifications.models import Consent, ConsentEvent, PushSubscription, Suppression, Tag
from notifications.services import contacts, preferences
from notifications.services.permission import may_send, standing, with_standing
from notifications.services.templates import standard_context, unsubscribe_url
from tests.factories import ContactFactory
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db
BOTH = {"act": "save", "marketing-email": "on", "marketing-sms": "on"}


@pytest.fixture
def guest():
    return ContactFactory(first_name="Camille", email="camille@example.com", phone="+33612345678")


@pytest.fixture
def page(guest, settings):
    return preferences.preferences_url(guest).removeprefix(settings.PUBLIC_URL)


def statuses(guest):
    return {(row.purpose, row.channel): row.status for row in Consent.objects.filter(contact=guest)}


def service_message(guest, channel="email"):
    from django.utils import timezone

    row = with_standing(type(guest).objects.filter(pk=guest.pk), channel, contact="pk").get()
    return may_send(
        purpose="transactional", channel=channel, standing=standing(row, guest, channel), now=timezone.now()
    ).allowed


def test_each_message_that_sells_leads_here(client, guest):
    url = standard_context(guest, unsubscribe_url(guest, "sms"))["preferences_url"]

    response = client.get(url.removeprefix("http://127.0.0.1:8000"))

    assert response.status_code == 200
    assert "Camille, que voulez-vous recevoir" in response.content.decode()


def test_the_page_of_unsubscription_leads_here(client, guest, page, settings):
    way_out = unsubscribe_url(guest, "email").removeprefix(settings.PUBLIC_URL)

    assert page in client.get(way_out).content.decode()


def test_looking_changes_nothing(client, guest, page):
    before = ConsentEvent.objects.count()

    client.get(page + "?act=stop")
    client.head(page)

    assert statuses(guest) == {("marketing", "email"): "granted", ("marketing", "sms"): "granted"}
    assert ConsentEvent.objects.count() == before


def test_the_page_is_kept_by_no_cache_and_no_index(client, page):
    response = client.get(page)

    assert "no-store" in response["Cache-Control"]
    assert "noindex" in response.content.decode()


def test_the_boxes_say_how_things_stand(client, guest, page):
    contacts.withdraw_purpose(guest, channel="sms", purpose="marketing", source="test")

    html = " ".join(client.get(page).content.decode().split())

    assert 'name="marketing-email" checked' in html
    assert 'name="marketing-sms" checked' not in html
    assert 'name="marketing-push"' not in html
    assert html.count("checked") == 1


def test_unticking_a_box_ends_offers_and_keeps_service_messages(guest, page):
    response = Client(enforce_csrf_checks=True).post(page, {"act": "save", "marketing-sms": "on"})

    assert "C'est enregistré" in response.content.decode()
    assert statuses(guest)[("marketing", "email")] == "withdrawn"
    assert statuses(guest)[("marketing", "sms")] == "granted"
    assert not Suppression.objects.exists()
    assert service_message(guest)


def test_ticking_a_box_agrees_with_proof(client, guest, page):
    client.post(page, BOTH | {"tracking-email": "on"}, REMOTE_ADDR="203.0.113.7")

    consent = Consent.objects.get(purpose="tracking")
    assert (consent.status, consent.source, consent.ip_address) == ("granted", "page de préférences", "203.0.113.7")
    assert consent.wording == preferences.EVERY[("tracking", "email")]
    assert ConsentEvent.objects.filter(purpose="tracking").values_list("action", flat=True).get() == "granted"


def test_saving_the_same_choices_says_nothing_new(client, guest, page):
    client.post(page, BOTH)
    before = ConsentEvent.objects.count()

    client.post(page, BOTH)

    assert ConsentEvent.objects.count() == before


def test_measuring_is_refused_without_leaving_the_letters(client, guest, page):
    client.post(page, BOTH | {"tracking-email": "on"})

    client.post(page, BOTH)

    assert statuses(guest)[("tracking", "email")] == "withdrawn"
    assert statuses(guest)[("marketing", "email")] == "granted"


def test_nothing_more_means_nothing_on_any_channel(client, guest, page):
    PushSubscription.objects.create(contact=guest, subscription={"endpoint": "https://e"}, endpoint_index="i")
    contacts.grant(guest, channel="push", source="test", wording="Oui.", version="1")

    client.post(page, {"act": "stop"})

    assert set(statuses(guest).values()) == {"withdrawn"}
    assert preferences.silenced_channels(guest) == ["email", "sms"]
    assert not guest.push_subscriptions.exists()
    assert not service_message(guest)


def test_service_messages_may_come_back_alone(client, guest, page):
    client.post(page, {"act": "stop"})

    client.post(page, {"act": "save", "lift-email": "on"})

    assert preferences.silenced_channels(guest) == ["sms"]
    assert statuses(guest)[("marketing", "email")] == "withdrawn"
    assert service_message(guest)
    assert ConsentEvent.objects.filter(channel="email").first().action == "lifted"


def test_offers_may_come_back(client, guest, page):
    client.post(page, {"act": "stop"})

    client.post(page, {"act": "save", "marketing-email": "on"})

    assert statuses(guest)[("marketing", "email")] == "granted"
    assert preferences.silenced_channels(guest) == ["sms"]


def test_where_nothing_is_sent_nothing_is_measured(client, guest, page):
    client.post(page, {"act": "stop"})
    before = ConsentEvent.objects.count()

    client.post(page, {"act": "save", "tracking-email": "on"})

    assert ConsentEvent.objects.count() == before


def test_what_we_hold_is_said_with_addresses_masked(client, guest, page):
    guest.tags.add(Tag.objects.create(slug="habitues", name="Habitués"))

    html = client.get(page).content.decode()

    assert "c•••@example.com" in html
    assert "•• •• •• •• 78" in html
    assert "Habitués" in html
    assert "camille@example.com" not in html
    assert "612345678" not in html


def test_asking_to_be_erased_stops_all_and_tells_staff_once(client, guest, page, django_capture_on_commit_callbacks):
    for _ in range(2):
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(page, {"act": "erase"})

    assert "Nous y répondrons sous un mois" in response.content.decode()
    alert = Alert.objects.get(key=f"erasure:{guest.pk}")
    assert alert.title == "Un client demande l'effacement de ses données."
    assert str(guest.pk) in alert.address
    assert "Camille" not in alert.title + alert.message
    assert preferences.silenced_channels(guest) == ["email", "sms"]
    assert type(guest).objects.filter(pk=guest.pk).exists()


def test_an_unknown_act_is_refused(client, guest, page):
    response = client.post(page, {"act": "delete-everything"})

    assert response.status_code == 400
    assert statuses(guest) == {("marketing", "email"): "granted", ("marketing", "sms"): "granted"}


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_forged_link_shows_and_does_nothing(client, guest, page, method):
    response = getattr(client, method)(page.replace("/preferences/", "/preferences/x"), {"act": "stop"})

    assert response.status_code == 404
    assert "Camille" not in response.content.decode()
    assert not Suppression.objects.exists()


def test_who_presses_too_often_is_told_to_wait(client, page):
    codes = [client.post(page, BOTH).status_code for _ in range(32)]

    assert codes == [200] * 30 + [429] * 2
