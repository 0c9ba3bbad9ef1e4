"""The vendors' own words: shapes, statuses, limits and errors, through Django's client."""

import base64
import json
from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._x_text import shorten_links, weight
from integrations.sandbox.vendors.instagram import Instagram
from integrations.sandbox.vendors.twilio import segments
from integrations.sandbox.vendors.x import X as PlayedX
from tests.integrations.sandbox.conftest import BEARER, FACEBOOK, HUBRISE, INSTAGRAM, SENDGRID, TWILIO, X

pytestmark = pytest.mark.django_db

SID = "AC" + "0" * 32
BASIC = {"HTTP_AUTHORIZATION": "Basic " + base64.b64encode(f"{SID}:jeton".encode()).decode()}
KEY = {"HTTP_AUTHORIZATION": "Bearer SG.cle"}
HUB = {"HTTP_X_ACCESS_TOKEN": "jeton"}
CATALOG = {
    "categories": [{"ref": "plats", "name": "Plats"}],
    "products": [
        {
            "ref": "burger",
            "category_ref": "plats",
            "name": "Burger",
            "skus": [{"ref": "burger", "name": None, "price": "16.90 EUR", "option_list_refs": ["cuisson"]}],
        }
    ],
    "option_lists": [
        {
            "ref": "cuisson",
            "name": "Cuisson",
            "min_selections": 1,
            "max_selections": 1,
            "options": [{"ref": "rose", "name": "Rosé", "price": "0.00 EUR"}],
        }
    ],
}


def mail(*recipients, **changes):
    envelopes = [{"to": [{"email": address}]} for address in recipients]
    body = {
        "personalizations": envelopes,
        "from": {"email": "restaurant@levieuxmoulin.fr"},
        "subject": "Sujet",
        "content": [{"type": "text/plain", "value": "Texte"}],
    }
    return {**body, **changes}


# --- every vendor -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (f"{FACEBOOK}/1001", 400),
        (f"{INSTAGRAM}/17841400000000001", 400),
        (f"{X}/users/me", 401),
        (f"{SENDGRID}/scopes", 401),
        (f"{TWILIO}/{SID}.json", 401),
        (f"{HUBRISE}/catalogs/c1", 401),
    ],
)
def test_a_call_without_access_gets_the_vendor_s_own_refusal(client, path, status):
    answer = client.get(path)

    assert (answer.status_code, answer["Content-Type"]) == (status, "application/json")


@pytest.mark.parametrize("slug", sorted(registry))
def test_an_unknown_address_gets_an_answer_in_json(client, slug):
    answer = client.get(f"/bac-a-sable/api/{slug}/rien/de/tel/ici")

    assert answer.status_code in (400, 404)
    assert answer.json()


def test_a_vendor_nobody_plays_is_a_404(client):
    assert client.get("/bac-a-sable/api/inconnu/x").status_code == 404


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"{FACEBOOK}/1001/feed", BEARER),
        (f"{X}/tweets", BEARER),
        (f"{SENDGRID}/mail/send", KEY),
        (f"{HUBRISE}/location/catalogs", HUB),
    ],
)
@pytest.mark.parametrize("body", [b"{", b"[]", b'"texte"', b"\xff\xfe", b"[" * 5000])
def test_a_body_that_is_not_an_object_is_refused_without_a_fault_of_ours(client, path, headers, body):
    answer = client.post(path, body, content_type="application/json", **headers)

    assert 400 <= answer.status_code < 500
    assert answer.json()
    assert VendorRecord.objects.count() == 0


def test_signs_a_database_refuses_are_dropped(post_json):
    post_json(f"{FACEBOOK}/1001/feed", {"message": "Bon\0jour \ud83d"})

    assert VendorRecord.objects.get().data["message"] == "Bonjour ?"


# --- Facebook ---------------------------------------------------------------------------------------------------------


def test_facebook_answers_with_the_fields_that_were_asked(post_json):
    answer = post_json(f"{FACEBOOK}/1001/feed?fields=id,permalink_url,created_time", {"message": "Bonjour"}).json()

    assert answer["id"].startswith("1001_")
    assert answer["permalink_url"] == f"https://www.facebook.com/{answer['id']}"
    assert answer["created_time"].endswith("+0000")


def test_facebook_reads_forms_as_it_reads_json(client):
    photo = client.post(f"{FACEBOOK}/1001/photos", {"url": "https://e.fr/a.jpg", "published": "false"}, **BEARER).json()
    form = {"message": "Album", "attached_media[0]": json.dumps({"media_fbid": photo["id"]})}

    client.post(f"{FACEBOOK}/1001/feed", form, **BEARER)

    assert photo.keys() == {"id"}
    assert VendorRecord.objects.get(kind="post").data["photos"] == [photo["id"]]


def test_facebook_publishes_a_photo_with_its_post(post_json):
    answer = post_json(f"{FACEBOOK}/1001/photos", {"url": "https://e.fr/a.jpg", "caption": "Plat"}).json()

    post = VendorRecord.objects.get(kind="post")
    assert (answer["post_id"], post.data["message"]) == (post.external_id, "Plat")


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "is required"),
        ({"message": "a", "link": "pas une adresse"}, "url you supplied"),
        ({"message": "a" * 63_207}, "63206"),
        ({"message": "a", "attached_media": [{"media_fbid": "1"}]}, "attached_media[0]"),
        ({"message": "a", "attached_media": "1"}, "array"),
        ({"message": "a", "feed_targeting": {"age_min": 12}}, "age_min"),
        ({"message": "a", "feed_targeting": {"age_min": 40, "age_max": 30}}, "age_max"),
        ({"message": "a", "scheduled_publish_time": 1}, "scheduled"),
    ],
)
def test_facebook_refuses_with_code_100(post_json, body, said):
    answer = post_json(f"{FACEBOOK}/1001/feed", body)

    assert (answer.status_code, answer.json()["error"]["code"]) == (400, 100)
    assert said in answer.json()["error"]["message"]
    assert VendorRecord.objects.count() == 0


def test_facebook_counts_likes_and_comments(client, post_json):
    post = post_json(f"{FACEBOOK}/1001/feed", {"message": "Bonjour"}).json()["id"]
    record = VendorRecord.objects.get()
    client.post(f"/bac-a-sable/facebook/{record.pk}/aimer/")
    client.post(f"/bac-a-sable/facebook/{record.pk}/commenter/", {"text": "Miam", "author": "Ana"})

    fields = "shares,comments.limit(0).summary(true),reactions.limit(0).summary(true)"
    read = client.get(f"{FACEBOOK}/{post}", {"fields": fields}, **BEARER).json()

    assert (read["comments"]["summary"]["total_count"], read["reactions"]["summary"]["total_count"]) == (1, 1)
    assert "shares" not in read
    comments = client.get(f"{FACEBOOK}/{post}/comments", **BEARER).json()["data"]
    assert [(comment["from"]["name"], comment["message"]) for comment in comments] == [("Ana", "Miam")]


def test_facebook_pages_through_what_was_published(client, post_json):
    for rank in range(3):
        post_json(f"{FACEBOOK}/1001/feed", {"message": f"Post {rank}"})

    first = client.get(f"{FACEBOOK}/1001/published_posts", {"limit": 2, "access_token": "jeton"}).json()
    second = client.get(first["paging"]["next"], **BEARER).json()

    assert [post["message"] for post in first["data"] + second["data"]] == ["Post 2", "Post 1", "Post 0"]
    assert "access_token" not in first["paging"]["next"]
    assert "next" not in second["paging"]


def test_facebook_forgets_a_deleted_post(client, post_json):
    post = post_json(f"{FACEBOOK}/1001/feed", {"message": "Bonjour"}).json()["id"]

    assert client.delete(f"{FACEBOOK}/{post}", **BEARER).json() == {"success": True}
    assert client.get(f"{FACEBOOK}/{post}", **BEARER).json()["error"]["error_subcode"] == 33


def test_facebook_refuses_an_unknown_field(client):
    answer = client.get(f"{FACEBOOK}/1001?fields=id,mot_de_passe", **BEARER)

    assert "nonexisting field (mot_de_passe)" in answer.json()["error"]["message"]


# --- Instagram --------------------------------------------------------------------------------------------------------


def container(post_json, **body):
    return post_json(f"{INSTAGRAM}/17/media", {"image_url": "https://e.fr/a.jpg", **body}).json()


def publish(post_json, creation_id):
    return post_json(f"{INSTAGRAM}/17/media_publish", {"creation_id": creation_id})


def test_instagram_shows_the_same_container_only_once(post_json, count):
    creation = container(post_json, caption="Plat")["id"]

    first, second = publish(post_json, creation), publish(post_json, creation)

    assert first.json() == second.json()
    assert count("instagram", "media") == 1


@pytest.mark.parametrize(
    ("body", "code", "subcode"),
    [
        ({"image_url": ""}, 100, None),
        ({"image_url": "pas une adresse"}, 9004, 2207052),
        ({"caption": "a" * 2201}, 36004, 2207010),
        ({"caption": "#a " * 31}, 36004, 2207010),
        ({"media_type": "CAROUSEL", "children": "1"}, 100, 2207028),
        ({"media_type": "CAROUSEL", "children": "1,2"}, 100, 2207023),
        ({"media_type": "STORIES"}, 100, 2207023),
    ],
)
def test_instagram_refuses_a_container(post_json, count, body, code, subcode):
    error = container(post_json, **body)["error"]

    assert (error["code"], error.get("error_subcode")) == (code, subcode)
    assert count("instagram", "container") == 0


def test_instagram_refuses_to_show_what_is_not_ready_or_not_there(post_json):
    slow = container(post_json, image_url="https://e.fr/lent.jpg")["id"]

    assert publish(post_json, slow).json()["error"]["error_subcode"] == 2207027
    assert publish(post_json, "123").json()["error"]["error_subcode"] == 2207006


def test_instagram_lets_containers_expire_after_a_day(client, post_json):
    creation = container(post_json)["id"]
    VendorRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert client.get(f"{INSTAGRAM}/{creation}?fields=status_code", **BEARER).json()["status_code"] == "EXPIRED"


def test_instagram_s_quota_is_counted_for_real(client, post_json, monkeypatch):
    monkeypatch.setattr(Instagram, "published_per_day", 2)
    published = [publish(post_json, container(post_json)["id"]) for _ in range(3)]

    limit = client.get(f"{INSTAGRAM}/17/content_publishing_limit?fields=quota_usage,config", **BEARER).json()

    assert [answer.status_code for answer in published] == [200, 200, 403]
    assert published[2].json()["error"]["error_subcode"] == 2207042
    assert limit == {"data": [{"quota_usage": 2, "config": {"quota_total": 2, "quota_duration": 86_400}}]}


def test_instagram_mistakes_no_word_for_slow(client, post_json):
    creation = container(post_json, image_url="https://e.fr/saint-valentin-excellent.jpg")["id"]

    assert client.get(f"{INSTAGRAM}/{creation}?fields=status_code", **BEARER).json()["status_code"] == "FINISHED"


# --- X ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Bonjour", 7),
        ("é" * 280, 280),
        ("€…", 4),
        ("voir https://levieuxmoulin.fr/une/tres/longue/adresse?avec=des&choses=dedans", 28),
        ("levieuxmoulin.fr/menu/une-adresse-bien-plus-longue-que-23-signes", 23),
        ("👨‍👩‍👧‍👦", 2),
        ("日本", 4),
    ],
)
def test_x_weighs_texts_as_twitter_text_does(text, expected):
    assert weight(text) == expected


def test_x_shortens_links_and_says_how_to_undo_it():
    text, entities = shorten_links("La carte : https://levieuxmoulin.fr/carte. À bientôt")

    assert text == f"La carte : {entities[0]['url']}. À bientôt"
    assert entities[0]["expanded_url"] == "https://levieuxmoulin.fr/carte"
    assert text[entities[0]["start"] : entities[0]["end"]] == entities[0]["url"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"text": "é" * 281}, 403, 186),
        ({"text": ""}, 400, None),
        ({"text": "a", "media": {"media_ids": ["1"]}}, 400, 324),
        ({"text": "a", "media": {"media_ids": list("12345")}}, 400, None),
    ],
)
def test_x_refuses_a_post(post_json, count, body, status, code):
    answer = post_json(f"{X}/tweets", body)

    assert (answer.status_code, answer.json()["errors"][0].get("code")) == (status, code)
    assert count("x", "post") == 0


def test_x_refuses_a_duplicate_from_the_same_user_only(post_json):
    other = {"HTTP_AUTHORIZATION": "Bearer autre-jeton"}

    answers = [post_json(f"{X}/tweets", {"text": "Bonjour"}, **headers) for headers in (BEARER, BEARER, other)]

    assert [answer.status_code for answer in answers] == [201, 403, 201]
    assert answers[1].json()["errors"][0]["code"] == 187


def test_x_lets_a_text_come_back_after_a_day(post_json):
    post_json(f"{X}/tweets", {"text": "Plat du jour"})
    VendorRecord.objects.update(created_at=timezone.now() - timedelta(hours=25))

    assert post_json(f"{X}/tweets", {"text": "Plat du jour"}).status_code == 201


def test_x_limits_posts_and_says_until_when(post_json, monkeypatch):
    monkeypatch.setattr(PlayedX, "posts_per_window", 2)

    answers = [post_json(f"{X}/tweets", {"text": f"Post {rank}"}) for rank in range(3)]

    assert [answer.status_code for answer in answers] == [201, 201, 429]
    assert [answer["x-rate-limit-remaining"] for answer in answers] == ["1", "0", "0"]
    assert int(answers[2]["x-rate-limit-reset"]) > timezone.now().timestamp()


def test_x_tells_a_missing_post_beside_the_others(client, post_json):
    number = post_json(f"{X}/tweets", {"text": "Bonjour"}).json()["data"]["id"]

    answer = client.get(f"{X}/tweets?ids={number},123&tweet.fields=public_metrics", **BEARER).json()

    assert [post["id"] for post in answer["data"]] == [number]
    assert answer["data"][0]["public_metrics"]["like_count"] == 0
    assert [error["resource_id"] for error in answer["errors"]] == ["123"]
    assert client.get(f"{X}/tweets/123", **BEARER).status_code == 404


def test_x_deletes_only_one_s_own_posts(client, post_json):
    number = post_json(f"{X}/tweets", {"text": "Bonjour"}).json()["data"]["id"]

    assert client.delete(f"{X}/tweets/{number}", HTTP_AUTHORIZATION="Bearer autre").status_code == 403
    assert client.delete(f"{X}/tweets/{number}", **BEARER).json() == {"data": {"deleted": True}}


# --- SendGrid ---------------------------------------------------------------------------------------------------------


def test_sendgrid_accepts_with_an_empty_answer_and_an_id(post_json):
    answer = post_json(f"{SENDGRID}/mail/send", mail("a@e.fr", "b@e.fr"), **KEY)

    assert (answer.status_code, answer.content) == (202, b"")
    ids = VendorRecord.objects.values_list("external_id", flat=True)
    assert {name.partition(".")[0] for name in ids} == {answer["X-Message-Id"]}


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (mail("a@e.fr", "pas-une-adresse"), "personalizations.1.to.0.email"),
        (mail(), "personalizations"),
        (mail(*[f"a{n}@e.fr" for n in range(1001)]), "personalizations"),
        (mail("a@e.fr", subject=""), "personalizations.0.subject"),
        (mail("a@e.fr", content=[]), "content"),
        (mail("a@e.fr", content=[{"type": "text/html", "value": ""}]), "content.0.value"),
        (mail("a@e.fr", **{"from": {"email": "x"}}), "from.email"),
        (mail("a@e.fr", headers={"Subject": "x"}), "headers.Subject"),
        (mail("a@e.fr", personalizations=[{"to": [{"email": "a@e.fr"}], "custom_args": {"n": 1}}]), None),
        (
            mail("a@e.fr", personalizations=[{"to": [{"email": "a@e.fr"}], "substitutions": {"-a-": "x" * 10_001}}]),
            "personalizations.0.substitutions",
        ),
    ],
)
def test_sendgrid_refuses_all_of_a_call_and_names_the_field(post_json, count, body, field):
    answer = post_json(f"{SENDGRID}/mail/send", body, **KEY)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, field)
    assert count("sendgrid", "mail") == 0


def test_sendgrid_only_validates_in_its_own_sandbox_mode(post_json, count):
    body = mail("a@e.fr", mail_settings={"sandbox_mode": {"enable": True}})

    assert post_json(f"{SENDGRID}/mail/send", body, **KEY).status_code == 200
    assert count("sendgrid", "mail") == 0


def test_sendgrid_takes_a_thousand_mails_beyond_django_s_own_limit(post_json, count):
    envelopes = [{"to": [{"email": f"a{rank}@e.fr"}], "substitutions": {"-t-": "x" * 5000}} for rank in range(1000)]

    answer = post_json(f"{SENDGRID}/mail/send", mail(personalizations=envelopes), **KEY)

    assert (answer.status_code, count("sendgrid", "mail")) == (202, 1000)


# --- Twilio -----------------------------------------------------------------------------------------------------------


def sms(client, **changes):
    body = {"To": "+33610000002", "From": "VieuxMoulin", "Body": "Bonjour", **changes}
    return client.post(f"{TWILIO}/{SID}/Messages.json", {name: value for name, value in body.items() if value}, **BASIC)


def test_twilio_queues_a_message_then_tells_it_was_delivered(client):
    created = sms(client)

    read = client.get(f"{TWILIO}/{SID}/Messages/{created.json()['sid']}.json", **BASIC).json()

    assert (created.status_code, created.json()["status"], created.json()["num_segments"]) == (201, "queued", "1")
    assert (read["status"], read["body"]) == ("delivered", "Bonjour")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"To": ""}, 21604),
        ({"To": "0610000002"}, 21211),
        ({"To": "+33610000001"}, 21211),
        ({"From": ""}, 21603),
        ({"From": "LeVieuxMoulin"}, 21212),
        ({"Body": ""}, 21602),
        ({"Body": "a" * 1601}, 21617),
    ],
)
def test_twilio_refuses_with_its_codes(client, count, changes, code):
    answer = sms(client, **changes)

    assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert count("twilio", "sms") == 0


def test_twilio_reads_no_json(post_json):
    answer = post_json(f"{TWILIO}/{SID}/Messages.json", {"To": "+33610000002"}, **BASIC)

    assert answer.json()["code"] == 21604


def test_twilio_lists_by_number_and_by_day(client):
    sms(client)
    sms(client, To="+33610000003")
    old = VendorRecord.objects.get(account_id="+33610000002")
    VendorRecord.objects.filter(pk=old.pk).update(created_at=timezone.now() - timedelta(days=3))
    today = timezone.now().date()

    def numbers(**query):
        found = client.get(f"{TWILIO}/{SID}/Messages.json", query, **BASIC).json()["messages"]
        return [message["to"] for message in found]

    assert numbers(To="+33610000002") == ["+33610000002"]
    assert numbers(**{"DateSent>": today.isoformat()}) == ["+33610000003"]
    assert numbers(**{"DateSent<": (today - timedelta(days=2)).isoformat()}) == ["+33610000002"]
    assert numbers(DateSent=today.isoformat()) == ["+33610000003"]


@pytest.mark.parametrize(
    ("text", "expected"), [("a" * 160, 1), ("a" * 161, 2), ("ê" * 70, 1), ("ê" * 71, 2), ("€" * 80, 1)]
)
def test_twilio_counts_the_parts_of_an_sms(text, expected):
    assert segments(text) == expected


# --- HubRise ----------------------------------------------------------------------------------------------------------


def test_hubrise_gives_references_back_as_ids(post_json, client):
    post_json(f"{HUBRISE}/catalogs/c1", {"name": "Carte", "data": CATALOG}, "put", **HUB)

    data = client.get(f"{HUBRISE}/catalogs/c1", **HUB).json()["data"]

    product, category, cooking = data["products"][0], data["categories"][0], data["option_lists"][0]
    assert product["category_id"] == category["id"]
    assert product["skus"][0]["option_list_ids"] == [cooking["id"]]
    assert (cooking["type"], category["parent_id"]) == ("single", None)
    assert "category_ref" not in product
    assert "option_list_refs" not in product["skus"][0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"products": [{"name": "B", "category_ref": "plats", "skus": []}]}, "data.products[0].skus"),
        (
            {"products": [{"name": "B", "category_ref": "x", "skus": [{"price": "1.00 EUR"}]}]},
            "data.products[0].category_ref",
        ),
        (
            {"products": [{"name": "B", "category_ref": "plats", "skus": [{"price": 9}]}]},
            "data.products[0].skus[0].price",
        ),
        ({"categories": [{"ref": "plats", "name": "A"}, {"ref": "plats", "name": "B"}]}, "data.categories[1].ref"),
        ({"option_lists": [{"ref": "cuisson", "name": "C", "options": []}]}, "data.option_lists[0].options"),
        ({"inconnu": []}, "data.inconnu"),
        ({"deals": [{"lines": [{"skus": [{"ref": "rien"}]}]}]}, "data.deals[0].lines"),
    ],
)
def test_hubrise_refuses_a_catalog_and_names_the_field(post_json, count, change, field):
    answer = post_json(f"{HUBRISE}/catalogs/c1", {"data": {**CATALOG, **change}}, "put", **HUB)

    assert (answer.status_code, answer.json()["error_type"]) == (422, "unprocessable_entity")
    assert field in [problem["field"] for problem in answer.json()["errors"]]
    assert count("hubrise", "catalog") == 0


def test_hubrise_s_inventory_is_overwritten_or_changed_and_outlives_the_catalog(post_json, client):
    inventory = f"{HUBRISE}/catalogs/c1/location/inventory"
    post_json(inventory, [{"sku_ref": "burger", "stock": "0"}, {"sku_ref": "tarte", "stock": "2"}], "put", **HUB)
    post_json(inventory, [{"sku_ref": "burger", "stock": None}, {"option_ref": "rose", "stock": "0"}], "patch", **HUB)
    post_json(f"{HUBRISE}/catalogs/c1", {"data": CATALOG}, "put", **HUB)

    found = client.get(inventory, **HUB).json()

    assert found == [{"sku_ref": "tarte", "stock": "2"}, {"option_ref": "rose", "stock": "0"}]


@pytest.mark.parametrize(
    "line", [{"stock": "1"}, {"sku_ref": "a", "option_ref": "b", "stock": "1"}, {"sku_ref": "a", "stock": 1}]
)
def test_hubrise_refuses_a_bad_line_of_inventory(post_json, line):
    assert post_json(f"{HUBRISE}/catalogs/c1/location/inventory", [line], "put", **HUB).status_code == 422
