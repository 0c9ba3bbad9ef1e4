"""Web Push: the cipher against the example of RFC 8291, the headers, whom we call, what services answer."""

import base64
import json
import uuid

import pytest
import requests
import responses
import time_machine
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from integrations import vapid
from integrations.errors import (
    AccountDisconnected,
    ContentRejected,
    InvalidRecipient,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from notifications.connectors._webpush_crypto import MAX_TEXT_BYTES, Keys, encrypt, vapid_token
from notifications.connectors.base import Access, Message
from notifications.connectors.webpush import WebPush, topic
from tests.notifications.connectors.conftest import NOW, payload, payload_json

PRIVATE, PUBLIC = vapid.new_keys()
ACCESS = Access(
    {"vapid_private_key": PRIVATE, "vapid_public_key": PUBLIC, "subject": "mailto:restaurant@levieuxmoulin.fr"}
)
ENDPOINT = payload_json("webpush/subscription.json")["endpoint"]
ID = "0193f0c0-0000-7000-8000-000000000001"
# Of the browser in RFC 8291, appendix A.
BROWSER_KEYS = Keys(
    *(vapid.decode(payload_json("webpush/subscription.json")["keys"][name]) for name in ("p256dh", "auth"))
)


def to(**changes):
    return json.dumps({**payload_json("webpush/subscription.json"), **changes})


def push(**changes):
    fields = {
        "id": ID,
        "to": payload("webpush/subscription.json").decode(),
        "subject": "Ce soir",
        "text": "Une table ?",
    }
    return Message(**{**fields, **changes})


def outcome_of(message=None, access=ACCESS):
    (outcome,) = WebPush().send_batch([message or push()], access)
    return outcome


def claims_of(header):
    """The claims of a VAPID header, after its signature was checked by the key beside it."""
    token, key = header.removeprefix("vapid t=").split(", k=")
    signed, _, signature = token.rpartition(".")
    raw = vapid.decode(signature)
    numbers = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), vapid.decode(key))
    public.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(SHA256()))
    return json.loads(vapid.decode(signed.split(".")[1]))


# --- ciphers ---------------------------------------------------------------------------------------------------------


def test_the_cipher_gives_the_example_of_rfc_8291():
    body = encrypt(
        b"When I grow up, I want to be a watermelon",
        BROWSER_KEYS,
        private=vapid.load_private("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"),
        salt=vapid.decode("DGv6ra1nlYgDCS1FRnbzlw"),
    )

    assert vapid.encode(body) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl"
        "7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )


def test_no_two_bodies_are_alike_and_the_longest_fills_a_record():
    first, second = (encrypt(b"x" * MAX_TEXT_BYTES, BROWSER_KEYS) for _ in range(2))

    assert first != second
    assert (MAX_TEXT_BYTES, len(first)) == (3993, 4096)


def test_a_new_pair_of_keys_belongs_together():
    private, public = vapid.new_keys()

    assert vapid.public_of(private) == public
    assert (len(vapid.decode(private)), len(vapid.decode(public))) == (32, 65)


@pytest.mark.parametrize("key", ["", "court", "é" * 43, "A" * 43])
def test_a_key_that_is_none_is_refused(key):
    with pytest.raises(ValueError, match=r"."):
        vapid_token(key, {})


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_a_push_carries_what_the_push_service_needs(api):
    call = api.post(ENDPOINT, status=201, headers={"Location": "https://fcm.googleapis.com/m/1"})

    outcome = outcome_of()

    assert (outcome.message_id, outcome.external_id, outcome.error) == (ID, "https://fcm.googleapis.com/m/1", None)
    headers = call.calls[0].request.headers
    assert headers["TTL"] == "86400"
    assert headers["Content-Encoding"] == "aes128gcm"
    assert headers["Urgency"] == "normal"
    assert base64.urlsafe_b64decode(headers["Topic"] + "==") == uuid.UUID(ID).bytes
    assert b"Une table" not in call.calls[0].request.body


def test_a_service_message_is_urgent(api):
    call = api.post(ENDPOINT, status=201)

    outcome_of(push(is_marketing=False))

    assert call.calls[0].request.headers["Urgency"] == "high"


def test_each_push_service_gets_a_token_made_for_it(api):
    other = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA"
    calls = [api.post(url, status=201) for url in (ENDPOINT, other)]

    with time_machine.travel(NOW, tick=False):
        WebPush().send_batch([push(), push(id="m2", to=to(endpoint=other)), push(id="m3")], ACCESS)

    first, again, second = (
        made.request.headers["Authorization"] for made in (calls[0].calls[0], calls[0].calls[1], calls[1].calls[0])
    )
    assert first == again != second
    assert claims_of(first) == {
        "aud": "https://fcm.googleapis.com",
        "exp": int(NOW.timestamp()) + 12 * 3600,
        "sub": "mailto:restaurant@levieuxmoulin.fr",
    }
    assert claims_of(second)["aud"] == "https://updates.push.services.mozilla.com"


def test_the_subscription_may_be_written_flat(api):
    api.post(ENDPOINT, status=201)
    keys = payload_json("webpush/subscription.json")["keys"]

    assert outcome_of(push(to=json.dumps({"endpoint": ENDPOINT, **keys}))).error is None


def test_a_topic_is_short_whatever_the_id():
    assert len(topic(ID)) == 22
    assert len(topic("pas un uuid")) == 32
    assert topic("a") != topic("b")


@pytest.mark.parametrize(("signs", "expected"), [(3900, type(None)), (4000, ContentRejected)])
def test_a_text_too_long_for_a_push_never_leaves(api, signs, expected):
    call = api.post(ENDPOINT, status=201)

    assert type(outcome_of(push(text="x" * signs)).error) is expected
    assert len(call.calls) == (1 if expected is type(None) else 0)


# --- whom we call ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/a",
        "https://FCM.googleapis.com/fcm/send/a",
        "https://updates.push.services.mozilla.com/wpush/v2/a",
        "https://wns2-par02p.notify.windows.com/w/?token=a",
        "https://web.push.apple.com/a",
        "https://web.push.apple.com:443/a",
    ],
)
def test_the_push_services_of_browsers_are_called(api, endpoint):
    api.post(endpoint, status=201)

    assert outcome_of(push(to=to(endpoint=endpoint))).error is None


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/a",
        "https://fcm.googleapis.com.attaquant.fr/a",
        "https://attaquant.fr/fcm.googleapis.com/a",
        "https://fcm.googleapis.com@attaquant.fr/a",
        "https://push.apple.com.fr/a",
        "https://fcm.googleapis.com:8443/a",
        "https://fcm.googleapis.com:x/a",
        "https://127.0.0.1/a",
        "file:///etc/passwd",
        "https://",
        "",
        None,
    ],
)
def test_no_other_address_is_called_whoever_gave_it(api, endpoint):
    outcome = outcome_of(push(to=to(endpoint=endpoint)))

    assert type(outcome.error) is InvalidRecipient
    assert len(api.calls) == 0


def test_the_list_of_push_services_is_a_setting(api, settings):
    settings.CONNECTOR_ENV = {"WEBPUSH_HOSTS": "push.exemple.fr, *.autre.fr"}
    api.post("https://push.exemple.fr/a", status=201)

    assert outcome_of(push(to=to(endpoint="https://push.exemple.fr/a"))).error is None
    assert type(outcome_of().error) is InvalidRecipient


def test_with_the_sandbox_nothing_goes_to_real_browsers(api, settings):
    settings.SANDBOX, settings.SANDBOX_URL = True, "http://127.0.0.1:8000/bac-a-sable/api"
    own = "http://127.0.0.1:8000/bac-a-sable/api/webpush/push/a"
    api.post(own, status=201)

    assert outcome_of(push(to=to(endpoint=own))).error is None
    assert type(outcome_of().error) is PermanentError
    assert len(api.calls) == 1


@pytest.mark.parametrize(
    "given",
    [
        "",
        "pas du json",
        "[]",
        "3",
        "null",
        to(keys={}),
        to(keys=None),
        to(keys={"p256dh": "AAAA", "auth": "BTBZMqHH6r4Tts7J_aSIgg"}),
        to(keys={"p256dh": vapid.encode(b"\x04" + bytes(64)), "auth": "BTBZMqHH6r4Tts7J_aSIgg"}),
        to(keys={"p256dh": PUBLIC, "auth": "AAAA"}),
        to(keys={"p256dh": PUBLIC, "auth": "é"}),
        to(keys={"p256dh": 3, "auth": 4}),
    ],
)
def test_a_subscription_that_is_none_never_works(api, given):
    assert type(outcome_of(push(to=given)).error) is InvalidRecipient
    assert len(api.calls) == 0


def test_a_bad_subscription_does_not_stop_its_neighbours(api):
    api.post(ENDPOINT, status=201)

    outcomes = WebPush().send_batch([push(id="m1", to="?"), push(id="m2"), push(id="m3", text="x" * 5000)], ACCESS)

    assert {outcome.message_id: type(outcome.error) for outcome in outcomes} == {
        "m1": InvalidRecipient,
        "m2": type(None),
        "m3": ContentRejected,
    }


# --- what services answer --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (200, "", type(None)),
        (202, "", type(None)),
        (404, "", InvalidRecipient),
        (410, '{"errno": 106}', InvalidRecipient),
        (400, "UnauthorizedRegistration", ContentRejected),
        (400, '{"reason":"VapidPkHashMismatch"}', InvalidRecipient),
        (401, '{"code": 401, "errno": 109, "error": "Unauthorized"}', InvalidRecipient),
        (401, "", AccountDisconnected),
        (403, '{"reason":"BadJwtToken"}', AccountDisconnected),
        (
            403,
            "the VAPID credentials in the authorization header do not correspond to the credentials",
            InvalidRecipient,
        ),
        (413, "", ContentRejected),
        (429, "", RateLimited),
        (500, "<html>", TransientError),
        (503, "", TransientError),
        (504, "", OutcomeUnknown),
        (406, "", PermanentError),
    ],
)
def test_what_push_services_answer(api, status, body, expected):
    api.post(ENDPOINT, status=status, body=body)

    assert type(outcome_of().error) is expected


def test_an_answer_that_is_lost_may_be_followed_by_the_same_push_again(api):
    api.add(responses.POST, ENDPOINT, body=requests.ReadTimeout())

    assert type(outcome_of().error) is OutcomeUnknown
    # Nothing can be asked, and the same topic replaces: it may leave again.
    assert WebPush().can_read_back
    assert WebPush().read_back(push(), ACCESS, NOW) is None


def test_the_address_of_a_browser_is_kept_nowhere(api, caplog, capsys):
    api.post(ENDPOINT, status=400, body=f"bad request for {ENDPOINT}")

    error = outcome_of().error

    written = str(error) + error.vendor_answer + caplog.text + "".join(capsys.readouterr())
    assert "APA91bHPRg" not in written


def test_keys_that_are_none_stop_everything_before_anything_leaves(api):
    with pytest.raises(AccountDisconnected):
        outcome_of(access=Access({**ACCESS.secrets, "vapid_private_key": "court"}))

    assert len(api.calls) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"vapid_public_key": vapid.new_keys()[1]},
        {"vapid_private_key": ""},
        {"vapid_private_key": "A" * 43},
        {"subject": "restaurant@levieuxmoulin.fr"},
        {"subject": ""},
    ],
)
def test_a_check_finds_keys_that_do_not_belong_together_and_a_bad_contact(changes):
    with pytest.raises(AccountDisconnected):
        WebPush().check(Access({**ACCESS.secrets, **changes}))


def test_a_check_of_good_keys_gives_the_contact():
    assert WebPush().check(ACCESS) == "restaurant@levieuxmoulin.fr"


OTHER = ENDPOINT + "-2"


def both():
    return json.dumps([json.loads(to()), json.loads(to(endpoint=OTHER))])


def test_every_browser_of_a_guest_shows_it(api):
    api.post(ENDPOINT, status=201)
    api.post(OTHER, status=201)

    outcome = outcome_of(push(to=both()))

    assert (outcome.error, outcome.gone) == (None, ())
    assert sorted(call.request.url for call in api.calls) == [ENDPOINT, OTHER]


def test_one_browser_that_is_gone_does_not_spoil_the_message(api):
    api.post(ENDPOINT, status=410)
    api.post(OTHER, status=201)

    outcome = outcome_of(push(to=both()))

    assert outcome.error is None
    assert [json.loads(given)["endpoint"] for given in outcome.gone] == [ENDPOINT]


@pytest.mark.parametrize(
    ("first", "second", "expected", "gone"),
    [
        (410, 404, InvalidRecipient, 2),
        (410, 503, TransientError, 1),
        (503, 504, OutcomeUnknown, 0),
        (413, 410, ContentRejected, 1),
        (403, 429, AccountDisconnected, 0),
    ],
)
def test_of_several_errors_the_one_that_leaves_most_hope_speaks(api, first, second, expected, gone):
    api.post(ENDPOINT, status=first)
    api.post(OTHER, status=second)

    outcome = outcome_of(push(to=both()))

    assert isinstance(outcome.error, expected)
    assert len(outcome.gone) == gone
