"""Files and lists that nothing names any more: pictures off a content, copies for posts long gone, imported guests."""

from collections.abc import Iterator
from datetime import timedelta

from django.core.files.storage import Storage
from django.utils import timezone

from campaigns.models import Media
from integrations.media import own_file
from notifications.services.importing import applying
from social.models import Publication

FOLDER = "contents"
# Long enough for a text that somebody is still writing, or a network that is still fetching.
KEPT = timedelta(days=7)
# What has not left, or may leave again, still needs its pictures.
NOT_OVER = tuple(set(Publication.Status) - {Publication.Status.PUBLISHED, Publication.Status.CANCELED})


def forget_files() -> int:
    """Delete the pictures that no content and no waiting publication names; returns how many."""
    storage: Storage = Media._meta.get_field("file").storage
    named = _named()
    limit = timezone.now() - KEPT
    forgotten = 0
    for name in _files(storage, FOLDER):
        if name not in named and storage.get_modified_time(name) < limit:
            storage.delete(name)
            forgotten += 1
    return forgotten


def forget_imports() -> int:
    """Forget the lists of guests that were imported, or that nobody imported; returns how many."""
    return applying.forget()


def _named() -> set[str]:
    """The files in use, by their names in the storage."""
    found = set(Media.objects.exclude(file="").values_list("file", flat=True))
    for post in Publication.objects.filter(status__in=NOT_OVER).values_list("post", flat=True).iterator():
        for picture in post.get("media", ()):
            if name := own_file(picture.get("url", "")):
                found.add(name)
    return found


def _files(storage: Storage, folder: str) -> Iterator[str]:
    if not storage.exists(folder):
        return
    folders, files = storage.listdir(folder)
    yield from (f"{folder}/{name}" for name in files)
    for name in folders:
        yield from _files(storage, f"{folder}/{name}")
