"""What a guest of the sandbox does to a post: like it, comment on it."""

from django.db import transaction
from django.utils import timezone

from integrations.sandbox import store
from integrations.sandbox.models import VendorRecord

MAX_COMMENT, MAX_NAME = 500, 40
# A post keeps its last comments only: a page must stay readable whatever a test does.
MAX_COMMENTS = 500


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
    record = store.locked(record)
    written = {
        "id": store.number(),
        "author": store.clean(author).strip()[:MAX_NAME] or "Une invitée",
        "text": text,
        "at": timezone.now().isoformat(),
    }
    record.data = {**record.data, "comments": [*record.data.get("comments", []), written][-MAX_COMMENTS:]}
    record.save(update_fields=["data", "updated_at"])
