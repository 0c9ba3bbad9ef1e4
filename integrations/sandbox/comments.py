"""Comments under a played post: found by their id, answered, hidden, liked, taken away."""

from typing import Any

from django.utils import timezone

from integrations.sandbox import store
from integrations.sandbox.models import VendorRecord

Comment = dict[str, Any]
# A post keeps its last comments only: a page must stay readable whatever a test does.
MAX_COMMENTS = 500
# A comment is looked for under the last posts only.
MAX_POSTS = 1_000


def find(vendor: str, kind: str, comment_id: str) -> tuple[VendorRecord, Comment] | None:
    """The post that holds a comment, and the comment."""
    for record in store.records(vendor, kind)[:MAX_POSTS]:
        for comment in record.data.get("comments", []):
            if comment["id"] == comment_id:
                return record, comment
    return None


def add(record: VendorRecord, text: str, author: str, **more: Any) -> Comment:
    """Put one more comment under a post; call it inside a transaction."""
    record = store.locked(record)
    written = {"id": store.number(), "author": author, "text": text, "at": timezone.now().isoformat(), **more}
    record.data = {**record.data, "comments": [*record.data.get("comments", []), written][-MAX_COMMENTS:]}
    record.save(update_fields=["data", "updated_at"])
    return written


def change(record: VendorRecord, comment_id: str, **changes: Any) -> None:
    """Change one comment (hidden, likes…); call it inside a transaction."""
    _rewrite(record, lambda comment: {**comment, **changes} if comment["id"] == comment_id else comment)


def remove(record: VendorRecord, comment_id: str) -> None:
    """Take one comment away; call it inside a transaction."""
    _rewrite(record, lambda comment: None if comment["id"] == comment_id else comment)


def _rewrite(record: VendorRecord, edit: Any) -> None:
    record = store.locked(record)
    edited = [edit(comment) for comment in record.data.get("comments", [])]
    record.data = {**record.data, "comments": [comment for comment in edited if comment is not None]}
    record.save(update_fields=["data", "updated_at"])
