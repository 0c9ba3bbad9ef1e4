"""Pictures of ours are read where they lie; strangers' go through the guard; no name leads out of the folder."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from integrations import media
from integrations.errors import PermanentError

IMAGES = ("image/*",)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"


@pytest.fixture
def ours(settings):
    name = default_storage.save("contents/été.jpg", ContentFile(b"jpeg"))
    return f"{settings.PUBLIC_URL}{default_storage.url(name)}"


def test_a_file_of_ours_is_read_without_a_call(ours, monkeypatch):
    monkeypatch.setattr(media, "fetch_public", lambda url, **limits: pytest.fail("a call left"))

    assert media.fetch_media(ours, max_bytes=10, accept=IMAGES) == (b"jpeg", "image/jpeg")


def test_any_other_address_goes_through_the_guard(monkeypatch):
    asked = []
    monkeypatch.setattr(media, "fetch_public", lambda url, **limits: asked.append((url, limits)) or (b"x", "image/png"))

    media.fetch_media("https://e.fr/a.png", max_bytes=10, accept=IMAGES)

    assert asked == [("https://e.fr/a.png", {"max_bytes": 10, "accept": IMAGES})]


@pytest.mark.parametrize(
    "name", ["../secret.jpg", "contents/%2e%2e/%2e%2e/secret.jpg", "contents/..%2f..%2fsecret.jpg"]
)
def test_no_name_leads_out_of_the_folder(settings, tmp_path, monkeypatch, name):
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    monkeypatch.setattr(media, "fetch_public", lambda url, **limits: (b"", "the guard answers"))

    found = media.fetch_media(f"{settings.PUBLIC_URL}{settings.MEDIA_URL}{name}", max_bytes=10, accept=IMAGES)

    assert found == (b"", "the guard answers")


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"max_bytes": 3}, "too_large"), ({"accept": ("video/mp4",)}, "media_type")],
)
def test_a_file_too_large_or_of_another_type_is_refused(ours, changes, code):
    with pytest.raises(PermanentError) as caught:
        media.fetch_media(ours, **{"max_bytes": 10, "accept": IMAGES, **changes})

    assert caught.value.code == code


def test_a_file_that_is_gone_is_told(ours):
    default_storage.delete("contents/été.jpg")

    with pytest.raises(PermanentError) as caught:
        media.fetch_media(ours, max_bytes=10, accept=IMAGES)

    assert caught.value.code == "file_gone"
