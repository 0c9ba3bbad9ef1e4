"""Photos of dishes: checked as those of the composer are, and kept where the card's addresses find them."""

from typing import Any
from uuid import uuid4

from django.conf import settings
from django.core.files.base import ContentFile
from django.utils.translation import gettext as _

from campaigns.models import Media
from integrations.errors import ContentRejected
from vieuxmoulin.backoffice import uploads

FOLDER = "carte"


def keep(file: Any) -> str:
    """Keep a photo; returns its public address. Raises ContentRejected saying what is wrong with it."""
    row = uploads.keep(file)
    name = row.ref.removeprefix("file:")
    storage = uploads.storage()
    try:
        if row.kind != Media.Kind.IMAGE:
            raise ContentRejected(_("C'est une vidéo : choisissez une photo."), code="bad_file")
        with storage.open(name) as content:
            # Moved: what waits beside the composer is thrown away after three days.
            kept = storage.save(f"{FOLDER}/{uuid4().hex}.{name.rsplit('.', 1)[-1]}", ContentFile(content.read()))
    finally:
        storage.delete(name)
    return f"{settings.PUBLIC_URL}{storage.url(kept)}"
