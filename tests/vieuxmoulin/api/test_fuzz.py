"""Whatever is sent: a clear answer, never a failure of ours, and the shape that the schema promises."""

import json
import os

import pytest
import schemathesis
from django.core import signals
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.factories import (
    AccountFactory,
    CampaignFactory,
    ContactFactory,
    DestinationFactory,
    ItemFactory,
    MessageTemplateFactory,
    ProviderFactory,
    PublicationFactory,
)
from vieuxmoulin.wsgi import application

SCHEMA = schemathesis.openapi.from_dict(SchemaGenerator().get_schema(request=None, public=True))
SCHEMA.app = application
OPERATIONS = {found.ok().label: found.ok() for found in SCHEMA.get_all_operations()}
CHECKS = (not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance)
# Examples share the rows of one test: what one wrote is there for the next, as in life.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "10"))
FUZZ = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
# Any request that can be written there fits the schema.
NEVER_WRONG = (
    "GET /api/communication/status",
    "GET /api/communication/events",
    "GET /api/communication/publications/{key}",
)
POSTS = ("/publish", "/notify", "/campaigns", "/contacts", "/contents", "/menus", "/webhook-endpoints", "/webhook")
NAMES = ["content", "title", "body", "platforms", "recipients", "template", "channels", "data", "menu", "phases", "id",
         "name", "start_date", "categories", "items", "event", "source", "payload", "timestamp", "consents", "url"]  # fmt: skip
VALUES = ["facebook", "email", "promotion", "all", "2030-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "\x00", "é" * 400,
          "fb_0", "tag:", "+33612345678", "a@b.fr", "{{#if", "http://[::1", "draft", "\u202e"]  # fmt: skip


@pytest.fixture
def kept_connection():
    """The end of a request would close the connection that holds the transaction of the test."""
    signals.request_started.disconnect(close_old_connections)
    signals.request_finished.disconnect(close_old_connections)
    yield
    signals.request_started.connect(close_old_connections)
    signals.request_finished.connect(close_old_connections)


@pytest.fixture
def house(db, kept_connection, monkeypatch):
    """A house with one of everything, that nothing slows down and that never looks a name up."""
    monkeypatch.setattr("integrations.services.outbound.check_public_url", lambda url: None)
    monkeypatch.setattr("vieuxmoulin.api.throttling.ClientThrottle.allow_request", lambda *args: True)
    for platform in ("facebook", "instagram", "x"):
        AccountFactory(platform=platform)
    ProviderFactory()
    MessageTemplateFactory(slug="promotion")
    ContactFactory()
    ItemFactory()
    DestinationFactory()
    PublicationFactory()
    CampaignFactory(status="active")


@pytest.mark.parametrize(
    ("label", "mode"),
    [
        (label, mode)
        for label in sorted(OPERATIONS)
        for mode in GenerationMode
        if mode is GenerationMode.POSITIVE or label not in NEVER_WRONG
    ],
)
def test_any_request_gets_an_answer_of_the_schema(label, mode, house, api):
    operation = OPERATIONS[label]

    @FUZZ
    @given(case=operation.as_strategy(generation_mode=mode))
    def check(case):
        case.call_and_validate(headers=api.headers, checks=CHECKS)

    check()


soup = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.sampled_from(VALUES),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=8), inner, max_size=5),
    max_leaves=25,
)  # fmt: skip


@pytest.mark.parametrize("path", POSTS)
def test_any_json_gets_a_clear_answer(path, house, api):
    @settings(FUZZ, max_examples=6 * EXAMPLES)
    @given(document=soup)
    def check(document):
        answer = api.post(path, json.dumps(document).encode(), X_Webhook_Secret="tests-only-webhook-secret-0123456789")

        assert answer.status_code < 500, answer.content
        if answer.status_code >= 400:
            assert answer["Content-Type"] == "application/problem+json"
            assert answer.json()["detail"]

    check()


@pytest.mark.parametrize("path", POSTS)
def test_any_bytes_get_a_clear_answer(path, house, api):
    @FUZZ
    @given(body=st.binary(max_size=60))
    def check(body):
        answer = api.post(path, body, X_Webhook_Secret="tests-only-webhook-secret-0123456789")

        assert 400 <= answer.status_code < 500
        assert answer["Content-Type"] == "application/problem+json"

    check()
