"""What people see of the sandbox."""

import re
from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.templatetags.sandbox import ago, french_number, initials, social_text

pytestmark = pytest.mark.django_db

FEEDS = {
    "facebook": ("post", {"message": "{}", "link": "", "pictures": [], "likes": 0, "comments": []}),
    "instagram": ("media", {"caption": "{}", "pictures": [], "likes": 0, "comments": []}),
    "x": ("post", {"source": "{}", "media": [], "likes": 0, "comments": []}),
}
PAGES = ["", "facebook/", "instagram/", "x/", "boite/", "telephone/", "livraison/", "incidents/", "vider/"]
EVIL = '<script>alert(1)</script> "><img src=x onerror=alert(1)>'


def post(vendor, text="Bonjour", **changes):
    kind, data = FEEDS[vendor]
    filled = {name: text if value == "{}" else value for name, value in data.items()}
    number = VendorRecord.objects.count()
    return VendorRecord.objects.create(
        vendor=vendor, kind=kind, external_id=f"1_{number}", account_id="1001", data={**filled, **changes}
    )


def mail(number=0, **changes):
    data = {
        "request_id": "r",
        "from": {"email": "restaurant@levieuxmoulin.fr", "name": "Le Vieux Moulin"},
        "to": [{"email": f"client{number}@exemple.fr"}],
        "subject": "Sujet",
        "text": "Texte",
        "html": "",
        "headers": {},
        "custom_args": {"vm_mid": "m1"},
        "template_id": "",
    }
    return VendorRecord.objects.create(
        vendor="sendgrid",
        kind="mail",
        external_id=f"r.{number}",
        account_id=f"client{number}@exemple.fr",
        data={**data, **changes},
    )


def sms(number=0, body="Bonjour"):
    data = {
        "account_sid": "AC",
        "from": "VieuxMoulin",
        "service": None,
        "body": body,
        "segments": 1,
        "status": "queued",
    }
    to = f"+3361{number % 60:07d}"
    return VendorRecord.objects.create(vendor="twilio", kind="sms", external_id=f"SM{number}", account_id=to, data=data)


def catalog(**sku):
    line = {"ref": "burger", "name": None, "price": "16.90 EUR", "option_list_ids": [], **sku}
    content = {
        "categories": [{"id": "c", "name": "Plats"}],
        "products": [{"name": "Burger", "category_id": "c", "tags": ["allergen_milk"], "skus": [line]}],
        "option_lists": [],
    }
    data = {"name": "La carte", "content": content, "inventory": [{"sku_ref": "burger", "stock": "0"}]}
    return VendorRecord.objects.create(vendor="hubrise", kind="catalog", external_id="c1", data=data)


def read(client, path):
    answer = client.get(f"/bac-a-sable/{path}")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize("path", PAGES)
def test_every_page_opens_on_an_empty_sandbox(client, path):
    page = read(client, path)

    assert 'href="/admin/"' in page
    assert 'href="/bac-a-sable/telephone/"' in page


@pytest.mark.parametrize("path", PAGES)
def test_no_page_asks_for_anything_elsewhere_nor_holds_a_script(client, path):
    post("facebook", pictures=[{"url": "https://example.com/a.jpg", "alt_text": ""}])
    mail(html="<p>Bonjour</p>")
    sms()
    catalog()

    page = read(client, path)

    assert re.findall(r"<(?:img|script|link|iframe)[^>]*(?:src|href)=\"(?!/)", page) == []
    assert re.findall(r"<script(?![^>]* src=)|\son\w+=|style=", page) == []


@pytest.mark.parametrize("vendor", sorted(FEEDS))
def test_what_is_published_cannot_inject_anything(client, vendor):
    post(vendor, EVIL, comments=[{"id": "1", "author": EVIL, "text": EVIL, "at": timezone.now().isoformat()}])

    page = read(client, f"{vendor}/")

    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_messages_cannot_inject_anything(client):
    record = mail(subject=EVIL, text=EVIL, html=EVIL, headers={"X-Test": EVIL})
    sms(body=EVIL)

    for path in ("boite/", f"boite/{record.pk}/", "telephone/"):
        page = read(client, path)
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_post_shows_its_words_in_colour_and_its_own_pictures(client):
    post(
        "facebook",
        "La carte #automne : https://levieuxmoulin.fr/carte.",
        pictures=[
            {"url": "http://testserver/static/demo/automne.jpg", "alt_text": "Assiette"},
            {"url": "https://example.com/b.jpg", "alt_text": "Ailleurs"},
        ],
    )

    page = read(client, "facebook/")

    assert '<span class="tag">#automne</span>' in page
    assert '<a href="https://levieuxmoulin.fr/carte"' in page
    assert '<img src="/static/demo/automne.jpg" alt="Assiette"' in page
    assert "<small>https://example.com/b.jpg</small>" in page


def test_a_picture_s_address_never_becomes_a_call_to_our_own_pages(client):
    post("facebook", pictures=[{"url": "http://testserver/admin/logout/", "alt_text": ""}])

    assert 'src="/admin/' not in read(client, "facebook/")


def test_an_uploaded_picture_is_served_and_nothing_else_is(client):
    png = b"\x89PNG\r\n\x1a\n" + bytes(8)
    VendorRecord.objects.create(vendor="x", kind="media", external_id="1", blob=png)
    VendorRecord.objects.create(vendor="x", kind="media", external_id="2", blob=b"<script>")

    shown, refused = client.get("/bac-a-sable/fichier/x/media/1"), client.get("/bac-a-sable/fichier/x/media/2")

    assert (shown.content, shown["Content-Type"]) == (png, "image/png")
    assert refused.status_code == 404


def test_guests_like_and_comment(client):
    record = post("instagram")

    client.post(f"/bac-a-sable/instagram/{record.pk}/aimer/")
    answer = client.post(f"/bac-a-sable/instagram/{record.pk}/commenter/", {"text": " Miam ", "author": "Ana"})
    client.post(f"/bac-a-sable/instagram/{record.pk}/commenter/", {"text": "   "})

    record.refresh_from_db()
    assert answer.url == f"/bac-a-sable/instagram/#p{record.pk}"
    assert record.data["likes"] == 1
    assert [(comment["author"], comment["text"]) for comment in record.data["comments"]] == [("Ana", "Miam")]


def test_a_network_shows_no_other_network_s_posts(client):
    post("facebook", "Sur Facebook")

    assert "Sur Facebook" not in read(client, "x/")
    assert client.post(f"/bac-a-sable/x/{VendorRecord.objects.get().pk}/aimer/").status_code == 404
    assert client.get("/bac-a-sable/inconnu/").status_code == 404


def test_a_mail_is_read_in_a_frame_that_runs_nothing(client):
    record = mail(
        html="<html><head></head><body><p>Bonjour</p></body></html>",
        headers={
            "List-Unsubscribe": "<http://testserver/desinscription/abc/>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
    )

    page = read(client, f"boite/{record.pk}/")

    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in page
    assert "&lt;head&gt;&lt;base target=&quot;_blank&quot;&gt;&lt;/head&gt;" in page
    assert 'action="/desinscription/abc/"' in page
    assert 'href="http://testserver/desinscription/abc/"' in page


def test_one_click_is_only_offered_towards_ourselves(client):
    headers = {"List-Unsubscribe": "<https://ailleurs.fr/u>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}

    page = read(client, f"boite/{mail(headers=headers).pk}/")

    assert 'action="https://ailleurs.fr' not in page
    assert 'href="https://ailleurs.fr/u"' in page


def test_the_inbox_finds_an_address(client):
    mail(1, subject="Pour un")
    mail(2, subject="Pour deux")

    page = read(client, "boite/?a=CLIENT1@")

    assert "Pour un" in page
    assert "Pour deux" not in page


def test_a_stop_is_remembered_and_taken_back(client):
    record = sms()
    answer = {"vendor": "twilio", "numero": record.account_id}

    client.post("/bac-a-sable/telephone/repondre/", {**answer, "word": "STOP"})
    stopped = VendorRecord.objects.filter(kind="stop", external_id=record.account_id).exists()
    page = read(client, f"telephone/?numero=%2B{record.account_id[1:]}")
    client.post("/bac-a-sable/telephone/repondre/", {**answer, "word": "START"})

    assert stopped
    assert "Ce numéro a répondu STOP" in page
    assert not VendorRecord.objects.filter(kind="stop").exists()


def test_nobody_answers_for_a_number_without_messages(client):
    answer = client.post(
        "/bac-a-sable/telephone/repondre/", {"vendor": "twilio", "numero": "+33600000000", "word": "STOP"}
    )

    assert answer.status_code == 404
    assert VendorRecord.objects.count() == 0


def test_the_delivery_application_shows_prices_allergens_and_what_ran_out(client):
    catalog()

    page = read(client, "livraison/")

    assert "<strong>16,90\u00a0€</strong>" in page
    assert '<span class="badge">lait</span>' in page
    assert "Épuisé" in page


def test_an_incident_is_prepared_and_cancelled(client):
    form = {"vendor": "facebook", "kind": "slow", "times": "3", "seconds": "1.5", "path_contains": "/feed"}

    client.post("/bac-a-sable/incidents/", form)

    fault = Fault.objects.get()
    assert (fault.vendor, fault.kind, fault.times, fault.remaining, fault.seconds) == ("facebook", "slow", 3, 3, 1.5)
    assert "3 sur 3 à venir" in read(client, "incidents/")
    client.post(f"/bac-a-sable/incidents/{fault.pk}/annuler/")
    assert Fault.objects.count() == 0


@pytest.mark.parametrize("change", [{"vendor": "inconnu"}, {"kind": "x"}, {"times": "0"}, {"seconds": "61"}])
def test_an_incident_that_makes_no_sense_is_refused(client, change):
    form = {"vendor": "facebook", "kind": "slow", "times": "1", "seconds": "1", **change}

    assert client.post("/bac-a-sable/incidents/", form).status_code == 400
    assert Fault.objects.count() == 0


def test_the_sandbox_is_emptied_only_after_confirmation(client):
    post("facebook")
    Fault.objects.create(vendor="x", kind="slow")

    client.get("/bac-a-sable/vider/")
    before = VendorRecord.objects.count()
    client.post("/bac-a-sable/vider/")

    assert (before, VendorRecord.objects.count(), Fault.objects.count()) == (1, 0, 0)


def test_a_form_without_its_token_is_refused(client):
    client.handler.enforce_csrf_checks = True
    record = post("facebook")

    assert client.post("/bac-a-sable/vider/").status_code == 403
    assert client.post(f"/bac-a-sable/facebook/{record.pk}/aimer/").status_code == 403


@pytest.mark.parametrize("path", ["", "facebook/", "x/", "boite/", "telephone/", "livraison/", "incidents/"])
def test_pages_cost_the_same_few_queries_with_500_rows(client, path, django_assert_max_num_queries):
    rows = [post("facebook"), post("x"), mail(), sms()]
    catalog()
    many = [
        VendorRecord(
            vendor=row.vendor, kind=row.kind, external_id=f"n{rank}", account_id=f"+336{rank:08d}", data=row.data
        )
        for row in rows
        for rank in range(500)
    ]
    VendorRecord.objects.bulk_create(many)

    with django_assert_max_num_queries(4):
        page = read(client, path)

    assert len(page) < 200_000


def test_later_pages_of_a_feed_exist(client):
    for rank in range(21):
        post("facebook", f"Numéro {rank:02d}.")

    assert "Numéro 00." not in read(client, "facebook/")
    assert "Numéro 00." in read(client, "facebook/?page=2")
    assert "Numéro 20." in read(client, "facebook/?page=beaucoup")


@pytest.mark.parametrize("path", ["", "facebook/", "boite/", "telephone/", "livraison/"])
def test_the_living_part_is_sent_again_only_when_something_changed(client, path):
    with time_machine.travel("2026-11-25T12:00:10Z", tick=False):
        first = client.get(f"/bac-a-sable/{path}?fragment=1")
        same = client.get(f"/bac-a-sable/{path}?fragment=1", headers={"If-None-Match": first["ETag"]})
        post("facebook")
        mail()
        sms()
        catalog()
        changed = client.get(f"/bac-a-sable/{path}?fragment=1", headers={"If-None-Match": first["ETag"]})

    assert (first.status_code, same.status_code, changed.status_code) == (200, 304, 200)
    assert "<html" not in first.content.decode()


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (timedelta(seconds=20), "à l'instant"),
        (timedelta(minutes=2), "il y a 2 min"),
        (timedelta(hours=3), "il y a 3 h"),
        (timedelta(hours=20), "hier à 18:00"),
        (timedelta(days=3), "22 nov. 14:00"),
        (timedelta(days=400), "21 oct. 2025"),
    ],
)
def test_times_read_as_people_say_them(age, expected):
    with time_machine.travel("2026-11-25T13:00:00Z", tick=False):
        assert ago(timezone.now() - age) == expected


def test_small_words_of_the_pages():
    assert initials("Le Vieux Moulin") == "VM"
    assert french_number("+33612345678") == "06 12 34 56 78"
    assert french_number("+441632960000") == "+441632960000"
    assert social_text("a&b @ana mail@exemple.fr") == 'a&amp;b <span class="tag">@ana</span> mail@exemple.fr'
