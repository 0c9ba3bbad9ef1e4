"""What a guest of the sandbox does to a post: like it, comment on it."""

from django.db import transaction

from integrations.sandbox import comments, store
from integrations.sandbox.models import VendorRecord

MAX_COMMENT, MAX_NAME = 500, 40


@transaction.atomic
def like(record: VendorRecord) -> None:
    """One more like, also when two people press at once."""
    record = store.locked(record)
    record.data = {**record.data, "likes": record.data.get("likes", 0) + 1}
    record.save(update_fields=["data", "updated_at"])


@transaction.atomic
def comment(record: VendorRecord, text: str, author: str = "") -> None:
    """Leave a comment; an empty text leaves nothing."""
    text = store.clean(text).strip()[:MAX_COMMENT]
    if not text:
        return
    comments.add(record, text, store.clean(author).strip()[:MAX_NAME] or "Une invitée")
