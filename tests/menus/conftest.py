"""What all tests of the card share."""

import pytest

from integrations.errors import TransientError
from menus.connectors import _hubrise_images


@pytest.fixture(autouse=True)
def photos_of_strangers(monkeypatch, settings):
    """The photos of the tests' cards are on a site that no test may call; ours are read where they lie."""
    real = _hubrise_images.fetch_media

    def fetch(url, **options):
        if url.startswith(settings.PUBLIC_URL):
            return real(url, **options)
        raise TransientError("Le site ne répond pas.")

    monkeypatch.setattr(_hubrise_images, "fetch_media", fetch)
