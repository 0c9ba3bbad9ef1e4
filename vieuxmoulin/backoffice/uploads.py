"""Pictures chosen in the composer: kept aside at once, so that they are seen and checked, and moved when it is saved."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.core.validators import URLValidator
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Media
from integrations.errors import ContentRejected
from social.adaptation import pictures

FOLDER = "contents/attente"
NAME = re.compile(rf"{FOLDER}/[0-9a-f]{{32}}\.(?:jpg|png|webp|gif|mp4|mov)")
MOST_BYTES = 12 * 1024 * 1024
EXTENSIONS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "GIF": "gif"}
VIDEOS = ("mp4", "mov")
# What nobody saved: chosen, then left.
FORGOTTEN = timedelta(days=3)


@dataclass(frozen=True)
class Row:
    """A picture of the form: kept already (`id:`), aside (`file:`) or at an address (`url:`)."""

    ref: str
    alt_text: str = ""
    address: str = ""
    kind: str = Media.Kind.IMAGE

    @property
    def name(self) -> str:
        return self.address.rsplit("/", 1)[-1]


def storage() -> Any:
    """Where the files of contents are."""
    return Media._meta.get_field("file").storage


def keep(file: Any) -> Row:
    """Keep an uploaded file aside. Raises ContentRejected saying what is wrong with it."""
    if file.size > MOST_BYTES:
        raise _refused(_("%(name)s pèse plus de 12 Mo : réduisez-le, ou donnez son adresse."), file)
    content = file.read()
    extension = file.name.rsplit(".", 1)[-1].lower()
    if extension in VIDEOS and content[4:8] == b"ftyp":
        return _kept(f"{FOLDER}/{uuid4().hex}.{extension}", content)
    try:
        facts = pictures.inspect(content)
    except pictures.UnreadablePicture:
        raise _refused(_("%(name)s n'est ni une image (JPEG, PNG, WebP, GIF) ni une vidéo (MP4)."), file) from None
    if facts.format not in EXTENSIONS:
        raise _refused(_("%(name)s : ce format d'image n'est pas accepté ; enregistrez-la en JPEG."), file)
    return _kept(f"{FOLDER}/{uuid4().hex}.{EXTENSIONS[facts.format]}", content)


def at_address(url: str) -> Row:
    """A picture that is elsewhere. Raises ContentRejected for what is no public address."""
    try:
        URLValidator(schemes=["https", "http"])(url)
    except ValidationError:
        message = _("Écrivez l'adresse complète de l'image, comme https://exemple.fr/photo.jpg.")
        raise ContentRejected(message, code="bad_address") from None
    return row_of(f"url:{url}") or Row(f"url:{url}")


def row_of(ref: str, alt_text: str = "", known: dict[str, Media] | None = None) -> Row | None:
    """The row that a reference of the form means; None for one that means nothing (any more)."""
    kind, _separator, value = ref.partition(":")
    if kind == "id" and (media := (known or {}).get(value)):
        return Row(ref, alt_text, media.address, media.kind)
    if kind == "file" and NAME.fullmatch(value) and storage().exists(value):
        return Row(ref, alt_text, f"{settings.PUBLIC_URL}{storage().url(value)}", _kind(value))
    if kind == "url" and urlsplit(value).scheme in ("http", "https"):
        return Row(ref, alt_text, value, _kind(value))
    return None


def attach(row: Row, content: Any, position: int) -> Media:
    """Make a row of the form a picture of a content; a file kept aside takes its place among the others."""
    kind, _separator, value = row.ref.partition(":")
    media = Media(content=content, position=position, alt_text=row.alt_text[:1000], kind=row.kind)
    if kind == "url":
        media.url = value
    else:
        with storage().open(value) as file:
            media.file.save(value.rsplit("/", 1)[-1], ContentFile(file.read()), save=False)
        storage().delete(value)
    media.save()
    return media


def forget_old() -> int:
    """Remove the files that nobody saved in three days; returns how many."""
    limit, removed = timezone.now() - FORGOTTEN, 0
    if not storage().exists(FOLDER):
        return 0
    for name in storage().listdir(FOLDER)[1]:
        if storage().get_modified_time(f"{FOLDER}/{name}") < limit:
            storage().delete(f"{FOLDER}/{name}")
            removed += 1
    return removed


def _kept(name: str, content: bytes) -> Row:
    forget_old()
    saved = storage().save(name, ContentFile(content))
    return Row(f"file:{saved}", "", f"{settings.PUBLIC_URL}{storage().url(saved)}", _kind(saved))


def _kind(name: str) -> str:
    return Media.Kind.VIDEO if urlsplit(name).path.lower().endswith((".mp4", ".mov")) else Media.Kind.IMAGE


def _refused(sentence: str, file: Any) -> ContentRejected:
    return ContentRejected(sentence % {"name": file.name}, code="bad_file")
