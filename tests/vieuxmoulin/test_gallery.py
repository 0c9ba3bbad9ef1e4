"""The pictures of a content: ours from the disk, others only before a transaction, copies written once."""

import io
import threading

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from PIL import Image

from integrations.errors import PermanentError
from social.adaptation.pictures import CENTRE, PictureRules
from vieuxmoulin.orchestrator import gallery as galleries
from vieuxmoulin.orchestrator.gallery import Gallery, addresses

RULES = PictureRules(formats=("JPEG",), min_ratio=0.8, max_ratio=1.91, min_width=320, max_width=1440)
WISHES = {"mode": "crop", "focus": CENTRE, "background": "blur"}
STRANGER = "https://example.com/wide.png"


def file_of(width, height):
    out = io.BytesIO()
    Image.new("RGB", (width, height), (200, 30, 60)).save(out, "PNG")
    return out.getvalue()


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def ours(settings):
    """A wide picture of ours, by its public address."""
    name = default_storage.save("contents/wide.png", ContentFile(file_of(3000, 500)))
    return f"{settings.PUBLIC_URL}{default_storage.url(name)}"


@pytest.fixture
def fetched(monkeypatch):
    """The addresses that were fetched; each gives a wide picture."""
    calls = []

    def fetch(url, *, max_bytes, accept):
        calls.append(url)
        return file_of(3000, 500), "image/png"

    monkeypatch.setattr(galleries, "fetch_public", fetch)
    return calls


@pytest.fixture
def no_transaction(monkeypatch):
    """Tests run inside a transaction; a request does not."""
    monkeypatch.setattr(galleries, "connection", type("Connection", (), {"in_atomic_block": False}))


def test_a_file_of_ours_is_measured_without_a_call(ours, fetched):
    facts = Gallery().facts(ours)

    assert (facts.width, facts.height, facts.format) == (3000, 500, "PNG")
    assert fetched == []


def test_a_stranger_is_fetched_once_then_remembered(fetched, no_transaction):
    Gallery().look([STRANGER, STRANGER])
    second = Gallery()
    second.look([STRANGER])

    assert second.facts(STRANGER).width == 3000
    assert fetched == [STRANGER]


@pytest.mark.django_db
def test_no_call_leaves_inside_a_transaction(fetched):
    with transaction.atomic():
        shelf = Gallery()
        shelf.look([STRANGER])

    assert (shelf.facts(STRANGER), shelf.reason(STRANGER), fetched) == (None, "", [])


def test_what_was_not_looked_at_says_nothing(fetched):
    shelf = Gallery()

    assert (shelf.facts(STRANGER), shelf.reason(STRANGER), fetched) == (None, "", [])


def test_an_address_refused_by_the_guard_gives_its_reason(no_transaction, monkeypatch):
    def refuse(url, **limits):
        raise PermanentError("L'adresse mène à un réseau privé.")

    monkeypatch.setattr(galleries, "fetch_public", refuse)
    shelf = Gallery()

    shelf.look(["http://10.0.0.1/a.png"])

    assert shelf.facts("http://10.0.0.1/a.png") is None
    assert shelf.reason("http://10.0.0.1/a.png") == "L'adresse mène à un réseau privé."


def test_what_is_no_picture_says_so(no_transaction, monkeypatch):
    monkeypatch.setattr(galleries, "fetch_public", lambda url, **limits: (b"<html>", "image/png"))
    shelf = Gallery()

    shelf.look([STRANGER])

    assert "pas une image" in shelf.reason(STRANGER)


def test_a_slow_server_is_not_waited_for(no_transaction, monkeypatch):
    answer = threading.Event()
    monkeypatch.setattr(galleries, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(galleries, "fetch_public", lambda url, **limits: answer.wait(30) and (b"", ""))
    shelf = Gallery()

    shelf.look([STRANGER])

    assert shelf.reason(STRANGER) == "Son serveur est trop lent."
    answer.set()


def test_a_copy_is_public_keeps_the_rules_and_is_written_once(ours, media, settings):
    address, notes = Gallery().fitted(ours, RULES, **WISHES)
    again, _ = Gallery().fitted(ours, RULES, **WISHES)

    copies = list((media / "contents" / "fitted").iterdir())
    assert address == again == f"{settings.PUBLIC_URL}{settings.MEDIA_URL}contents/fitted/{copies[0].name}"
    assert len(copies) == 1
    assert Image.open(copies[0]).size == (955, 500)
    assert notes[0] == "recadrée"


def test_a_rehearsal_names_the_copy_without_writing_it(ours, media):
    address, _ = Gallery(keeps=False).fitted(ours, RULES, **WISHES)

    assert address.endswith(".jpg")
    assert not (media / "contents" / "fitted").exists()


def test_a_copy_of_what_was_not_opened_is_not_made(media):
    assert Gallery().fitted(STRANGER, RULES, **WISHES) is None


@pytest.mark.parametrize("path", ["contents/absent.png", "../secret.png", "%2e%2e/secret.png", "contents"])
def test_only_our_own_folder_is_read(settings, path, fetched):
    shelf = Gallery()

    assert shelf.facts(f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{path}") is None
    assert fetched == []


def test_videos_are_not_opened_as_pictures():
    content = {"media_urls": ["https://a.fr/a.jpg", "https://a.fr/b.MP4"], "media_url": ""}

    assert addresses(content) == ["https://a.fr/a.jpg"]
