"""A picture of ours reaches the networks that want bytes without any call to our own public address."""

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from integrations.sandbox.models import VendorRecord
from social.connectors import registry as networks
from social.connectors.base import Picture, Post, Progress
from tests.integrations.sandbox.in_process import play_vendors
from tests.integrations.sandbox.test_connectors import ACCOUNTS, PNG

pytestmark = pytest.mark.django_db


@pytest.fixture
def ours(settings, tmp_path, monkeypatch):
    """The public address of a picture of ours; whatever is not the sandbox cannot be reached."""
    play_vendors(settings, monkeypatch)
    settings.PUBLIC_URL, settings.MEDIA_ROOT = "https://levieuxmoulin.invalid", tmp_path / "media"
    monkeypatch.setattr("integrations.media.fetch_public", lambda url, **limits: pytest.fail(f"a call left to {url}"))
    name = default_storage.save("contents/plat du jour.png", ContentFile(PNG))
    return f"{settings.PUBLIC_URL}{default_storage.url(name)}"


@pytest.mark.parametrize(("slug", "kind"), [("x", "media"), ("bluesky", "blob"), ("mastodon", "media")])
def test_a_network_that_wants_bytes_gets_those_of_our_storage(ours, slug, kind):
    networks[slug]().publish(Post("Le plat du jour", (Picture(ours, "Un plat"),)), ACCOUNTS[slug], Progress())

    assert bytes(VendorRecord.objects.get(vendor=slug, kind=kind).blob) == PNG
