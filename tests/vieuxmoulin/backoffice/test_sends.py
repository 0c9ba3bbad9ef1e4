"""Writing to guests: the forecast tells all, nothing leaves by itself, each send can be followed and stopped."""

import html
import re
import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.urls import reverse
from django.utils import timezone

from notifications.models import Chunk, Contact, MessageTemplate, Notification, Provider, Segment
from notifications.services import contacts, sending
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory, TagFactory
from vieuxmoulin.backoffice import sent, values
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


def test_a_template_leads_to_a_send_in_which_it_is_chosen(office, crowd):
    row = MessageTemplate.objects.get(slug="promotion")
    address = f"{reverse('backoffice:send_compose')}?modele=promotion"

    assert address in office.get(reverse("admin:notifications_messagetemplate_change", args=[row.pk])).content.decode()
    assert address not in office.get(reverse("admin:notifications_messagetemplate_add")).content.decode()
    assert office.get(address).context["form"]["template"].value() == "promotion"


def test_the_forecast_tells_who_will_get_it_who_will_not_and_why(office, crowd):
    (part,) = preview(office).context["parts"]

    assert part["allowed"] == 2
    assert part["refused"] == [("Pas de consentement aux offres par e-mail.", 1)]
    assert "Les cèpes sont là" in part["subject"] + part["text"] + part["html"]


def summary(response):
    """What stands beside the button, on one line."""
    text = response.content.decode().partition('id="send-summary"')[2].partition(">")[2].partition("</p>")[0]
    return " ".join(re.sub(r"<[^>]*>", " ", text).split())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "E-mail : 2 le recevront, 1 non"),
        ({"data": ""}, "E-mail : à compléter"),
        ({"audience": "tag:personne"}, "E-mail : personne ne le recevra"),
        ({"channels": []}, ""),
    ],
)
def test_who_gets_it_is_said_beside_the_button(office, crowd, changes, said):
    TagFactory(slug="personne", name="Personne")

    response = preview(office, **changes)

    assert summary(response) == said
    assert 'hx-swap-oob="true"' in response.content.decode()


def test_the_page_that_comes_back_says_it_too(office, crowd):
    response = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "when": "later", "at": "2020-01-01T10:00"})

    assert summary(response) == "E-mail : 2 le recevront, 1 non"


def test_the_forecast_asks_for_the_values_that_are_missing(office, crowd):
    (part,) = preview(office, data="").context["parts"]

    assert part["problem"] == "Valeurs à donner : promo_title."


def test_a_channel_without_text_or_service_is_told(office, crowd):
    parts = {part["channel"]: part for part in preview(office, channels=["sms", "push"]).context["parts"]}

    assert parts["push"]["problem"] == "Ce modèle n'a pas de texte pour ce canal."
    assert parts["sms"]["without_provider"].startswith("Aucun prestataire ne porte ce canal")


def test_a_service_set_aside_is_named_with_its_reason_and_not_said_to_be_missing(office, crowd):
    back = datetime.now(UTC) + timedelta(minutes=10)
    Provider.objects.update(resting_until=back, resting_reason="Clé refusée.")

    (part,) = preview(office).context["parts"]

    assert part["without_provider"].startswith("SendGrid est à l'écart jusqu'au ")
    assert part["without_provider"].endswith("les messages attendraient. Clé refusée.")


def test_a_channel_without_text_promises_nothing(office, crowd):
    page = preview(office, channels=["push"]).content.decode()

    assert "recevra" not in page


def test_values_are_typed_a_line_each(office, crowd):
    MessageTemplateFactory(
        slug="prix",
        subject="x",
        body_html="<p>{{plat}} à {{prix price_cents}}</p>",
        sample={"plat": "Cèpes", "price_cents": 950},
    )

    page = preview(office, template="prix", data="plat : Cèpes : la poêlée\n\nprice_cents : 1250\n").content.decode()

    assert "Cèpes : la poêlée à 12,50" in html.unescape(html.unescape(page)).replace("\xa0", " ")


def test_the_values_offered_read_like_those_that_one_types(office, crowd):
    sample = {"titre": "Cèpes", "price_cents": 950, "menu_items": [{"name": "Velouté"}], "image_url": ""}
    body = "<p>{{titre}} {{price_cents}}</p>{{#each menu_items}}{{name}}{{/each}}"
    template = MessageTemplateFactory(slug="offerts", subject="x", body_html=body, sample=sample)

    offered = preview(office, template="offerts", data="").context["sample"]

    assert offered.splitlines()[:2] == ["titre : Cèpes", "price_cents : 950"]
    assert values.read(offered, template.sample) == sample


def test_values_left_as_the_example_are_remarked(office, crowd):
    MessageTemplateFactory(slug="exemple", sample={"promo_title": "Soirée huîtres"})
    remark = "Ce sont encore les valeurs d'exemple"

    same = preview(office, template="exemple", data="promo_title : Soirée huîtres").content.decode()
    other = preview(office, template="exemple", data="promo_title : Soirée cèpes").content.decode()

    assert (remark in html.unescape(same), remark in html.unescape(other)) == (True, False)


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Les cèpes sont là", "Ligne 1 : « Les cèpes sont là » n'a pas de nom."),
        ("promo_title : a\nprice_cents : neuf", "« price_cents » : un nombre est attendu, comme 950."),
        ("menu_items : [oui", "« menu_items » : cette liste ne se lit pas"),
        ('{"a": "b" c}', "ligne 1, signe 11"),
        ("[1]", "« [1] » n'a pas de nom"),
    ],
)
def test_values_that_cannot_be_read_are_told_where(office, crowd, typed, said):
    MessageTemplateFactory(slug="prix", sample={"price_cents": 950, "menu_items": []})

    response = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "template": "prix", "data": typed})

    assert said in html.unescape(response.content.decode())
    assert Notification.objects.count() == 0


def test_the_message_is_shown_as_one_who_gets_it_reads_it(office, crowd):
    first = min(crowd, key=lambda guest: guest.pk)
    Contact.objects.exclude(pk=first.pk).update(first_name="Zoé")
    contacts.withdraw(first, channel="email", source="téléphone")
    crowd[0].consents.all().delete()

    (part,) = preview(office).context["parts"]

    assert part["guest"].startswith("Zoé")


def test_a_date_at_night_is_told_with_the_hour_at_which_it_will_leave(office, crowd, settings):
    settings.QUIET_HOURS = True

    with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC)):
        (part,) = preview(office, when="later", at="2026-12-02T03:00").context["parts"]

    assert part["moments"] == [("2\xa0déc.\xa008:00", "Heures calmes : partira à l'ouverture.", None)]


@pytest.mark.parametrize(
    ("chosen", "said"),
    [
        ({"when": "later", "at": "2026-11-01T10:00"}, "Cette date est passée : donnez une date à venir."),
        ({"when": "later"}, "Choisissez une date et une heure."),
        (
            {"when": "best", "at": "2026-12-03T10:00", "until": "2026-12-02T10:00"},
            "La fin doit venir après le début.",
        ),
    ],
)
def test_a_moment_that_cannot_be_is_told_before_sending(office, crowd, chosen, said):
    with time_machine.travel(datetime(2026, 12, 1, 12, tzinfo=UTC)):
        response = preview(office, **chosen)

    assert said in html.unescape(response.content.decode())
    assert "tout de suite" not in response.content.decode()


def test_the_signs_that_make_an_sms_dearer_are_named(office, crowd):
    ProviderFactory(platform="twilio", channel="sms")
    MessageTemplateFactory(slug="court", sms_body="Des huîtres ce soir.")

    page = preview(office, template="court", channels=["sms"]).content.decode()

    assert "« î » oblige à un codage qui double le prix" in html.unescape(page)
    assert "UCS-2" not in page


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


def test_the_same_page_sent_twice_sends_once(office, crowd):
    page = office.get(reverse("backoffice:send_compose")).context["form"]["key"].value()

    first = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "key": page})
    second = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "key": page}, follow=True)

    assert (Task.objects.count(), Notification.objects.count()) == (1, 3)
    assert second.redirect_chain[-1][0] == first["Location"]
    assert "avait déjà été demandé" in html.unescape(second.content.decode())


def test_another_send_from_the_same_page_is_another_send(office, crowd):
    key = str(uuid.uuid4())

    office.post(reverse("backoffice:send_compose"), {**CHOSEN, "key": key})
    office.post(reverse("backoffice:send_compose"), {**CHOSEN, "key": key, "data": "promo_title : Les huîtres"})

    assert Task.objects.count() == 2


@pytest.mark.parametrize(
    ("audience", "said"),
    [("segment:personne", "Ce public est vide"), ("segment:muets", "Personne de ce public ne peut le recevoir")],
)
def test_what_nobody_would_get_does_not_leave(office, crowd, audience, said):
    Segment.objects.create(slug="personne", name="Personne", rules={"field": "last_name", "op": "is", "value": "Nul"})
    Segment.objects.create(slug="muets", name="Muets", rules={"field": "agrees_email", "op": "no"})

    response = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "audience": audience})

    assert said in html.unescape(response.content.decode())
    assert (Task.objects.count(), Notification.objects.count()) == (0, 0)


def test_a_public_that_is_gone_is_told_in_words(office, crowd):
    response = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "audience": "segment:parti"})

    page = html.unescape(response.content.decode())
    assert "Ce public n'existe plus : choisissez-en un autre." in page
    assert "segment:parti" not in page


def test_values_that_are_missing_are_named_when_it_is_sent(office, crowd):
    response = office.post(reverse("backoffice:send_compose"), {**CHOSEN, "data": ""})

    assert "« promo_title » : valeur attendue par le modèle." in html.unescape(response.content.decode())


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
    assert progress.minutes_left == 2


def test_a_send_says_what_it_is_to_whom_and_who_asked(office, crowd, manager):
    Segment.objects.create(slug="tous", name="Tous les fidèles", rules={"field": "has_email", "op": "yes"})
    office.post(reverse("backoffice:send_compose"), {**CHOSEN, "audience": "segment:tous"})

    page = html.unescape(office.get(reverse("backoffice:send", args=[Task.objects.get().pk])).content.decode())

    assert "Envoi : Promotion" in page
    assert f"À Tous les fidèles, par e-mail. Demandé par {Task.objects.get().asked_by} le" in page


@pytest.mark.parametrize(
    ("named", "said"),
    [
        (["all"], "Tous les contacts"),
        (["tag:habitues", "segment:gone"], "Habitués, segment:gone"),
        (1, "1 personne"),
        (12, "12 personnes"),
        ("", "—"),
    ],
)
def test_recipients_are_said_in_words(db, named, said):
    TagFactory(slug="habitues", name="Habitués")

    assert sent.audience_in_words(named) == said


def test_a_send_is_found_again_where_one_writes_and_in_the_ledger(office, crowd):
    office.post(reverse("backoffice:send_compose"), CHOSEN)
    task = Task.objects.get()
    address = reverse("backoffice:send", args=[task.pk])

    assert address in office.get(reverse("backoffice:send_compose")).content.decode()
    assert address in office.get(reverse("admin:vieuxmoulin_task_change", args=[task.pk])).content.decode()


def test_a_send_that_is_held_says_why(office, send):
    Chunk.objects.update(last_error="SendGrid refuse notre accès : mettez la clé à jour.")

    page = html.unescape(office.get(reverse("backoffice:send", args=[send.pk])).content.decode())

    assert "Ce qui attend est retenu : SendGrid refuse notre accès : mettez la clé à jour." in page


def test_messages_of_unknown_fate_are_told_and_led_to(office, send):
    Notification.objects.filter(pk=Notification.objects.first().pk).update(status="unknown")

    page = html.unescape(office.get(reverse("backoffice:send", args=[send.pk])).content.decode())
    address = f"{reverse('admin:notifications_notification_changelist')}?task_id={send.pk}&status__exact=unknown"

    assert "1 message à vérifier : le prestataire n'a pas dit s'il est parti." in page
    assert address in page
    assert office.get(address).context["cl"].result_count == 1


def test_nothing_is_offered_to_stop_what_was_stopped(office, send):
    Notification.objects.filter(pk=Notification.objects.first().pk).update(status="sending")
    act(office, send, "cancel")

    page = html.unescape(office.get(reverse("backoffice:send", args=[send.pk])).content.decode())

    assert "Arrêter ce qui n'est pas parti" not in page
    assert "on attend la réponse du prestataire" in page


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
