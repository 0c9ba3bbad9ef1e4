import json
from datetime import UTC, datetime

import pytest
import requests
import responses
from structlog.testing import capture_logs

from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from integrations.http import HttpClient, parse_retry_after

URL = "https://api.vendor.test/v1/posts"
TOKEN = "s3cret-token-0123456789"


@pytest.fixture
def api():
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def client():
    return HttpClient("vendor")


def everything(error):
    """All the text an error can leak, its chained causes included."""
    texts = []
    while error is not None:
        texts.append(f"{error} {error!r} {vars(error)}")
        error = error.__cause__ or error.__context__
    return " ".join(texts)


def test_a_success_is_returned_and_carries_the_token(api, client):
    api.post(URL, json={"id": "1"}, status=201)

    answer = client.post(URL, json={"text": "Bonjour"}, token=TOKEN, params={"a": "1"})

    assert answer.json() == {"id": "1"}
    sent = api.calls[0].request
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}"
    assert sent.url == f"{URL}?a=1"
    assert json.loads(sent.body) == {"text": "Bonjour"}


def test_raw_content_basic_auth_and_headers_are_sent(api, client):
    api.put(URL)

    client.put(URL, content=b"\x00\x01", auth=("AC1", "pass"), headers={"Content-Type": "image/png"})

    sent = api.calls[0].request
    assert sent.body == b"\x00\x01"
    assert sent.headers["Authorization"] == "Basic QUMxOnBhc3M="
    assert sent.headers["Content-Type"] == "image/png"


@pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete"])
def test_every_verb_has_its_shortcut(api, client, method):
    api.add(method.upper(), URL, json={})

    getattr(client, method)(URL)

    assert api.calls[0].request.method == method.upper()


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, ContentRejected),
        (401, AccountDisconnected),
        (402, PermanentError),
        (403, PermanentError),
        (404, PermanentError),
        (405, PermanentError),
        (408, TransientError),
        (409, PermanentError),
        (410, PermanentError),
        (413, ContentRejected),
        (415, ContentRejected),
        (418, PermanentError),
        (422, ContentRejected),
        (425, TransientError),
        (429, RateLimited),
        (500, TransientError),
        (501, TransientError),
        (502, TransientError),
        (503, TransientError),
        (504, TransientError),
        (529, TransientError),
    ],
)
def test_each_status_has_one_class(api, client, status, error):
    api.get(URL, json={"error": f"refused {TOKEN} for jeanne@exemple.fr"}, status=status)

    with pytest.raises(error) as caught:
        client.get(URL, token=TOKEN)

    assert type(caught.value) is error
    assert caught.value.code == str(status)
    assert caught.value.vendor_answer == '{"error": "refused ••• for •••"}'
    assert "« vendor »" in str(caught.value)
    assert TOKEN not in everything(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (500, "", OutcomeUnknown),
        (502, "<html>Bad gateway</html>", OutcomeUnknown),
        (503, "[1]", OutcomeUnknown),
        (503, '{"error": {"code": 2}}', TransientError),
        (504, '{"message": "Endpoint request timed out"}', OutcomeUnknown),
    ],
)
def test_a_creation_that_fails_without_the_vendors_word_is_unknown(api, client, status, body, error):
    api.post(URL, body=body, status=status)

    with pytest.raises(error) as caught:
        client.post(URL)

    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("method", "creates", "error"), [("POST", False, TransientError), ("PUT", True, OutcomeUnknown)]
)
def test_the_caller_says_whether_a_call_creates(api, client, method, creates, error):
    api.add(method, URL, body="", status=502)

    with pytest.raises(error):
        client.request(method, URL, creates=creates)


@pytest.mark.parametrize(
    ("failure", "created", "read"),
    [
        (requests.ConnectTimeout("slow"), TransientError, TransientError),
        (requests.exceptions.ProxyError("proxy"), TransientError, TransientError),
        (requests.ReadTimeout("slow"), OutcomeUnknown, TransientError),
        (requests.ConnectionError("reset"), OutcomeUnknown, TransientError),
        (requests.exceptions.ChunkedEncodingError("cut"), OutcomeUnknown, TransientError),
        (requests.exceptions.ContentDecodingError("gzip"), OutcomeUnknown, TransientError),
        (requests.exceptions.InvalidURL("bad"), PermanentError, PermanentError),
        (OSError("no CA bundle"), PermanentError, PermanentError),
    ],
)
def test_a_broken_line_has_one_class(api, client, failure, created, read):
    api.post(URL, body=failure)
    api.get(URL, body=failure)

    with pytest.raises(created):
        client.post(URL)
    with pytest.raises(read):
        client.get(URL)


def test_no_error_text_holds_a_secret_even_in_its_causes(api, client):
    api.post(
        URL, body=requests.ConnectionError(f"reset at {URL}?access_token=q-secret-1 header {TOKEN} body b-secret-2")
    )

    with pytest.raises(OutcomeUnknown) as caught:
        client.post(
            URL,
            token=TOKEN,
            params={"access_token": "q-secret-1"},
            json={"client_secret": "b-secret-2"},
            secrets=["reset"],
        )

    told = everything(caught.value)
    assert "ConnectionError" in told
    assert not [secret for secret in (TOKEN, "q-secret-1", "b-secret-2", "reset") if secret in told]


@pytest.mark.parametrize("token", ["bad\ntoken-0123456789", "jeton-à-accent-é€"])
def test_a_token_that_cannot_be_a_header_is_a_permanent_error_that_hides_it(client, token):
    with pytest.raises(PermanentError) as caught:
        client.get("http://127.0.0.1:9/", token=token)

    assert caught.value.code == "bad_request_setup"
    assert token not in everything(caught.value)


def test_the_client_hides_what_it_holds(client):
    assert repr(client) == "<HttpClient vendor>"


# --- Classifier -------------------------------------------------------------------------------------------------------
def test_the_vendors_words_come_before_the_table(api):
    def classify(response):
        if response.json()["code"] == 21211:
            return InvalidRecipient(f"Numéro inconnu ({TOKEN}).", code="21211")
        return None

    client = HttpClient("vendor", classify=classify)
    api.post(URL, json={"code": 21211}, status=400)

    with pytest.raises(InvalidRecipient) as caught:
        client.post(URL, token=TOKEN)

    assert str(caught.value) == "Numéro inconnu (•••)."
    assert (caught.value.code, caught.value.vendor_answer) == ("21211", '{"code": 21211}')


def test_without_the_vendors_words_the_table_decides(api):
    client = HttpClient("vendor", classify=lambda response: None)
    api.get(URL, status=401)

    with pytest.raises(AccountDisconnected):
        client.get(URL)


def test_a_classifier_that_stumbles_leaves_the_table_to_decide(api):
    client = HttpClient("vendor", classify=lambda response: response.json()["error"])
    api.get(URL, body="<html>", status=403)

    with capture_logs() as logs, pytest.raises(PermanentError):
        client.get(URL)

    assert [line["error"] for line in logs if line["event"] == "classifier_failed"] == ["JSONDecodeError"]


def test_a_success_is_only_inspected_when_the_classifier_asks(api):
    def classify(response):
        return None if response.json()["ok"] else ContentRejected("Refusé.")

    api.get(URL, json={"ok": False})
    assert HttpClient("vendor", classify=classify).get(URL).status_code == 200

    classify.inspects_success = True
    with pytest.raises(ContentRejected, match="Refusé"):
        HttpClient("vendor", classify=classify).get(URL)


# --- Retry-After ------------------------------------------------------------------------------------------------------
NOW = datetime(2026, 11, 25, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 1.5 ", 1.5),
        ("0", 0.0),
        ("Wed, 25 Nov 2026 12:01:30 GMT", 90.0),
        ("Wed, 25 Nov 2026 11:00:00 GMT", 0.0),
        ("Wed, 25 Nov 2026 12:01:30", 90.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("1e999", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_in_both_forms(value, seconds):
    assert parse_retry_after(value, NOW) == seconds


@pytest.mark.parametrize(("status", "error"), [(429, RateLimited), (503, TransientError)])
def test_retry_after_reaches_the_error(api, client, status, error):
    api.get(URL, status=status, headers={"Retry-After": "37"})

    with pytest.raises(error) as caught:
        client.get(URL)

    assert caught.value.retry_after_seconds == 37.0


def test_the_classifiers_own_wait_is_kept(api):
    client = HttpClient("vendor", classify=lambda response: RateLimited("Attendre.", retry_after_seconds=5))
    api.get(URL, status=429, headers={"Retry-After": "37"})

    with pytest.raises(RateLimited) as caught:
        client.get(URL)

    assert caught.value.retry_after_seconds == 5
