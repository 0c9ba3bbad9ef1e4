"""An answer of another shape than agreed is the vendor's fault: it is told as such, and nothing crashes."""

import copy
import json

import pytest
import responses

from integrations.answers import BAD_ANSWER
from integrations.errors import OutcomeUnknown, TransientError
from integrations.http import HttpClient

URL = "https://api.example.com/posts"


@pytest.fixture
def api():
    with responses.RequestsMock() as mock:
        yield mock


@pytest.mark.parametrize(
    ("method", "options", "kind"),
    [("POST", {}, OutcomeUnknown), ("GET", {}, TransientError), ("POST", {"creates": False}, TransientError)],
)
def test_what_an_answer_lacks_is_told_by_what_the_call_may_have_done(api, method, options, kind):
    api.add(method, URL, json={"version": 2, "result": {"status": 200}})

    answer = HttpClient("example").request(method, URL, token="s3cret-token", **options).json()

    with pytest.raises(kind) as caught:
        answer["result"]["id"]
    assert isinstance(caught.value, KeyError)
    assert (caught.value.code, str(caught.value)) == (
        BAD_ANSWER,
        "« example » répond sous une forme inattendue : il y manque « id ».",
    )


def test_our_secrets_stay_out_of_what_is_kept_of_it(api):
    api.add("POST", URL, json={"echo": "s3cret-token"})

    answer = HttpClient("example").post(URL, token="s3cret-token").json()

    with pytest.raises(OutcomeUnknown) as caught:
        answer["id"]
    assert "s3cret-token" not in caught.value.vendor_answer
    assert "echo" in caught.value.vendor_answer


def test_no_half_of_a_secret_stays_where_the_answer_is_cut(api):
    api.add("POST", URL, json={"echo": "x" * 1_980 + "s3cret-token"})

    with pytest.raises(OutcomeUnknown) as caught:
        HttpClient("example").post(URL, token="s3cret-token").json()["id"]
    assert "s3c" not in caught.value.vendor_answer


def test_otherwise_it_is_plain_data(api):
    said = {"id": 1, "items": [{"name": "a"}]}
    api.add("GET", URL, json=said)

    answer = HttpClient("example").get(URL).json()

    assert answer == said
    assert (answer.get("nothing"), "nothing" in answer, answer["items"][0].get("x", 3)) == (None, False, 3)
    assert json.loads(json.dumps(answer)) == said
    assert type(copy.deepcopy(answer)) is dict
