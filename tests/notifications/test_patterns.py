"""What a crowd's e-mails share is rendered once; each is, letter for letter, what rendering it alone would give."""

import json
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.connectors import registry
from notifications.connectors.base import Access, Message
from notifications.models import Chunk, MessageTemplate
from notifications.services import windows
from notifications.services.addressees import Guest
from notifications.services.patterns import Press
from notifications.services.windows import Waiting
from notifications.starter import STARTERS
from tests.notifications.test_starter import read

SAMPLES = {"title": "Soirée <huîtres> & vin", "link": "https://levieuxmoulin.example/fête?a=1&b=2"}
NAMES = st.text(max_size=12) | st.sampled_from(
    ["", "Anne", "O'Neil & <fils>", " Zoé ", "-vm-prenom-", "{{title}}", "a\nb", "\ue010prenom\ue011", "Loïc=`x`"]
)
PIECES = st.lists(
    st.sampled_from(
        [
            "Bonjour ",
            "{{customer.first_name}}",
            " {{customer.last_name}} ",
            "{{#if customer.first_name}}Cher {{customer.first_name}}{{else}}Bonjour{{/if}}",
            "{{#unless customer.last_name}}sans nom{{/unless}}",
            "{{lookup customer 'first_name'}}",
            "{{majuscules customer.first_name}}",
            "{{customer.first_name.length}}",
            "{{#with customer}}{{first_name}}{{/with}}",
            '<a href="{{unsubscribe_url}}">sortir</a>',
            '<a href="{{preferences_url}}">choisir</a>',
            '<a href="{{link}}">voir</a>',
            '<a href="https://levieuxmoulin.example/?de={{customer.first_name}}">vous</a>',
            '<a href="{{customer.last_name}}">étrange</a>',
            "<p>{{title}}</p>\n",
            "{{customer.language}}",
            "</body>",
            "\n  {{> layout}}",
            "",
        ]
    ),
    max_size=6,
).map("".join)


def chunk_of(template, data=SAMPLES):
    return Chunk(template=template, channel="email", data=data, task_id=uuid.UUID(int=1))


def waiting(first="Anne", last="Durand", language="fr", **fields):
    guest = Guest(uuid.UUID(int=7), first, last, language, "anne@example.com")
    known = {"has_consent": True, "has_tracking": False, "opposition": "", "recent_messages": 0, "data": {}}
    return Waiting(pk=uuid.UUID(int=9), contact=guest, **{**known, **fields})


def alone(chunk, row):
    """The message as it would be rendered for this guest alone; None when it cannot be."""
    window = windows.prepare(chunk, [row], "sendgrid")
    return window.messages[0] if window.messages else None


def printed(chunk, row, press=None):
    window = windows.prepare(chunk, [row], "sendgrid", press or Press(chunk.template, chunk.channel, chunk.data))
    return window.messages[0] if window.messages else None


def read_by(message):
    return message and (message.subject, message.text, message.html, message.headers, message.to, message.name)


@pytest.fixture(autouse=True)
def any_hour(settings):
    settings.QUIET_HOURS = False


@pytest.mark.parametrize("is_tracked", [True, False])
@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.slug)
def test_the_starter_set_is_shared_and_reads_the_same(starter, is_tracked):
    template = read(starter)
    chunk = chunk_of(template, starter.sample)
    press = Press(template, "email", starter.sample)

    for first, last in (("Anaïs", "O'Neil"), ("", "Durand"), ("<b>", ""), ("", "")):
        row = waiting(first, last, has_tracking=is_tracked)
        shared = printed(chunk, row, press)
        assert shared.pattern is not None
        assert read_by(shared) == read_by(alone(chunk, row))


@given(
    subject=PIECES, body_html=PIECES, body_text=PIECES, first=NAMES, last=NAMES, other=NAMES,
    is_tracked=st.booleans(), purpose=st.sampled_from(["marketing", "transactional"]),
)  # fmt: skip
def test_whatever_the_template_and_the_names_nothing_reads_otherwise(
    subject, body_html, body_text, first, last, other, is_tracked, purpose
):
    template = MessageTemplate(slug="t", subject=subject, body_html=body_html, body_text=body_text, purpose=purpose)
    chunk = chunk_of(template)
    press = Press(template, "email", SAMPLES)

    # The second guest is printed from what was made for the first.
    for one in (waiting(first, last, has_tracking=is_tracked), waiting(other, last, has_tracking=is_tracked)):
        assert read_by(printed(chunk, one, press)) == read_by(alone(chunk, one))


@pytest.mark.parametrize(
    ("fields", "data"),
    [
        ({"subject": "{{lookup customer 'first_name'}}"}, {}),
        ({"body_text": "{{customer.first_name}} est le bienvenu"}, {}),
        ({}, {"customer": {"first_name": "Un autre"}}),
        ({}, {"title": "\ue010prenom\ue011"}),
        ({"subject": "\ue010prenom\ue011"}, {}),
        ({"body_html": "{{{title}}}", "body_text": ""}, {"title": "<b>x</b>"}),
    ],
)
def test_what_cannot_be_shared_is_rendered_alone(fields, data):
    template = MessageTemplate(slug="t", **{"subject": "x", "body_text": "Bonjour {{customer.first_name}}.", **fields})

    message = printed(chunk_of(template, data), waiting())

    assert message.pattern is None
    assert read_by(message) == read_by(alone(chunk_of(template, data), waiting()))


@pytest.mark.parametrize("odd", ["a\nb", "a\x00b", "a\u2028b", "\ue010nom\ue011"])
def test_a_name_with_odd_signs_is_rendered_alone(odd):
    template = MessageTemplate(
        slug="t", subject="Pour {{customer.first_name}} !", body_text="À {{customer.first_name}}."
    )
    chunk = chunk_of(template)

    message = printed(chunk, waiting(odd))

    assert message.pattern is None
    assert read_by(message) == read_by(alone(chunk, waiting(odd)))


@pytest.mark.parametrize("blank", ["  ", " Ana", "Ana\u00a0", "\u3000"])
def test_a_name_that_begins_or_ends_with_a_blank_is_rendered_alone(blank):
    chunk = chunk_of(MessageTemplate(slug="t", subject="x", body_text="Bonjour {{customer.first_name}}"))

    message = printed(chunk, waiting(blank))

    assert message.pattern is None
    assert read_by(message) == read_by(alone(chunk, waiting(blank)))


def test_a_followed_link_that_holds_a_name_is_the_guests_own():
    page = '<a href="https://levieuxmoulin.example/?de={{customer.first_name}}">vous</a>'
    chunk = chunk_of(MessageTemplate(slug="t", subject="x", body_html=page))

    assert printed(chunk, waiting(has_tracking=True)).pattern is None
    assert printed(chunk, waiting()).pattern is not None
    assert read_by(printed(chunk, waiting(has_tracking=True))) == read_by(alone(chunk, waiting(has_tracking=True)))


def test_a_message_with_data_of_its_own_is_rendered_alone():
    template = MessageTemplate(slug="t", subject="{{title}}", body_text="Bonjour {{customer.first_name}}.")

    message = printed(chunk_of(template), waiting(data={"title": "Pour vous"}))

    assert (message.pattern, message.subject) == (None, "Pour vous")


# --- At SendGrid --------------------------------------------------------------------------------------------------------


def crowd(number, *, body="<p>Bonjour {{customer.first_name}}</p>" + "<p>La carte.</p>" * 900, **fields):
    template = MessageTemplate(slug="t", subject="{{title}}", body_html=body)
    chunk, press = chunk_of(template), Press(template, "email", SAMPLES)
    return [printed(chunk, waiting(f"Anne {rank}", **fields), press) for rank in range(number)]


def sent_by(monkeypatch, messages):
    bodies = []

    class Answer:
        headers = {"X-Message-Id": "lot"}

    connector = registry["sendgrid"]()
    monkeypatch.setattr(connector.http, "post", lambda url, json, token: bodies.append(json) or Answer())
    outcomes = connector.send_batch(messages, Access({"api_key": "k", "from_email": "a@b.fr", "from_name": "x"}))
    return bodies, outcomes


def as_read(body):
    """What each guest reads: every tag of the envelope replaced, in the order in which they stand."""
    texts = [body["subject"], *(part["value"] for part in body["content"])]
    found = []
    for envelope in body["personalizations"]:
        whole = json.dumps(texts)
        for tag, value in envelope["substitutions"].items():
            whole = whole.replace(tag, json.dumps(value)[1:-1])
        found.append(json.loads(whole))
    return found


@pytest.mark.parametrize("is_tracked", [True, False])
def test_a_long_letter_for_a_crowd_is_one_call_that_says_it_once(monkeypatch, is_tracked):
    messages = crowd(300, has_tracking=is_tracked)
    assert len(messages[0].html) > 10_000

    bodies, outcomes = sent_by(monkeypatch, messages)

    (body,) = bodies
    assert as_read(body) == [[message.subject, message.text, message.html] for message in messages]
    assert [outcome.message_id for outcome in outcomes] == [message.id for message in messages]
    envelope = body["personalizations"][0]
    assert sum(len(tag) + len(value) for tag, value in envelope["substitutions"].items()) < 1_000


def test_a_guest_whose_name_looks_like_a_tag_gets_a_letter_of_their_own(monkeypatch):
    messages = crowd(30, body="<p>Bonjour {{customer.first_name}}</p>")
    odd = Message("odd", "o@example.com", "s", "-vm-nom-", "<p>-vm-nom-</p>", pattern=messages[0].pattern,
                  words={**messages[0].words, "prenom": "-vm-sortie-"})  # fmt: skip

    bodies, _ = sent_by(monkeypatch, [*messages, odd])

    assert [len(body["personalizations"]) for body in bodies] == [30, 1]
    assert as_read(bodies[1]) == [["s", "-vm-nom-", "<p>-vm-nom-</p>"]]


def test_few_messages_of_several_patterns_travel_in_one_call(monkeypatch):
    body = "<p>Bonjour {{customer.first_name}}</p>"
    messages = [*crowd(3, body=body), *crowd(3, body=body)]
    assert len({id(message.pattern) for message in messages}) == 2

    bodies, _ = sent_by(monkeypatch, messages)

    assert [len(body["personalizations"]) for body in bodies] == [6]
    assert as_read(bodies[0]) == [[message.subject, message.text, message.html] for message in messages]
