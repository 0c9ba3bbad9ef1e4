"""Real letters, through the whole pipeline, as a real mail server receives them: structure, headers, bytes."""

import email
import email.policy
import re
import uuid

import pytest

from notifications.models import Chunk, Contact, MessageTemplate, Notification
from notifications.services import contacts, delivery, sending, templates
from notifications.services.sending import Origin
from notifications.starter import STARTERS, load_starters
from tests.factories import ContactFactory, ProviderFactory
from tests.notifications.mail_sink import mail_sink, secrets

pytestmark = pytest.mark.django_db
SUBJECT = "🎉 Fête de l'été à Vensac : {{promo_title}}"
DATA = {"promo_title": "cèpes & girolles", "long": "très " * 400}
BODY = (
    '{{#> layout preheader="À goûter"}}<h1>{{promo_title}}</h1><p>Bonjour {{customer.first_name}}</p><p>{{long}}</p>'
    '<p><a class="button" href="https://levieuxmoulin.example/carte">Voir</a></p>.\n..\n{{/layout}}'
)


@pytest.fixture
def sink():
    with mail_sink() as server:
        yield server


def delivered(sink, *, guest=None, from_name="Le Vieux Moulin", slug="essai", data=DATA, **fields):
    """Send one letter by the pipeline; returns its bytes and the letter read from them."""
    if not MessageTemplate.objects.filter(slug=slug).exists():
        texts = {"subject": SUBJECT, "body_html": BODY, **fields}
        templates.save_version(MessageTemplate(slug=slug, name="Essai", **texts))
    template = MessageTemplate.objects.get(slug=slug, is_current=True)
    guest = guest or ContactFactory(first_name="Anaïs", last_name="Lœuillet, d'Été")
    ProviderFactory(platform="smtp", credential__secrets=secrets(sink, from_name=from_name))
    origin = Origin(uuid.uuid4())
    sending.create_messages(
        template=template, contacts=Contact.objects.filter(pk=guest.pk), channels=["email"], data=data, origin=origin
    )
    delivery.deliver_chunk(Chunk.objects.get(task_id=origin.task_id).pk)
    ((_sender, _to, raw),) = sink.letters
    return raw, email.message_from_bytes(raw, policy=email.policy.default)


def test_a_letter_has_two_parts_the_text_first(sink):
    _raw, letter = delivered(sink)

    assert letter.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in letter.iter_parts()] == ["text/plain", "text/html"]
    assert [part.get_content_charset() for part in letter.iter_parts()] == ["utf-8", "utf-8"]
    assert letter["MIME-Version"] == "1.0"


def test_its_bytes_are_fit_for_every_mail_server(sink):
    raw, _letter = delivered(sink)

    assert b"\n" not in raw.replace(b"\r\n", b"")
    assert b"\r" not in raw.replace(b"\r\n", b"")
    assert b"\x00" not in raw
    # RFC 5322: 998 at most; headers are ASCII whatever they say.
    assert max(len(line) for line in raw.split(b"\r\n")) <= 998
    head, _blank, _body = raw.partition(b"\r\n\r\n")
    assert head.isascii()
    assert max(len(line) for line in head.split(b"\r\n")) <= 998


def test_accents_and_emoji_of_the_subject_come_whole(sink):
    _raw, letter = delivered(sink)

    assert letter["Subject"] == "🎉 Fête de l'été à Vensac : cèpes & girolles"


def test_names_with_accents_and_commas_come_whole(sink):
    _raw, letter = delivered(sink, from_name="L'Été, Le Moulin")

    (sender,), (to,) = letter["From"].addresses, letter["To"].addresses
    assert (sender.display_name, sender.addr_spec) == ("L'Été, Le Moulin", "bonjour@levieuxmoulin.fr")
    assert to.display_name == "Anaïs Lœuillet, d'Été"
    assert len(letter["To"].addresses) == 1


def test_the_letter_has_an_identity_of_its_own(sink):
    _raw, letter = delivered(sink)

    row = Notification.objects.get()
    assert re.fullmatch(r"<\S+@levieuxmoulin\.fr>", letter["Message-ID"])
    assert str(row.pk) in letter["Message-ID"]
    assert letter["Message-ID"] == row.external_id


@pytest.mark.parametrize(
    "address", ["https://moulin.example", "https://communication.restaurant-le-vieux-moulin.example:8443"]
)
def test_the_way_out_stays_one_readable_line_however_long_our_address(sink, settings, address):
    settings.PUBLIC_URL = address

    raw, _letter = delivered(sink)

    lines = [line for line in raw.split(b"\r\n") if line.startswith(b"List-Unsubscribe:")]
    assert len(lines) == 1
    assert re.fullmatch(rb"List-Unsubscribe: <https://\S+/desinscription/[\w-]{36}/>", lines[0])


def test_a_click_in_the_mail_program_is_enough_to_leave(sink, client):
    guest = ContactFactory(first_name="Anaïs")
    _raw, letter = delivered(sink, guest=guest)

    link = letter["List-Unsubscribe"]
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(r"<https?://\S+>", link)
    path = "/" + link.strip("<>").split("/", 3)[3]
    assert client.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert guest.consents.get(channel="email").status == "withdrawn"


def test_both_parts_say_the_same_and_how_to_leave(sink):
    _raw, letter = delivered(sink)

    text, html = (part.get_content() for part in letter.iter_parts())
    way_out = letter["List-Unsubscribe"].strip("<>")
    for part in (text, html):
        assert "Bonjour Anaïs" in part
        assert way_out in part
        assert DATA["long"].strip()[:200] in " ".join(part.split())
    assert "cèpes & girolles" in text
    assert "cèpes &amp; girolles" in html


def test_lines_of_a_single_dot_arrive(sink):
    raw, letter = delivered(sink, body_text="avant\n.\n..fin\naprès")

    text = next(iter(letter.iter_parts())).get_content()
    assert "avant\n.\n..fin\naprès" in text.replace("\r\n", "\n")


def test_styles_are_in_the_tags_and_dark_mode_in_the_head(sink):
    _raw, letter = delivered(sink)

    html = list(letter.iter_parts())[1].get_content()
    assert '<h1 style="' in html
    assert "prefers-color-scheme: dark" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "<link" not in html
    assert "<script" not in html


@pytest.mark.parametrize(("agrees", "pixels"), [(False, 0), (True, 1)])
def test_nothing_is_measured_without_consent(sink, agrees, pixels):
    guest = ContactFactory(first_name="Anaïs")
    if agrees:
        contacts.grant(
            guest, channel="email", purpose="tracking", source="test", wording="J'accepte la mesure.", version="1"
        )

    _raw, letter = delivered(sink, guest=guest)

    html = list(letter.iter_parts())[1].get_content()
    assert len(re.findall("<img ", html)) == pixels
    assert ('href="https://levieuxmoulin.example/carte"' in html) is not agrees


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.slug)
def test_each_starter_arrives_as_a_whole_letter(sink, starter):
    load_starters()

    raw, letter = delivered(sink, slug=starter.slug, data=starter.sample)

    text, html = (part.get_content() for part in letter.iter_parts())
    assert "{{" not in text + html + letter["Subject"]
    assert "Le Vieux Moulin, Vensac (Gironde)" in html
    assert ("List-Unsubscribe" in letter) is (starter.purpose == "marketing")
    # What Gmail shows without cutting the end, where the way out is.
    assert len(raw) < 102_000
