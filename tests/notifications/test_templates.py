"""Messages of a template for one guest: spaces of SMS, STOP, links out, versions, costs."""

from decimal import Decimal

import pytest
from django.core import signing

from notifications.connectors import registry
from notifications.models import Contact, MessageTemplate
from notifications.services import sms, templates, ways_out
from notifications.services.ways_out import SALT
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory

GUEST = Contact(first_name="Anaïs")
DATA = {"total": 123_450, "at": "2026-11-27T19:30"}


def rendered(channel, **fields):
    provider = fields.pop("provider", "")
    return templates.render_for(MessageTemplate(slug="essai", **fields), channel, GUEST, DATA, provider=provider)[0]


def test_an_sms_has_ordinary_spaces_where_prices_and_hours_have_unbreakable_ones():
    text = rendered("sms", purpose="transactional", sms_body="{{heure at}}, {{prix total}}\r\nMerci\u00a0!").text

    assert text == "19 h 30, 1 234,50 €\nMerci !"
    assert sms.parts(text).encoding == "GSM-7"


def test_a_notification_and_an_e_mail_keep_them():
    source = "{{heure at}}"

    push = rendered("push", purpose="transactional", push_body=source).text
    letter = rendered("email", purpose="transactional", subject="x", body_html=f"<p>{source}</p>")

    assert push == "19\u00a0h\u00a030"
    assert "19\u00a0h\u00a030" in letter.text


def test_what_sells_by_sms_says_how_to_stop_once():
    said = [
        rendered("sms", sms_body=body).text.count("STOP")
        for body in ("Fête", "Fête. STOP au 36123", "Fête\nSTOP : {{unsubscribe_url}}")
    ]

    assert said == [1, 1, 1]
    assert "STOP" not in rendered("sms", sms_body="Votre table", purpose="transactional").text


def test_a_service_that_adds_its_own_stop_spares_ours(monkeypatch):
    monkeypatch.setattr(registry["ovh"], "stop_signs", 11, raising=False)

    assert "STOP" not in rendered("sms", sms_body="Fête", provider="ovh").text
    assert "STOP" in rendered("sms", sms_body="Fête", provider="twilio").text


@pytest.mark.parametrize("channel", ["email", "sms", "push"])
def test_a_link_out_finds_its_guest_and_channel(db, channel):
    guest = ContactFactory()

    token = templates.unsubscribe_url(guest, channel).strip("/").rpartition("/")[2]

    assert len(token) == 36
    assert templates.read_unsubscribe_token(token) == (guest, channel)


def test_links_of_messages_already_sent_still_work(db):
    guest = ContactFactory()

    token = signing.Signer(salt=SALT).sign_object([str(guest.pk), "email"])

    assert templates.read_unsubscribe_token(token) == (guest, "email")


def test_a_link_with_any_sign_changed_is_refused(db):
    token = templates.unsubscribe_url(ContactFactory(), "email").strip("/").rpartition("/")[2]

    for place in range(len(token)):
        forged = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        assert templates.read_unsubscribe_token(forged) == (None, "")
    for nonsense in ("", "é" * 36, "x" * 36, "a:b", token[:-1]):
        assert templates.read_unsubscribe_token(nonsense) == (None, "")


def test_the_page_of_choices_opens_by_the_same_token(monkeypatch):
    monkeypatch.setattr(ways_out, "_preferences_page", lambda: "/preferences/")

    context = templates.standard_context(GUEST, templates.unsubscribe_url(GUEST, "email"))

    assert context["preferences_url"] == context["unsubscribe_url"].replace("/desinscription/", "/preferences/")
    assert templates.standard_context(GUEST)["preferences_url"] == ""


def test_a_short_address_is_used_by_sms_alone(monkeypatch):
    monkeypatch.setattr(ways_out, "_short_page", lambda: "/d/")

    assert "/d/" in templates.unsubscribe_url(GUEST, "sms")
    assert "/desinscription/" in templates.unsubscribe_url(GUEST, "email")


def test_a_link_of_one_guest_is_not_that_of_another(db):
    first, second = ContactFactory(), ContactFactory()

    assert templates.unsubscribe_url(first, "email") != templates.unsubscribe_url(second, "email")
    assert templates.unsubscribe_url(first, "email") == templates.unsubscribe_url(first, "email")


def test_the_cost_of_a_send_is_told_before_it(db, settings):
    settings.SMS_PART_COST = {"twilio": "0.0725"}
    ProviderFactory(channel="sms", platform="twilio")
    template = MessageTemplateFactory(purpose="transactional", sms_body="Fête " + "a" * 100, sample={})

    cost = templates.audience_cost(template, "sms", 1000)

    assert (cost.parts, cost.encoding, cost.provider, cost.total) == (2, "UCS-2", "twilio", Decimal("145.00"))


def test_the_cost_follows_the_data_of_the_send(db, settings):
    settings.SMS_PART_COST = {"default": "0.10"}
    template = MessageTemplateFactory(purpose="transactional", sms_body="{{promo_title}}", sample={"promo_title": "a"})

    assert templates.audience_cost(template, "sms", 10).total == Decimal("1.00")
    assert templates.audience_cost(template, "sms", 10, {"promo_title": "a" * 161}).total == Decimal("2.00")


def test_the_cost_says_what_names_may_add_where_the_text_says_them(db, settings):
    settings.SMS_PART_COST = {"default": "0.10"}
    named = MessageTemplateFactory(purpose="transactional", sms_body="{{customer.first_name}} " + "a" * 80, sample={})
    nameless = MessageTemplateFactory(purpose="transactional", sms_body="a" * 80, sample={})

    costs = [templates.audience_cost(template, "sms", 10) for template in (named, nameless)]

    assert [(cost.total, cost.most) for cost in costs] == [
        (Decimal("1.00"), Decimal("2.00")), (Decimal("1.00"), Decimal("1.00")),
    ]  # fmt: skip


def test_e_mail_and_push_are_not_paid_by_the_message(db):
    template = MessageTemplateFactory()

    assert [templates.audience_cost(template, channel, 1000).total for channel in ("email", "push")] == [0, 0]


def test_the_stop_that_a_service_adds_is_paid_too(db, monkeypatch):
    monkeypatch.setattr(registry["ovh"], "stop_signs", 11, raising=False)
    ProviderFactory(channel="sms", platform="ovh")
    template = MessageTemplateFactory(sms_body="a" * 155, sample={})

    assert templates.audience_cost(template, "sms", 1).parts == 2


def test_a_template_that_comes_back_is_a_new_version(db):
    first = templates.save_version(MessageTemplateFactory.build(slug="fete", subject="Un"))
    templates.save_version(MessageTemplateFactory.build(slug="fete", subject="Deux"))

    back = templates.restore(first)

    assert (back.version, back.subject, back.is_current) == (3, "Un", True)
    assert list(MessageTemplate.objects.filter(slug="fete").values_list("version", "is_current").order_by("version")) == [
        (1, False), (2, False), (3, True),
    ]  # fmt: skip
