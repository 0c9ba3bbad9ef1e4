"""Guests and templates in the back-office: through the services, masked in lists, refused on the field at fault."""

import html
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from integrations.models import Credential
from notifications.models import Chunk, Consent, Contact, MessageTemplate, Provider, Suppression
from notifications.services import contacts
from tests import factories
from tests.vieuxmoulin.backoffice import rows

CONSENTS = {"consents-TOTAL_FORMS": "0", "consents-INITIAL_FORMS": "0"}


@pytest.fixture
def office(client, db):
    client.force_login(get_user_model().objects.create_superuser("camille"))
    return client


def contact_data(**changes):
    return {
        "first_name": "Camille", "last_name": "Durand", "language": "fr", "attributes": "{}", "new_email": "",
        "new_phone": "", **CONSENTS, **changes,
    }  # fmt: skip


def template_data(**changes):
    return {
        "slug": "bienvenue", "name": "Bienvenue", "purpose": "marketing", "subject": "Bonjour",
        "body_html": "<p>Bonjour {{customer.first_name}}</p>", "body_text": "", "sms_body": "", "push_body": "",
        "sample": "{}", **changes,
    }  # fmt: skip


def ask(office, operation, row, **answers):
    return office.post(reverse(f"admin:{operation}", args=[row.pk]), {"_form_submitted": "True", **answers})


def test_a_guest_is_saved_with_an_address_that_can_be_found_again(office):
    office.post(
        reverse("admin:notifications_contact_add"),
        contact_data(new_email="Camille@Example.COM", new_phone="06 12 34 56 78"),
    )

    contact = Contact.objects.get()
    assert (contact.email, contact.phone) == ("Camille@example.com", "+33612345678")
    assert contact.email_index
    assert contact.phone_index


def test_a_blank_address_keeps_the_one_there_is(office):
    contact = factories.ContactFactory(email="guest@example.com")

    office.post(reverse("admin:notifications_contact_change", args=[contact.pk]), contact_data(first_name="Dominique"))

    contact.refresh_from_db()
    assert (contact.first_name, contact.email) == ("Dominique", "guest@example.com")


def test_an_address_is_erased_on_request_only(office):
    contact = factories.ContactFactory(email="guest@example.com", phone="+33612345678")

    office.post(reverse("admin:notifications_contact_change", args=[contact.pk]), contact_data(forget_email="on"))

    contact.refresh_from_db()
    assert (contact.email, contact.email_index, contact.phone) == ("", None, "+33612345678")


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("new_email", "camille@", "adresse"),
        ("new_phone", "12", "numéro"),
        ("new_phone", "05 56 00 00 00", "mobile valable"),
        ("new_email", "guest@example.com", "Un autre contact l&#x27;a déjà"),
    ],
)
def test_a_wrong_address_is_refused_on_its_field(office, field, typed, said):
    factories.ContactFactory(email="guest@example.com")

    response = office.post(reverse("admin:notifications_contact_add"), contact_data(**{field: typed}))

    assert said in response.content.decode()
    assert list(response.context["adminform"].form.errors) == [field]
    assert Contact.objects.count() == 1


def test_somebody_of_whom_nothing_is_known_is_not_created(office):
    page = office.post(
        reverse("admin:notifications_contact_add"), contact_data(first_name="", last_name="")
    ).content.decode()

    assert "Donnez au moins un nom, un e-mail ou un mobile" in html.unescape(page)
    assert Contact.objects.count() == 0


def test_attributes_that_cannot_be_read_are_refused_with_an_example(office):
    page = office.post(
        reverse("admin:notifications_contact_add"), contact_data(attributes="table = terrasse")
    ).content.decode()

    said = 'Ces attributs ne se lisent pas. Écrivez des paires entre accolades, comme {"table_preferee": "terrasse"}.'
    assert said in html.unescape(page)
    assert "table = terrasse" in html.unescape(page)
    assert Contact.objects.count() == 0


def test_a_guest_is_found_by_a_whole_address_and_not_by_a_part(office):
    contact = factories.ContactFactory(email="guest@example.com", phone="+33612345678")
    factories.ContactFactory()

    found = {
        text: [row.pk for row in office.get("/admin/notifications/contact/", {"q": text}).context["cl"].result_list]
        for text in ("guest@EXAMPLE.com", "06 12 34 56 78", "guest@")
    }

    assert found == {"guest@EXAMPLE.com": [contact.pk], "06 12 34 56 78": [contact.pk], "guest@": []}


def test_addresses_are_masked_in_the_list(office):
    factories.ContactFactory(email="guest@example.com", phone="+33612345678")

    page = office.get("/admin/notifications/contact/").content.decode()

    assert "g•••@example.com" in page
    assert "+33•••••78" in page
    assert "guest@example.com" not in page


def test_an_agreement_is_noted_with_its_proof(office):
    contact = factories.ContactFactory(agrees=())

    ask(
        office, "notifications_contact_give_consent", contact, channel="email", purpose="marketing",
        source="bulletin papier", wording="J'accepte.", version="2026-01",
    )  # fmt: skip

    consent = Consent.objects.get()
    assert (consent.status, consent.source, consent.wording) == ("granted", "bulletin papier", "J'accepte.")


def test_an_agreement_without_its_proof_is_refused(office):
    contact = factories.ContactFactory(agrees=())

    ask(office, "notifications_contact_give_consent", contact, channel="email", purpose="marketing", source="")

    assert not Consent.objects.exists()


def test_withdrawing_stops_everything_on_that_channel(office):
    contact = factories.ContactFactory(agrees=("email", "sms"))

    said = {"channel": "email", "scope": "all", "source": "téléphone"}
    ask(office, "notifications_contact_withdraw_consent", contact, **said)

    assert dict(Consent.objects.values_list("channel", "status")) == {"email": "withdrawn", "sms": "granted"}
    assert (Suppression.objects.get().channel, Suppression.objects.get().scope) == ("email", "all")


def test_offers_alone_are_stopped_when_that_is_what_was_asked(office):
    contact = factories.ContactFactory()
    said = {"channel": "email", "scope": "offers", "source": "téléphone"}

    ask(office, "notifications_contact_withdraw_consent", contact, **said)

    assert Suppression.objects.get().scope == "offers"


def test_an_address_finds_what_it_said_after_the_guest_is_gone(office):
    contact = factories.ContactFactory(email="nadege@exemple.fr")
    contacts.grant(contact, channel="email", source="bulletin papier", wording="J'accepte.", version="1")
    contact.delete()

    page = office.get(reverse("admin:notifications_consentevent_changelist"), {"q": "nadege@exemple.fr"})
    other = office.get(reverse("admin:notifications_consentevent_changelist"), {"q": "autre@exemple.fr"})

    assert "bulletin papier" in page.content.decode()
    assert "bulletin papier" not in other.content.decode()


def test_a_guest_can_be_forgotten_with_the_consents(office):
    contact = factories.ContactFactory()

    response = office.post(reverse("admin:notifications_contact_delete", args=[contact.pk]), {"post": "yes"})

    assert response.status_code == 302
    assert not Contact.objects.exists()
    assert not Consent.objects.exists()


def test_a_consent_is_never_written_by_hand(office):
    contact = factories.ContactFactory()

    answers = [
        office.get(reverse("admin:notifications_consent_add")).status_code,
        office.get(reverse("admin:notifications_consent_delete", args=[contact.consents.first().pk])).status_code,
    ]

    assert answers == [403, 403]


def test_a_template_is_saved_as_the_version_in_use(office):
    office.post(reverse("admin:notifications_messagetemplate_add"), template_data())

    template = MessageTemplate.objects.get()
    assert (template.slug, template.version, template.is_current) == ("bienvenue", 1, True)


def test_a_changed_text_makes_a_new_version_and_its_page(office):
    template = factories.MessageTemplateFactory(slug="bienvenue", sample={"promo_title": "Cèpes"})
    address = reverse("admin:notifications_messagetemplate_change", args=[template.pk])

    response = office.post(
        address, template_data(body_html="<p>Autre texte</p>", _continue="1", sample='{"promo_title": "Cèpes"}')
    )

    new = MessageTemplate.objects.get(is_current=True)
    template.refresh_from_db()
    assert (new.version, new.body_html) == (2, "<p>Autre texte</p>")
    assert (template.version, template.is_current) == (1, False)
    assert "promo_title" in template.body_html
    assert str(new.pk) in response.headers["Location"]


def test_an_unchanged_text_makes_no_version(office):
    template = factories.MessageTemplateFactory(
        slug="bienvenue", subject="Bonjour", body_html="<p>Bonjour {{customer.first_name}}</p>", sms_body=""
    )
    address = reverse("admin:notifications_messagetemplate_change", args=[template.pk])

    office.post(address, template_data(name="Un autre nom"))

    assert list(MessageTemplate.objects.values_list("name", "version")) == [("Un autre nom", 1)]


def test_an_old_version_is_only_read(office):
    template = factories.MessageTemplateFactory(is_current=False)
    address = reverse("admin:notifications_messagetemplate_change", args=[template.pk])

    answers = (office.get(address).status_code, office.post(address, template_data()).status_code)

    assert answers == (200, 403)


@pytest.mark.parametrize(
    ("field", "text"),
    [("body_html", "<p>\n{{#if promo}}Oui</p>"), ("sms_body", "{{#each}}"), ("subject", "{{nom")],
)
def test_a_text_that_does_not_compile_is_refused_on_its_field_with_its_place(office, field, text):
    response = office.post(reverse("admin:notifications_messagetemplate_add"), template_data(**{field: text}))

    errors = response.context["adminform"].form.errors
    assert list(errors) == [field]
    assert "igne" in errors[field][0]
    assert "colonne" in errors[field][0]
    assert not MessageTemplate.objects.exists()


def test_a_template_that_says_nothing_is_refused(office):
    response = office.post(reverse("admin:notifications_messagetemplate_add"), template_data(body_html="", subject=""))

    assert "Ce modèle ne dit rien" in response.content.decode()
    assert not MessageTemplate.objects.exists()


def test_a_name_that_the_sample_lacks_is_told_after_saving(office):
    response = office.post(
        reverse("admin:notifications_messagetemplate_add"),
        template_data(body_html="<p>{{promo_titel}}</p>", sample='{"promo_title": "Cèpes"}'),
    )

    told = [str(message) for message in get_messages(response.wsgi_request)]
    assert any("promo_titel" in text and "promo_title" in text for text in told)


def test_the_preview_is_shut_in_a_sandbox(office):
    template = factories.MessageTemplateFactory(
        body_html="<p>Bonjour {{customer.first_name}}</p><script>alert(1)</script>", sample={"promo_title": "Cèpes"}
    )

    page = office.get(reverse("admin:notifications_messagetemplate_change", args=[template.pk])).content.decode()

    assert 'sandbox=""' in page
    assert "&gt;Bonjour Camille&lt;/p&gt;" in page
    assert "<script>alert(1)" not in page


def test_the_list_shows_the_versions_in_use_unless_asked_for_all(office):
    factories.MessageTemplateFactory(slug="bienvenue", version=1, is_current=False)
    factories.MessageTemplateFactory(slug="bienvenue", version=2)

    shown = [
        [row.version for row in office.get("/admin/notifications/messagetemplate/", query).context["cl"].result_list]
        for query in ({}, {"versions": "all"})
    ]

    assert shown == [[2], [2, 1]]


@pytest.mark.parametrize(
    ("operation", "state"), [("arrived", "sent"), ("send_again", "pending"), ("give_up", "failed")]
)
def test_a_message_of_unknown_fate_is_decided_by_whoever_looks(office, operation, state):
    row = rows.message(status="unknown", sending_at=timezone.now())
    page = office.get(reverse("admin:notifications_notification_change", args=[row.pk]))

    ask(office, f"notifications_notification_{operation}", row)

    row.refresh_from_db()
    # The three, and who read this page.
    assert len(page.context["actions_detail"]) == 3 + 1
    assert row.status == state


def test_a_service_set_aside_says_so(office):
    factories.ProviderFactory(resting_until=timezone.now() + timedelta(minutes=5), resting_reason="Clé refusée.")

    assert "à l'écart" in html.unescape(office.get(reverse("admin:notifications_provider_changelist")).content.decode())


@pytest.mark.parametrize(
    ("platform", "channel", "sender", "fault"),
    [
        ("twilio", "sms", "0612345678", "bloquent"),
        ("twilio", "sms", "Le Moulin de Vensac", "11 signes au plus"),
        ("twilio", "email", "VieuxMoulin", "pas sur ce canal"),
        ("twilio", "sms", "VieuxMoulin", ""),
    ],
)
def test_a_service_whose_sender_would_be_refused_is_not_taken(office, platform, channel, sender, fault):
    keys = {"account_sid": "AC1", "auth_token": "t", "from_number": sender}
    access = Credential.objects.create(platform=platform, name="x", secrets=keys)
    answers = {
        "platform": platform, "channel": channel, "credential": access.pk, "position": 0, "rate_per_second": "",
        "is_active": "on",
    }  # fmt: skip

    response = office.post(reverse("admin:notifications_provider_add"), answers)

    assert (fault in html.unescape(response.content.decode())) if fault else response.status_code == 302
    assert Provider.objects.count() == (0 if fault else 1)


def test_the_access_of_another_service_is_refused(office):
    access = factories.CredentialFactory(platform="facebook")

    page = office.post(
        reverse("admin:notifications_provider_add"),
        {"platform": "twilio", "channel": "sms", "credential": access.pk, "position": 0, "is_active": "on"},
    ).content.decode()

    assert "Cet accès est celui de « facebook »" in html.unescape(page)
    assert Provider.objects.count() == 0


def test_a_batch_leads_to_the_send_where_it_can_be_stopped(office):
    chunk = rows.one_of_each()[Chunk]

    page = office.get(reverse("admin:notifications_chunk_change", args=[chunk.pk])).content.decode()

    assert reverse("backoffice:send", args=[chunk.task_id]) in page


def test_a_service_set_aside_may_be_tried_at_once_and_a_working_one_has_no_such_button(office):
    working = factories.ProviderFactory(channel="sms", platform="twilio")
    aside = factories.ProviderFactory(
        resting_until=timezone.now() + timedelta(minutes=5), resting_reason="Clé refusée."
    )

    pages = [
        html.unescape(office.get(reverse("admin:notifications_provider_change", args=[row.pk])).content.decode())
        for row in (working, aside)
    ]
    ask(office, "notifications_provider_try_again", aside)

    aside.refresh_from_db()
    assert ["Réessayer maintenant…" in page for page in pages] == [False, True]
    assert aside.resting_until is None
