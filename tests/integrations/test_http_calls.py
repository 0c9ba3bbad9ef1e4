"""What surrounds a call: redirects, its log line, its correlation id."""

import re

import pytest
import requests
import responses
import structlog
from structlog.testing import capture_logs

from integrations.errors import OutcomeUnknown, PermanentError
from integrations.http import HttpClient

URL = "https://api.vendor.test/v1/posts"
TOKEN = "s3cret-token-0123456789"


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def client():
    return HttpClient("vendor")


# --- Redirects --------------------------------------------------------------------------------------------------------
def test_a_get_follows_a_redirect_on_the_same_host(api, client):
    api.get(URL, status=302, headers={"Location": "/v2/posts?page=2"})
    api.get("https://api.vendor.test/v2/posts", json={"id": "2"})

    assert client.get(URL, token=TOKEN, params={"a": "1"}).json() == {"id": "2"}
    assert api.calls[1].request.url == "https://api.vendor.test/v2/posts?page=2"


@pytest.mark.parametrize(
    "location",
    [
        "https://evil.test/",
        "http://api.vendor.test/v1/posts",
        "https://api.vendor.test:8443/",
        "//evil.test/",
        "ftp://x/",
    ],
)
def test_credentials_do_not_follow_a_redirect_elsewhere(api, client, location):
    api.get(URL, status=307, headers={"Location": location})

    with pytest.raises(PermanentError, match="renvoie vers une autre adresse"):
        client.get(URL, token=TOKEN)

    assert len(api.calls) == 1


def test_a_post_follows_no_redirect(api, client):
    api.post(URL, status=303, headers={"Location": "/v1/posts/1"})

    with pytest.raises(PermanentError):
        client.post(URL)

    assert len(api.calls) == 1


@pytest.mark.parametrize(("hops", "passes"), [(3, True), (4, False)])
def test_three_redirects_are_enough(api, client, hops, passes):
    for hop in range(hops):
        api.get(f"https://api.vendor.test/{hop}", status=302, headers={"Location": f"/{hop + 1}"})
    api.get(f"https://api.vendor.test/{hops}", json={})

    if passes:
        assert client.get("https://api.vendor.test/0").status_code == 200
    else:
        with pytest.raises(PermanentError):
            client.get("https://api.vendor.test/0")


@pytest.mark.parametrize("status", [304, 308])
def test_a_3xx_that_leads_nowhere_is_an_answer(api, client, status):
    api.put(URL, status=status)

    assert client.put(URL).status_code == status


# --- Log line and correlation -----------------------------------------------------------------------------------------
def test_each_call_leaves_one_line_without_its_secrets(api, client):
    api.get(re.compile(r"https://api\.vendor\.test/.*"), json={})

    with capture_logs() as logs:
        client.get("https://api.vendor.test/bot/path-secret/x?access_token=abc", secrets=["path-secret"])

    line = logs[0]
    assert len(logs) == 1
    assert isinstance(line.pop("duration_ms"), int)
    assert line == {
        "event": "http_call",
        "log_level": "info",
        "slug": "vendor",
        "method": "GET",
        "host": "api.vendor.test",
        "path": "/bot/•••/x",
        "status": 200,
    }


def test_a_lost_call_leaves_its_line_too(api, client):
    api.post(URL, body=requests.ReadTimeout("slow"))

    with capture_logs() as logs, pytest.raises(OutcomeUnknown):
        client.post(URL)

    assert [(line["log_level"], line["status"], line["error"]) for line in logs] == [("warning", None, "read_timeout")]


@pytest.mark.parametrize(("bound", "sent"), [("abc-123", "abc-123"), ("a\r\nX-Evil: 1", None), ("", None)])
def test_the_correlation_id_travels(api, client, bound, sent):
    api.get(URL)

    with structlog.contextvars.bound_contextvars(correlation_id=bound):
        client.get(URL)

    assert api.calls[0].request.headers.get("X-Correlation-ID") == sent
