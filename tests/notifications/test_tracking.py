"""Law 8, and honest figures: measured only with consent, people and machines apart, facts in any order, once each."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.core import signing
from django.utils import timezone
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from integrations.errors import TransientError
from integrations.services import inbound
from notifications.models import Consent, DeliveryEvent, Habit, Notification, Suppression
from notifications.services import callbacks, contacts, delivery, machines, reports, sending, tracked, turns
from notifications.services.permission import address_index
from notifications.services.reports import Fact
from tests.factories import ContactFactory, MessageTemplateFactory, ProviderFactory
from tests.vieuxmoulin.backoffice import rows

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 6, 4, 16, 30, tzinfo=UTC)  # Thursday, 18:30 in Paris
PERSON = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15"
HTML = '<html><body><a class="b" href="https://levieuxmoulin.fr/carte?a=1&amp;b=2">Carte</a></body></html>'


def message(**fields):
    return rows.message(**{"status": "sent", "sent_at": NOW - timedelta(hours=1), **fields})


def fact(row, kind, at=NOW, **fields):
    values = {"provider": "sendgrid", "event_id": uuid.uuid4().hex, "message_id": str(row.pk), **fields}
    return Fact(kind=kind, occurred_at=at, **values)


# --- What is put in a message ----------------------------------------------------------------------------------------


def letter(tracking):
    """The letter of a guest, and its row, as they would leave."""
    guest = ContactFactory()
    if tracking:
        contacts.grant(
            guest, channel="email", purpose=Consent.Purpose.TRACKING, source="test", wording="Oui.", version="1"
        )
    ProviderFactory(platform="sendgrid", channel="email")
    template = MessageTemplateFactory(purpose="transactional", subject="Bonjour", body_html=HTML, body_text="")
    sending.create_messages(
        template=template, contacts=type(guest).objects.all(), channels=["email"], data={},
        origin=sending.Origin(uuid.uuid4()),
    )  # fmt: skip
    sent = []
    original = turns.send
    turns.send = lambda connector, messages, access: sent.extend(messages) or []
    try:
        delivery.deliver_chunk(Notification.objects.get().chunk_id)
    finally:
        turns.send = original
    return sent[0], Notification.objects.get()


def test_without_consent_there_is_no_pixel_and_no_rewritten_link():
    sent, row = letter(tracking=False)

    assert "https://levieuxmoulin.fr/carte?a=1&amp;b=2" in sent.html
    assert "<img" not in sent.html
    assert not row.is_tracked


def test_with_consent_links_are_followed_and_lead_where_they_said():
    sent, row = letter(tracking=True)

    token = sent.html.split("/l/")[1].split("/")[0]
    assert row.is_tracked
    assert tracked.read_link(token) == tracked.Followed(str(row.pk), "https://levieuxmoulin.fr/carte?a=1&b=2")
    assert sent.html.count("<img") == 1


def test_the_ways_out_are_never_followed(settings):
    settings.PUBLIC_URL = "https://lvm.fr"
    body = '<a href="https://lvm.fr/desinscription/abc/">Se désinscrire</a> <a href="https://e.fr">x</a>'

    made = tracked.instrument(body, str(uuid.uuid4()), keep=tracked.ways_out())

    assert 'href="https://lvm.fr/desinscription/abc/"' in made
    assert 'href="https://e.fr"' not in made


def test_a_link_that_we_did_not_sign_leads_nowhere(client):
    forged = tracked.link(str(uuid.uuid4()), "https://e.fr").split("/l/")[1].strip("/")[:-3] + "aaa"

    response = client.get(f"/l/{forged}/")

    assert response.status_code == 404


# --- Our own pixel and links -----------------------------------------------------------------------------------------


def open_pixel(client, row, agent=PERSON, method="get"):
    address = tracked.pixel_address(str(row.pk))
    return getattr(client, method)(address[address.index("/o/") :], headers={"User-Agent": agent})


def follow(client, row, url="https://e.fr/menu", agent=PERSON, method="get"):
    address = tracked.link(str(row.pk), url)
    return getattr(client, method)(address[address.index("/l/") :], headers={"User-Agent": agent})


def test_an_open_of_a_person_is_counted_and_makes_a_habit(client):
    row = message(is_tracked=True)

    response = open_pixel(client, row)

    row.refresh_from_db()
    assert (response.status_code, response["Content-Type"]) == (200, "image/gif")
    assert "no-store" in response["Cache-Control"]
    assert row.opened_at is not None
    assert row.machine_opened_at is None
    assert Habit.objects.get().contact_id == row.contact_id


@pytest.mark.parametrize(
    "agent", ["Mozilla/5.0", "Mozilla/5.0 (Windows NT 5.1) (via ggpht.com GoogleImageProxy)", "YahooMailProxy; x", ""]
)
def test_an_open_of_a_proxy_is_counted_apart_and_makes_no_habit(client, agent):
    row = message(is_tracked=True)

    open_pixel(client, row, agent)

    row.refresh_from_db()
    assert row.opened_at is None
    assert row.machine_opened_at is not None
    assert Habit.objects.count() == 0


def test_a_pixel_of_a_guest_who_did_not_agree_counts_nothing(client):
    row = message(is_tracked=False)

    response = open_pixel(client, row)

    row.refresh_from_db()
    assert response.status_code == 200
    assert (row.opened_at, DeliveryEvent.objects.count()) == (None, 0)


def test_a_click_leads_on_and_is_counted_once_a_minute(client):
    row = message(is_tracked=True)

    first, _second = follow(client, row), follow(client, row)

    row.refresh_from_db()
    assert (first.status_code, first["Location"]) == (302, "https://e.fr/menu")
    assert row.clicked_at is not None
    assert DeliveryEvent.objects.filter(kind="clicked").count() == 1


def test_a_look_without_content_is_a_machine(client):
    row = message(is_tracked=True)

    follow(client, row, method="head")

    row.refresh_from_db()
    assert (row.clicked_at, row.machine_clicked_at is not None) == (None, True)


def test_a_click_seconds_after_the_sending_is_a_scanner():
    assert machines.reason_for_click(NOW, NOW + timedelta(seconds=4), [], "https://e.fr")
    assert machines.reason_for_click(NOW, NOW + timedelta(seconds=40), [], "https://e.fr") == ""


def test_three_links_at_once_are_a_scanner():
    before = [(NOW, "https://e.fr/1"), (NOW + timedelta(seconds=1), "https://e.fr/2")]

    assert machines.reason_for_click(None, NOW + timedelta(seconds=1), before, "https://e.fr/3")
    assert machines.reason_for_click(None, NOW + timedelta(seconds=1), before[:1], "https://e.fr/3") == ""
    assert machines.reason_for_click(None, NOW + timedelta(minutes=1), before, "https://e.fr/3") == ""


# --- What services tell ----------------------------------------------------------------------------------------------


def test_a_fact_told_twice_counts_once():
    row = message()
    told = fact(row, "delivered")

    assert (reports.apply([told, told]), reports.apply([told])) == (1, 0)


def test_any_word_settles_a_message_of_unknown_fate():
    row = message(status="unknown", sent_at=None)

    reports.apply([fact(row, "delivered")])

    row.refresh_from_db()
    assert (row.status, row.sent_at, row.delivered_at) == ("delivered", NOW, NOW)


def test_a_dead_address_is_written_to_no_more():
    row = message()

    reports.apply([fact(row, "bounced", reason="550 no such user")])

    row.refresh_from_db()
    assert (row.status, row.reason, row.bounced_at) == ("failed", "550 no such user", NOW)
    assert Suppression.objects.get().address_index == address_index("email", row.recipient)


def test_a_complaint_withdraws_the_consent():
    row = message()
    contacts.grant(row.contact, channel="email", source="test", wording="Oui.", version="1")

    reports.apply([fact(row, "complained")])

    assert Consent.objects.get(contact=row.contact, channel="email").status == "withdrawn"
    assert Suppression.objects.get().reason == "signalé comme indésirable"


def test_stop_is_obeyed_though_it_answers_no_message():
    guest = ContactFactory(phone="+33612345678")
    contacts.grant(guest, channel="sms", source="test", wording="Oui.", version="1")
    index = address_index("sms", "+33612345678")

    reports.apply([Fact("twilio", "e1", "unsubscribed", NOW, channel="sms", recipient_index=index, suppresses=True)])

    assert Consent.objects.get(contact=guest, channel="sms").status == "withdrawn"
    assert Suppression.objects.filter(channel="sms", address_index=index).exists()


def test_a_passing_refusal_after_a_delivery_changes_nothing_a_dead_address_does():
    row = message()
    reports.apply([fact(row, "delivered")])

    reports.apply([fact(row, "blocked", NOW + timedelta(minutes=1))])
    row.refresh_from_db()
    after_refusal = row.status
    reports.apply([fact(row, "bounced", NOW + timedelta(minutes=2))])
    row.refresh_from_db()

    assert (after_refusal, row.status) == ("delivered", "failed")


def test_facts_find_their_message_by_the_services_own_id():
    row = message(provider="twilio", external_id="SM1")

    reports.apply([Fact("twilio", "e1", "delivered", NOW, external_id="SM1")])

    row.refresh_from_db()
    assert row.status == "delivered"


def told(external_id, *, at, kind="delivered", **fields):
    """A call of a service as it was stored, about one message that it names by its own id."""
    stored = {"message_id": "", "external_id": external_id, "kind": kind, "event_id": f"e-{external_id}-{kind}",
              "reason": "", "url": "", "user_agent": "", "is_machine": False, "suppresses": False,
              "occurred_at": at.isoformat(), "channel": "sms", "recipient_index": "", **fields}  # fmt: skip
    return {"slug": "twilio", "events": [stored]}


def test_a_word_that_comes_before_our_own_note_is_read_again():
    with time_machine.travel(NOW, tick=False):
        with pytest.raises(TransientError) as refused:
            callbacks.process(told("SM2", at=NOW))
        assert not DeliveryEvent.objects.exists()
        row = message(provider="twilio", external_id="SM2")

        callbacks.process(told("SM2", at=NOW))

    row.refresh_from_db()
    assert (row.status, refused.value.code) == ("delivered", "message_not_noted_yet")


@pytest.mark.parametrize(("fields", "minutes"), [({}, 11), ({"kind": "unsubscribed"}, 0), ({"suppresses": True}, 0)])
def test_old_words_about_strangers_and_stops_do_not_wait(fields, minutes):
    with time_machine.travel(NOW, tick=False):
        assert callbacks.process(told("SM3", at=NOW - timedelta(minutes=minutes), **fields)) == 1


def test_an_early_word_is_tried_for_longer_than_it_may_be_early():
    assert reports.EARLY.total_seconds() < callbacks.READ_AGAIN_SECONDS * (inbound.MAX_ATTEMPTS - 1)


def test_facts_about_strangers_are_kept_and_harm_nothing():
    assert reports.apply([Fact("sendgrid", "e1", "delivered", NOW, message_id="pas-un-uuid")]) == 1
    assert DeliveryEvent.objects.get().notification is None


def test_a_habit_is_an_hour_of_the_week_in_paris():
    assert reports.week_hour(NOW) == 3 * 24 + 18


KINDS = ("delivered", "deferred", "opened", "clicked", "bounced", "complained", "unsubscribed")


class InAnyOrder(TestCase):
    """The same facts, shuffled and cut into calls anyhow, end the same."""

    @settings(max_examples=40, deadline=None)
    @given(data=st.data(), kinds=st.lists(st.sampled_from(KINDS), min_size=1, max_size=7))
    def test_facts_in_any_order_end_the_same(self, data, kinds):
        ends = []
        for order in range(2):
            row = message(status="sent")
            told = [
                fact(row, kind, NOW + timedelta(minutes=rank), event_id=f"{row.pk}{rank}")
                for rank, kind in enumerate(kinds)
            ]
            told = data.draw(st.permutations(told)) if order else told
            cut = data.draw(st.integers(0, len(told)))
            reports.apply(told[:cut])
            reports.apply(told[cut:])
            row.refresh_from_db()
            ends.append([getattr(row, name) for name in (
                "status", "delivered_at", "opened_at", "clicked_at", "bounced_at", "complained_at", "unsubscribed_at")])  # fmt: skip

        assert ends[0] == ends[1]


def test_a_moment_shown_is_never_later_than_now(client):
    row = message(is_tracked=True)

    open_pixel(client, row)

    row.refresh_from_db()
    assert row.opened_at <= timezone.now()


@pytest.mark.parametrize(
    "url", ["https://exemple.fr/été?a=1&b=«2»", 'https://exemple.fr/"x"', "https://exemple.fr/" + "a" * 900]
)
def test_a_followed_link_says_whose_it_is_and_where_it_leads(url):
    message_id = str(uuid.uuid4())

    token = tracked.link(message_id, url).rstrip("/").rpartition("/")[2]

    assert tracked.read_link(token) == tracked.Followed(message_id, url)
    assert tracked.read_link(token[:-2]) is None


def test_links_of_messages_sent_before_still_lead_there():
    message_id = str(uuid.uuid4())
    old = signing.Signer(salt=tracked.SALT_LINK).sign_object(
        [uuid.UUID(message_id).hex, "https://exemple.fr/"], compress=True
    )

    assert tracked.read_link(old) == tracked.Followed(message_id, "https://exemple.fr/")
