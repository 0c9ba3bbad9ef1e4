"""What the tests of each sending service share: its recorded payloads, and a network that answers as told."""

import json
import pathlib
from datetime import UTC, datetime

import pytest
import responses

from notifications.connectors.base import WebhookRequest

PAYLOADS = pathlib.Path(__file__).resolve().parent.parent / "payloads"
# A little after the dates in the payloads.
NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)


def payload(name):
    """A recorded payload, its very bytes."""
    return (PAYLOADS / name).read_bytes()


def payload_json(name):
    return json.loads(payload(name))


def hook(body=b"", **changes):
    """A call of a service, received a little after what it tells."""
    fields = {"url": "https://moulin.example/webhooks/envois/x/", "body": body, "received_at": NOW}
    return WebhookRequest(**{**fields, **changes})


@pytest.fixture(autouse=True)
def real_addresses(settings):
    settings.SANDBOX, settings.CONNECTOR_ENV = False, {}


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
