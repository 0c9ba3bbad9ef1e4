"""Sealing stored values again with the current key, row by row, while the site keeps working."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models, transaction
from django.db.models import F, QuerySet, TextField, Value
from django.db.models.functions import Cast, Left

from integrations.crypto import VERSION, DecryptionError, current_key_id, decrypt, encrypt
from integrations.fields import EncryptedTextField

BATCH = 500


@dataclass
class Outcome:
    """What became of the outdated values of one field."""

    rotated: int = 0
    # Changed by someone else between our read and our write: they hold the newer value, and we leave it.
    skipped: int = 0
    # Sealed by a key that is not in ENCRYPTION_KEYS, or damaged.
    unreadable: int = 0


def encrypted_fields() -> Iterator[tuple[type[models.Model], EncryptedTextField]]:
    """Every encrypted column of every installed model, each once (a child of a concrete model has its own only)."""
    for model in apps.get_models(include_auto_created=True):
        if model._meta.proxy or not model._meta.managed:
            continue
        for field in model._meta.local_concrete_fields:
            if isinstance(field, EncryptedTextField):
                yield model, field


def outdated(model: type[models.Model], field: EncryptedTextField) -> QuerySet[Any]:
    """Rows whose value is sealed by another key than the current one; `sealed` holds it as stored."""
    prefix = f"{VERSION}:{current_key_id()}:"
    # Left, not startswith: SQLite's LIKE takes k1 and K1 for the same.
    return (
        _sealed(model, field)
        .exclude(sealed="")
        .filter(sealed__isnull=False)
        .annotate(sealed_head=Left("sealed", len(prefix)))
        .exclude(sealed_head=prefix)
    )


def rotate(
    model: type[models.Model], field: EncryptedTextField, *, progress: Callable[[Outcome], None] | None = None
) -> Outcome:
    """Seal every outdated value of `field` again; may be stopped and started at will."""
    outcome, last = Outcome(), None
    while True:
        rows = outdated(model, field).order_by("pk")
        if last is not None:
            rows = rows.filter(pk__gt=last)
        batch = list(rows.values_list("pk", "sealed")[:BATCH])
        if not batch:
            return outcome
        with transaction.atomic():
            for pk, sealed in batch:
                _rotate_one(model, field, pk, sealed, outcome)
        last = batch[-1][0]
        if progress:
            progress(outcome)


def _rotate_one(model: type[models.Model], field: EncryptedTextField, pk: Any, sealed: str, outcome: Outcome) -> None:
    try:
        fresh = encrypt(decrypt(sealed))
    except DecryptionError:
        outcome.unreadable += 1
        return
    # The condition on the old text makes a concurrent edit win.
    changed = (
        _sealed(model, field)
        .filter(pk=pk, sealed=sealed)
        .update(**{field.attname: Value(fresh, output_field=TextField())})
    )
    outcome.rotated += changed
    outcome.skipped += 1 - changed


def _sealed(model: type[models.Model], field: EncryptedTextField) -> QuerySet[Any]:
    # The cast changes the type Django sees, so the value comes back as stored instead of opened.
    return model._base_manager.annotate(sealed=Cast(F(field.attname), TextField()))
