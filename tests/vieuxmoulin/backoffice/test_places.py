"""Places where the card is shown: what differs there is told, and a person decides."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from menus.models import Destination, Drift, ManualTask, MenuSync
from menus.services import syncing
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin import alerts, receivers
from vieuxmoulin.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(client):
    client.force_login(get_user_model().objects.create_superuser("camille"))
    return client


@pytest.fixture
def drift():
    return rows.drift(rows.sync(status="drifted"))


def ask(office, operation, row):
    response = office.post(reverse(f"admin:{operation}", args=[row.pk]), {"_form_submitted": "True"})
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_drift_calls_a_person_to_its_page(office, drift):
    receivers.cards.call_for_a_look_at_a_card(drift_id=drift.pk)

    alert = Alert.objects.get()
    page = office.get(alert.address)
    text = page.content.decode()
    assert alert.key == f"drift:{drift.destination_id}"
    assert page.status_code == 200
    assert [word in text for word in ("23,90 €", "22,90 €", "prix")] == [True] * 3


def test_our_card_goes_there_again_when_a_person_says_so(office, drift):
    Destination.objects.update(is_held=True, held_reason="Quelqu'un change la carte.")
    alerts.raise_alert(f"drift:{drift.destination_id}", "Dérive.")

    said = ask(office, "menus_drift_write_over", drift)

    drift.refresh_from_db()
    assert said == ["Notre carte y repart."]
    assert (drift.status, drift.closed_by) == ("repairing", "camille")
    assert not Destination.objects.get().is_held
    assert MenuSync.objects.filter(status="pending").count() == 1


def test_what_is_there_is_kept_when_a_person_says_so(office, drift):
    ask(office, "menus_drift_keep", drift)

    drift.refresh_from_db()
    assert drift.status == "kept"
    assert Destination.objects.get().is_held
    assert "camille" in Destination.objects.get().held_reason
    assert not MenuSync.objects.filter(status="pending").exists()


def test_a_settled_drift_is_not_settled_twice(office, drift):
    Drift.objects.update(status="repaired")

    answer = office.post(reverse("admin:menus_drift_keep", args=[drift.pk]), {"_form_submitted": "True"})

    assert "déjà réglée" in answer.content.decode()
    assert not Destination.objects.get().is_held


def test_what_is_to_be_done_by_hand_is_read_and_ticked(office):
    sync = rows.sync(status="confirming")
    ManualTask.objects.create(sync=sync, instructions="- « Magret » : prix 22,90 € → 23,90 €.", due_at=timezone.now())

    page = office.get(reverse("admin:menus_menusync_change", args=[sync.pk])).content.decode()
    ask(office, "menus_menusync_done_by_hand", sync)

    sync.refresh_from_db()
    assert "prix 22,90 € → 23,90 €" in page
    assert "C&#x27;est à vous" in page
    assert (sync.status, sync.manual_task.done_by) == ("not_verifiable", "camille")
    assert not syncing.done_by_hand(sync.manual_task, by="luc")


def test_what_something_newer_replaces_is_not_ticked(office):
    sync = rows.sync(status="superseded")
    task = ManualTask.objects.create(sync=sync, instructions="- « Magret » est épuisé.", due_at=timezone.now())

    page = office.get(reverse("admin:menus_menusync_change", args=[sync.pk])).content.decode()
    office.post(reverse("admin:menus_menusync_done_by_hand", args=[sync.pk]), {"_form_submitted": "True"})

    task.refresh_from_db()
    assert "suivez celle-là" in page
    assert task.done_at is None


def test_a_place_is_read_again_on_demand(office):
    place = rows.sync(status="coherent").destination

    ask(office, "menus_destination_look_now", place)

    place.refresh_from_db()
    assert place.next_check_at <= timezone.now()


def test_our_page_says_how_to_show_the_card_on_another_site(office, settings):
    settings.PUBLIC_URL = "https://levieuxmoulin.example"
    ours = Destination.objects.create(platform="website", name="Site du restaurant")
    hub = Destination.objects.create(platform="hubrise", name="HubRise")

    page, other = (
        office.get(reverse("admin:menus_destination_change", args=[place.pk])).content.decode() for place in (ours, hub)
    )

    line = (
        "&lt;script src=&quot;https://levieuxmoulin.example/carte/widget.js&quot; data-langue=&quot;fr&quot; async&gt;"
    )
    assert line in page
    assert "https://levieuxmoulin.example/carte/feed.json" in page
    assert "widget.js" not in other
