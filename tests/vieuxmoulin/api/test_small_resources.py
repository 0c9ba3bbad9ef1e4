"""Status, contents, templates, outbound webhooks, and addresses that lead nowhere."""

import pytest

from campaigns.models import Content
from integrations.models import WebhookEndpoint
from notifications.models import MessageTemplate
from tests.factories import CampaignFactory, ContentFactory, MessageTemplateFactory, WebhookEndpointFactory

HERE = "http://127.0.0.1:8000/hook"


def test_the_status_tells_queues_pulses_and_counts(api):
    CampaignFactory(status="active")

    body = api.get("/status").json()

    assert body["status"] == "degraded"
    assert body["heartbeats"]["beat"] == {"seen_at": None, "is_alive": False}
    assert body["queues"]["publish"] == {"waiting": 0, "due": 0, "stuck": 0}
    assert body["campaigns"] == {"active": 1}


def test_a_content_is_kept_for_later(api):
    answer = api.post(
        "/contents",
        {
            "title": "Promotion",
            "media_urls": ["https://example.com/a.jpg"],
            "alt_texts": ["Une pizza"],
            "hashtags": ["#pizza"],
            "variations": {"twitter": {"body": "Court."}},
        },
    )

    body = answer.json()
    assert answer.status_code == 201
    assert body["hashtags"] == ["pizza"]
    assert body["media"] == [{"url": "https://example.com/a.jpg", "kind": "image", "alt_text": "Une pizza"}]
    assert body["variations"] == [{"platform": "x", "title": "", "body": "Court."}]
    assert api.get(f"/contents/{body['id']}").json() == body


def test_an_empty_content_is_refused(api):
    answer = api.post("/contents", {})

    assert (answer.status_code, answer.json()["problems"][0]["field"]) == (422, "content.body")
    assert Content.objects.count() == 0


def test_contents_are_listed_in_four_queries(api, django_assert_num_queries):
    for _ in range(3):
        ContentFactory()

    with django_assert_num_queries(4):
        assert len(api.get("/contents").json()["results"]) == 3


def test_templates_tell_what_they_expect(api):
    old = MessageTemplateFactory(slug="promotion", is_current=False)
    MessageTemplateFactory(slug="promotion", version=2, push_body="")

    rows = api.get("/templates").json()["results"]

    assert MessageTemplate.objects.count() == 2
    assert [(row["template"], row["version"]) for row in rows] == [("promotion", old.version + 1)]
    assert rows[0]["channels"] == ["email", "sms"]
    assert rows[0]["expects"] == {"email": ["promo_title"], "sms": ["promo_title"]}


def test_an_endpoint_shows_its_secret_once(api):
    made = api.post("/webhook-endpoints", {"url": HERE, "events": ["publication_success", "campaign_started"]})

    shown = api.get(f"/webhook-endpoints/{made.json()['id']}")

    assert made.status_code == 201
    assert made.json()["secret"].startswith("whsec_")
    assert shown.json()["events"] == ["campaign_started", "publication_success"]
    assert "secret" not in shown.json()
    assert made.json()["secret"] not in api.get("/webhook-endpoints").content.decode()


def test_an_address_that_has_a_secret_gets_no_other(api):
    api.post("/webhook-endpoints", {"url": HERE, "events": ["publication_success"]})

    again = api.post("/webhook-endpoints", {"url": HERE, "events": ["*"]})

    assert again.json()["secret"] is None
    assert WebhookEndpoint.objects.get().events == ["*", "publication_success"]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"url": HERE, "events": ["inconnu"]}, 400),
        ({"url": HERE, "events": []}, 400),
        ({"url": "pas une adresse", "events": ["*"]}, 400),
        ({"url": "http://192.168.1.10/hook", "events": ["*"]}, 422),
        ({"events": ["*"]}, 400),
    ],
)
def test_a_bad_endpoint_is_refused(api, body, status):
    assert api.post("/webhook-endpoints", body).status_code == status
    assert WebhookEndpoint.objects.count() == 0


def test_an_endpoint_can_be_removed(api):
    row = WebhookEndpointFactory()

    assert api.delete(f"/webhook-endpoints/{row.pk}").status_code == 204
    assert api.delete(f"/webhook-endpoints/{row.pk}").status_code == 404
    assert WebhookEndpoint.objects.count() == 0


@pytest.mark.parametrize("path", ["/", "/nulle-part", "/campaigns/7", "/publish/1/2"])
def test_an_unknown_address_is_a_problem_document(api, path):
    answer = api.get(path)

    assert (answer.status_code, answer["Content-Type"]) == (404, "application/problem+json")


def test_a_method_that_is_not_admitted_says_so(api):
    answer = api.get("/publish")

    assert answer.status_code == 405
    assert answer["Allow"] == "POST, OPTIONS"
    assert answer["Content-Type"] == "application/problem+json"
