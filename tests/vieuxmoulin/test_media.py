"""Our pictures by their public address, and nothing else of the folder."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    (tmp_path / "secret.jpg").write_bytes(b"secret")


def test_a_picture_is_given_to_whoever_asks(client):
    name = default_storage.save("contents/carte.jpg", ContentFile(b"\xff\xd8\xff"))

    answer = client.get(default_storage.url(name))

    assert (answer.status_code, answer["Content-Type"], b"".join(answer)) == (200, "image/jpeg", b"\xff\xd8\xff")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "public, max-age=86400"


@pytest.mark.parametrize(
    "path",
    ["absent.jpg", "", "contents", "../secret.jpg", "%2e%2e/secret.jpg", "..%2fsecret.jpg", "page.html", "dessin.svg"],
)
def test_everything_else_is_unknown(client, path):
    for name in ("page.html", "dessin.svg"):
        default_storage.save(name, ContentFile(b"<script>alert(1)</script>"))

    assert client.get(f"/media/{path}").status_code == 404


def test_it_is_read_only(client):
    assert client.post("/media/carte.jpg").status_code == 405
