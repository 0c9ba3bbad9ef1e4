"""Writing to guests: the forecast tells all, nothing leaves by itself, each send can be followed and stopped."""

import uuid

import pytest
from django.urls import reverse
from django.utils import timezone

from notifications.models import Chunk, Contact, Notification, Segment
from notifications.services import sending
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from vieuxmoulin.models import Task

pytestmark = pytest.mark.django_db
CHOSEN = {"template": "promotion", "audience": "all", "channels": ["email"], "when": "now",
          "data": '{"promo_title": "Les cèpes sont là"}'}  # fmt: skip


@pytest.fixture
def crowd(settings):
    settings.QUIET_HOURS = False
    ProviderFactory(platform="sendgrid", channel="email")
    MessageTemplateFactory(slug="promotion", name="Promotion")
    guests = [ContactFactory() for _ in range(3)]
    guests[0].consents.all().delete()
    return guests


def preview(office, **changes):
    return office.post(reverse("backoffice:send_preview"), {**CHOSEN, **changes})


def test_the_page_opens_and_asks_for_a_choice(office, crowd):
    page = office.get(reverse("backoffice:send_compose")).content.decode()

    assert "Choisissez un modèle, un public et un canal" in page


def test_the_forecast_tells_who_will_get_it_who_will_not_and_why(office, crowd):
    (part,) = preview(office).context["parts"]

    assert part["allowed"] == 2
    assert part["refused"] == [("Pas de consentement aux offres par e-mail.", 1)]
    assert "Les cèpes sont là" in part["subject"] + part["text"] + part["html"]


def test_the_forecast_asks_for_the_values_that_are_missing(office, crowd):
    (part,) = preview(office, data="").context["parts"]

    assert part["problem"] == "Valeurs à donner : promo_title."


def test_a_channel_without_text_or_service_is_told(office, crowd):
    parts = {part["channel"]: part for part in preview(office, channels=["email", "push"]).context["parts"]}

    assert parts["push"]["problem"] == "Ce modèle n'a pas de texte pour ce canal."
    assert parts["push"]["provider"] is None


def test_what_an_sms_costs_is_told_before_it_leaves(office, crowd):
    MessageTemplateFactory(slug="court", sms_body="Bonjour {{customer.first_name}}, " + "à ce soir. " * 9)

    page = preview(office, template="court", channels=["sms"])

    (part,) = page.context["parts"]
    # The way out that the law wants counts as well, and a name that the cheap encoding cannot write costs more.
    assert (part["cost"].parts, part["cost"].most_parts, part["cost"].encoding) == (2, 3, "GSM-7")
    assert f"{part['cost'].total} € en tout".replace(".", ",") in page.content.decode()


def test_sending_writes_the_messages_and_leads_to_the_send(office, crowd, manager):
    response = office.post(reverse("backoffice:send_compose"), CHOSEN)

    task = Task.objects.get()
    assert response["Location"] == reverse("backoffice:send", args=[task.pk])
    assert (task.user, Notification.objects.count()) == (manager, 3)


def test_what_is_refused_stays_in_its_fields(office, crowd):
    response = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "data": "{cèpes"})

    assert "ligne 1" in response.content.decode()
    assert "{cèpes" in response.content.decode()
    assert Notification.objects.count() == 0


def test_a_send_to_a_segment_is_told_by_it(office, crowd):
    segment = Segment.objects.create(
        slug="ana", name="Ana", rules={"field": "first_name", "op": "is", "value": crowd[1].first_name}
    )

    office.post(reverse("backoffice:send_compose"), {**CHOSEN, "audience": "segment:ana"})

    assert set(Notification.objects.values_list("segment", flat=True)) == {segment.pk}


def test_each_at_their_own_moment(office, crowd):
    office.post(reverse("backoffice:send_compose"), {**CHOSEN, "when": "best"})

    assert Chunk.objects.get().next_attempt_at is not None
    assert Notification.objects.first().moment_reason != ""


@pytest.fixture
def send(crowd):
    task = Task.objects.create(type="notify", params={"template": "promotion", "channels": ["email"]})
    sending.create_messages(
        template=MessageTemplateFactory(slug="autre"), contacts=Contact.objects.all(), channels=["email"],
        data={"promo_title": "x"}, origin=sending.Origin(task.pk),
    )  # fmt: skip
    return task


def act(office, task, order):
    return office.post(reverse("backoffice:send_act", args=[task.pk]), {"order": order})


def test_a_send_tells_its_progress(office, send):
    Notification.objects.filter(pk=Notification.objects.first().pk).update(status="sent", sent_at=timezone.now())

    progress = office.get(reverse("backoffice:send", args=[send.pk])).context["progress"]

    assert (progress.total, progress.settled, progress.percent, progress.seconds_left) == (3, 1, 33, 120)


def test_a_send_is_paused_and_goes_on(office, send):
    act(office, send, "pause")
    paused = Chunk.objects.get().status
    act(office, send, "resume")

    assert (paused, Chunk.objects.get().status) == ("paused", "pending")


def test_what_has_not_left_is_stopped(office, send):
    act(office, send, "cancel")

    assert set(Notification.objects.values_list("status", flat=True)) == {"canceled"}


def test_what_failed_is_tried_again_but_for_dead_addresses(office, send):
    first, second, _third = Notification.objects.order_by("pk")
    Notification.objects.filter(pk=first.pk).update(status="failed", reason="Panne")
    Notification.objects.filter(pk=second.pk).update(status="failed", bounced_at=timezone.now())
    Chunk.objects.update(status="done")

    act(office, send, "retry")

    assert Notification.objects.get(pk=first.pk).status == "pending"
    assert Notification.objects.get(pk=second.pk).status == "failed"
    assert Chunk.objects.get().status == "pending"


def test_a_send_that_does_not_exist_is_not_found(office):
    assert office.get(reverse("backoffice:send", args=[uuid.uuid4()])).status_code == 404


def test_the_kitchen_writes_to_nobody(sign_in):
    assert sign_in("Cuisine").get(reverse("backoffice:send_compose")).status_code == 403
