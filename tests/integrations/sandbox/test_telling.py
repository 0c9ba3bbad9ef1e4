"""Readers' acts on the pages, the calls that follow, and the thread that makes those that nobody waits for."""

import json
import threading

import pytest

from integrations.errors import CommunicationError
from integrations.models import Credential, InboundEvent
from integrations.sandbox import callbacks
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors.webpush import make_subscription
from notifications.connectors import registry
from notifications.connectors.base import Access, Message
from notifications.models import Provider
from tests.integrations.sandbox.test_messaging import ACCESSES, SECRET, TELLING, records
from tests.integrations.sandbox.test_odd_bodies import ODD, places, replaced
from tests.integrations.sandbox.test_pages import EVIL, mail, read, sms


def message_to(slug, **changes):
    to = {"email": "client1@exemple.fr", "sms": "+33610000002"}[registry[slug].channel]
    return Message(**{"id": "m1", "to": to, "subject": "Ce soir", "text": "https://levieuxmoulin.fr/carte", **changes})


@pytest.fixture
def house(vendors, settings, monkeypatch):
    """Our own house behind the services: they may call it, and it knows them."""
    monkeypatch.setattr(callbacks, "call_later", lambda calls: None)
    settings.PUBLIC_URL = vendors.url
    settings.PRIVATE_HOSTS_ALLOWED = [vendors.url.removeprefix("http://")]

    def connect(slug):
        connector, access = registry[slug](), ACCESSES[slug]
        secret = f"{SECRET}/" if connector.webhook_needs_secret else ""
        kept = connector.subscribe(f"{vendors.url}/webhooks/envois/{slug}/{secret}", access)
        access = Access({**access.secrets, **kept})
        credential = Credential.objects.create(platform=slug, name="Essai", secrets=access.secrets)
        Provider.objects.create(channel=connector.channel, platform=slug, credential=credential)
        return access

    return connect


@pytest.mark.parametrize("slug", TELLING)
def test_an_act_on_the_page_reaches_our_house(house, client, slug):
    access = house(slug)
    registry[slug]().send_batch([message_to(slug)], access)

    answer = client.post(f"/bac-a-sable/message/{records(slug).get().pk}/agir/", {"act": "bounced"}, follow=True)

    assert "qui l&#x27;a reçu" in answer.content.decode()
    (event,) = InboundEvent.objects.get(source=slug, event="delivery_reports").payload["events"]
    assert (event["kind"], event["suppresses"]) == ("bounced", True)
    assert "client1@exemple.fr" not in json.dumps(event)


def test_a_house_that_refuses_is_said_to(house, client):
    access = house("sendgrid")
    registry["sendgrid"]().send_batch([message_to("sendgrid")], access)
    Credential.objects.update(secrets={})

    answer = client.post(f"/bac-a-sable/message/{records('sendgrid').get().pk}/agir/", {"act": "opened"}, follow=True)

    assert "n&#x27;a pas accepté l&#x27;appel de SendGrid" in answer.content.decode()
    assert InboundEvent.objects.count() == 0


@pytest.mark.django_db
def test_a_click_tells_which_link(client, monkeypatch):
    made = []
    monkeypatch.setattr(callbacks, "call", lambda call: made.append(call) or True)
    hook = {"url": "https://m.example/", "enabled": True, "click": True, "private_key": "", "public_key": ""}
    VendorRecord.objects.create(vendor="sendgrid", kind="webhook", external_id="w", data=hook)
    record = mail(text="Voir https://levieuxmoulin.fr/carte")

    page = read(client, f"boite/{record.pk}/")
    client.post(f"/bac-a-sable/message/{record.pk}/agir/", {"act": "clicked", "url": "https://levieuxmoulin.fr/carte"})

    assert '<option value="https://levieuxmoulin.fr/carte">' in page
    (event,) = json.loads(made[0].body)
    assert (event["event"], event["url"], event["vm_mid"]) == ("click", "https://levieuxmoulin.fr/carte", "m1")


@pytest.mark.django_db
def test_a_mail_without_a_link_offers_no_click(client):
    page = read(client, f"boite/{mail().pk}/")

    assert 'value="opened"' in page
    assert 'value="clicked"' not in page


@pytest.mark.django_db
def test_when_nobody_asked_the_page_says_so(client):
    answer = client.post(f"/bac-a-sable/message/{mail().pk}/agir/", {"act": "complained"}, follow=True)

    assert "personne n&#x27;a demandé à SendGrid" in answer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("act", ["", "delivered", "stop", "x" * 500])
def test_an_act_that_the_page_does_not_offer_is_refused(client, act):
    assert client.post(f"/bac-a-sable/message/{mail().pk}/agir/", {"act": act}).status_code == 404


@pytest.mark.django_db
def test_only_messages_can_be_acted_on_and_only_by_a_form(client):
    post = VendorRecord.objects.create(vendor="facebook", kind="post", external_id="1", data={})

    assert client.post(f"/bac-a-sable/message/{post.pk}/agir/", {"act": "opened"}).status_code == 404
    assert client.get(f"/bac-a-sable/message/{mail().pk}/agir/").status_code == 405
    client.handler.enforce_csrf_checks = True
    assert client.post(f"/bac-a-sable/message/{mail(1).pk}/agir/", {"act": "opened"}).status_code == 403


# --- the telephone ---------------------------------------------------------------------------------------------------


def pushed(name="Navigateur de Zoé", **changes):
    make_subscription(name)
    data = {"title": "Ce soir", "text": "Une table ?", "link": "", "tag": "t", "is_readable": True, **changes}
    return VendorRecord.objects.create(vendor="webpush", kind="push", external_id="1", account_id=name, data=data)


@pytest.mark.django_db
def test_the_telephone_shows_a_notification(client):
    pushed(link="https://levieuxmoulin.fr/carte")

    page = read(client, "telephone/?numero=Navigateur de Zoé")

    assert "<strong>Ce soir</strong>" in page
    assert 'href="https://levieuxmoulin.fr/carte"' in page
    assert "· notification" in page
    assert "Bloquer les notifications" in page
    assert "Numéro mort" not in page


@pytest.mark.django_db
def test_a_notification_cannot_inject_anything(client):
    pushed(title=EVIL, text=EVIL, link=EVIL)

    page = read(client, "telephone/")

    assert "<script>alert" not in page
    assert "<img src=x" not in page


@pytest.mark.django_db
def test_a_browser_that_blocks_us_does_not_come_back(client):
    record = pushed()
    form = {"vendor": "webpush", "numero": record.account_id}

    client.post("/bac-a-sable/telephone/repondre/", {**form, "word": "STOP"})
    page = read(client, "telephone/")
    client.post("/bac-a-sable/telephone/repondre/", {**form, "word": "START"})

    assert "a bloqué les notifications" in page
    assert 'value="START"' not in page
    assert VendorRecord.objects.get(kind="browser").data["is_gone"] is True


@pytest.mark.django_db
def test_a_stop_on_the_telephone_is_told(client, monkeypatch):
    made = []
    monkeypatch.setattr("integrations.sandbox.pages.phone.callbacks.call_later", made.extend)
    record = VendorRecord.objects.create(
        vendor="ovh", kind="sms", external_id="1", account_id="+33610000002", data={"service": "sms-a", "shown": ""}
    )
    VendorRecord.objects.create(
        vendor="ovh", kind="account", external_id="sms-a", data={"stopCallBack": "https://m.example/ovh/"}
    )

    client.post("/bac-a-sable/telephone/repondre/", {"vendor": "ovh", "numero": record.account_id, "word": "STOP"})

    assert [(call.method, call.url) for call in made] == [("GET", "https://m.example/ovh/")]


@pytest.mark.django_db
def test_the_telephone_of_an_sms_offers_what_may_go_wrong(client):
    page = read(client, f"telephone/?numero=%2B{sms().account_id[1:]}")

    assert ["Téléphone éteint" in page, "Filtré" in page, "Numéro mort" in page] == [True, True, True]


# --- calls in the background -----------------------------------------------------------------------------------------


@pytest.fixture
def line(monkeypatch):
    """A line of its own, that does not make anybody wait."""
    monkeypatch.setattr(callbacks, "DELAY_SECONDS", 0.0)
    return callbacks._Line()


@pytest.mark.parametrize(("fails", "tries"), [(0, 1), (2, 3), (99, callbacks.MAX_TRIES)])
def test_a_call_that_fails_is_made_again_but_not_for_ever(line, monkeypatch, fails, tries):
    made, done = [], threading.Event()

    def call(callback):
        if callback.url == "last":
            done.set()
            return True
        made.append(callback.url)
        if len(made) == tries:
            line.put(Callback("last"), 1)
        return len(made) > fails

    monkeypatch.setattr(callbacks, "call", call)

    line.put(Callback("https://m.example/"), 1)

    assert done.wait(5)
    assert made == ["https://m.example/"] * tries


def test_a_line_too_long_drops_what_comes_last(line, monkeypatch):
    monkeypatch.setattr(callbacks, "MAX_WAITING", 0)

    line.put(Callback("https://m.example/"), 1)

    assert line._thread is None


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_service_of_the_sandbox_calls_our_private_network(settings, method):
    settings.PRIVATE_HOSTS_ALLOWED = []

    assert callbacks.call(Callback("http://127.0.0.1:9/", method=method)) is False


# --- odd bodies ------------------------------------------------------------------------------------------------------

LETTER = {
    "From": {"Email": "r@levieuxmoulin.fr", "Name": "Le Vieux Moulin"},
    "To": [{"Email": "a@exemple.fr", "Name": "Anne"}],
    "Cc": [{"Email": "b@exemple.fr"}],
    "Subject": "a",
    "TextPart": "a",
    "HTMLPart": "a",
    "CustomID": "m1",
    "Headers": {"X-A": "b"},
    "TrackOpens": "disabled",
}
BASIC = {"HTTP_AUTHORIZATION": "Basic Y2xlOmpldG9u"}
KEY = {"HTTP_AUTHORIZATION": "Bearer SG.cle"}
API = "/bac-a-sable/api"
CALLS = [
    ("post", f"{API}/mailjet/v3.1/send", BASIC, {"Globals": {"Subject": "b"}, "Messages": [LETTER, LETTER]}),
    (
        "post",
        f"{API}/mailjet/v3/REST/eventcallbackurl",
        BASIC,
        {"EventType": "open", "Url": "https://a.fr", "Version": 2},
    ),
    (
        "post",
        f"{API}/sendgrid/v3/user/webhooks/event/settings",
        KEY,
        {"url": "https://a.fr", "enabled": True, "open": True},
    ),
    ("post", f"{API}/webpush/subscriptions", KEY, {"name": "a", "applicationServerKey": "b"}),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("method", "path", "headers", "body"), CALLS)
def test_no_value_in_no_place_makes_a_service_crash(post_json, client, method, path, headers, body):
    for place in places(body):
        for value in ODD:
            answer = post_json(path, replaced(body, place, value), method, **headers)
            assert answer.status_code < 500, (place, value)
    for value in ODD:
        assert post_json(path, value, method, **headers).status_code < 500, value

    for page in ("boite/", "telephone/"):
        assert client.get(f"/bac-a-sable/{page}").status_code == 200
    for record in VendorRecord.objects.filter(kind="mail")[:30]:
        assert client.get(f"/bac-a-sable/boite/{record.pk}/").status_code == 200


@pytest.mark.parametrize("path", ["jobs", ""])
def test_no_value_in_no_place_makes_ovh_crash(vendors, path):
    """Signed as ours are: an unsigned body is not even looked at."""
    job = {
        "message": "a",
        "receivers": ["+33610000002"],
        "sender": "VieuxMoulin",
        "tag": "a",
        "noStopClause": True,
        "priority": "high",
        "charset": "UTF-8",
    }
    body, method = (job, "POST") if path else ({"callBack": "https://a.fr", "stopCallBack": "https://a.fr"}, "PUT")
    connector, refusals = registry["ovh"](), []

    for place in places(body):
        for value in ODD:
            try:
                connector._call(method, path, ACCESSES["ovh"], body=replaced(body, place, value))
            except CommunicationError as error:
                refusals.append((place, value, error.code))

    assert len(refusals) > 10
    assert [refusal for refusal in refusals if not refusal[2].startswith("4")] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"HTTP_AUTHORIZATION": "vapid t=a.b.c, k=d"}, 403),
        ({"HTTP_AUTHORIZATION": "vapid t=é, k=é"}, 401),
        ({"HTTP_AUTHORIZATION": "Bearer a"}, 401),
    ],
)
def test_a_push_service_wants_to_know_who_sends(client, headers, status):
    path = make_subscription("Zoé")["endpoint"].partition("/bac-a-sable")[2]

    answer = client.post(f"/bac-a-sable{path}", b"x", content_type="application/octet-stream", **headers)

    assert answer.status_code == status
