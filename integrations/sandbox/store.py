"""Reading and writing what a vendor keeps: one place for ids, clean texts and look-ups."""

import secrets
import time
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from integrations.sandbox.models import VendorRecord


def number() -> str:
    """A new id of 19 digits, growing with time, as the networks give them."""
    return str((time.time_ns() // 1_000_000) << 20 | secrets.randbits(20))


def clean(value: Any) -> Any:
    """The same JSON without what PostgreSQL refuses to keep: NUL and half surrogate pairs."""
    if isinstance(value, str):
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [clean(inner) for inner in value]
    if isinstance(value, dict):
        return {clean(key): clean(inner) for key, inner in value.items()}
    return value


def records(vendor: str, kind: str, **filters: Any) -> QuerySet[VendorRecord]:
    """What a vendor has of one kind, newest first, without the files."""
    return VendorRecord.objects.filter(vendor=vendor, kind=kind, **filters).defer("blob")


def find(vendor: str, kind: str, external_id: str) -> VendorRecord | None:
    """One thing by the vendor's own id."""
    # An id longer than the column is surely unknown, and PostgreSQL would refuse NUL.
    if len(external_id) > 120 or "\0" in external_id:
        return None
    return records(vendor, kind, external_id=external_id).first()


def locked(record: VendorRecord) -> VendorRecord:
    """The same row, read again under a lock; call it inside a transaction before changing `data`."""
    return VendorRecord.objects.select_for_update().defer("blob").get(pk=record.pk)


def add(vendor: str, kind: str, external_id: str, account_id: str, data: dict[str, Any], **fields: Any) -> VendorRecord:
    """Keep one new thing."""
    return VendorRecord.objects.create(
        vendor=vendor, kind=kind, external_id=external_id, account_id=account_id, data=clean(data), **fields
    )


def ago(**delta: float) -> datetime:
    """A moment in the past: ago(hours=24)."""
    return timezone.now() - timedelta(**delta)
