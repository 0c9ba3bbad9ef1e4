"""Moving a column of a full table into a sealed one, or back, by small steps: for migrations."""

from typing import Any

BATCH = 500


def copy_column(model: Any, source: str, target: str) -> int:
    """Give each row's `target` what its `source` holds; returns how many rows. May be stopped and started again."""
    last, moved = None, 0
    while True:
        rows = model._default_manager.order_by("pk").only("pk", source)
        batch = list((rows.filter(pk__gt=last) if last is not None else rows)[:BATCH])
        if not batch:
            return moved
        for row in batch:
            setattr(row, target, getattr(row, source))
        model._default_manager.bulk_update(batch, [target])
        last, moved = batch[-1].pk, moved + len(batch)
