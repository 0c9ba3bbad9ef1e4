"""The sandbox reached as our connectors reach it: over real HTTP."""

import gc
import json
import threading

import pytest

from integrations import http, lanes
from integrations.sandbox.models import VendorRecord

FACEBOOK = "/bac-a-sable/api/facebook/v25.0"
INSTAGRAM = "/bac-a-sable/api/instagram/v25.0"
X = "/bac-a-sable/api/x/2"
SENDGRID = "/bac-a-sable/api/sendgrid/v3"
TWILIO = "/bac-a-sable/api/twilio/2010-04-01/Accounts"
HUBRISE = "/bac-a-sable/api/hubrise"
BEARER = {"HTTP_AUTHORIZATION": "Bearer jeton"}


@pytest.fixture
def vendors(live_server, settings):
    """Our connectors talk to the sandbox of a live server, and give up quickly."""
    settings.CONNECTOR_ENV = {}
    settings.SANDBOX, settings.SANDBOX_URL = True, f"{live_server.url}/bac-a-sable/api"
    settings.HTTP_READ_TIMEOUT = 5
    yield live_server
    # Its threads share our database connection, and wait for the next call as long as our pool keeps the line open.
    session = getattr(http._per_thread, "session", None)
    if session is not None:
        session.close()
    # The lines of the threads that sent a batch are closed with their sessions.
    lanes.close()
    gc.collect()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(5)


@pytest.fixture
def post_json(client):
    """POST a JSON body with a token; other methods by name."""

    def send(path, body, method="post", **headers):
        call = getattr(client, method)
        return call(path, json.dumps(body), content_type="application/json", **(headers or BEARER))

    return send


@pytest.fixture
def count():
    """How many things a vendor has of one kind."""
    return lambda vendor, kind: VendorRecord.objects.filter(vendor=vendor, kind=kind).count()
