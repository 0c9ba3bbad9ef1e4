"""Files that nothing names are forgotten; all others stay."""

import os
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone

from campaigns.models import Media
from tests.factories import ContentFactory, PublicationFactory
from vieuxmoulin import tidying

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


def file(name, days=30):
    saved = default_storage.save(name, ContentFile(b"image"))
    at = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(default_storage.path(saved), (at, at))
    return saved


def test_a_picture_that_nothing_names_is_forgotten_after_a_week():
    old, recent = file("contents/2026/05/old.jpg"), file("contents/2026/05/recent.jpg", days=1)

    assert tidying.forget_files() == 1
    assert (default_storage.exists(old), default_storage.exists(recent)) == (False, True)


def test_a_picture_of_a_content_stays():
    kept = file("contents/2026/05/kept.jpg")
    Media.objects.create(content=ContentFactory(), file=kept)

    assert tidying.forget_files() == 0
    assert default_storage.exists(kept)


@pytest.mark.parametrize(("status", "forgotten"), [("scheduled", 0), ("held", 0), ("unknown", 0), ("published", 1)])
def test_a_copy_stays_as_long_as_its_post_may_leave(settings, status, forgotten):
    copy = file("contents/fitted/a.jpg")
    address = f"{settings.PUBLIC_URL}{default_storage.url(copy)}"
    PublicationFactory(status=status, post={"text": "x", "media": [{"url": address}]})

    assert tidying.forget_files() == forgotten


def test_an_empty_house_has_nothing_to_forget():
    assert tidying.forget_files() == 0
