"""What a file becomes once read: lines of text cells, packed small enough to be sealed and taken one pack at a time."""

import base64
import json
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from integrations.tables.lines import LINE, MOST_BYTES, Line, refused

__all__ = ["LINE", "MOST_BYTES", "Line", "Table", "refused"]

MOST_LINES, MOST_COLUMNS, LONGEST_CELL = 200_000, 100, 2_000
# One pack is one transaction of the run: short enough that others may write between two.
PACK = 500


@dataclass(frozen=True)
class Table:
    """A file as read. packs: sealed into the row as they are. sheets: the names of a workbook's sheets."""

    columns: list[str]
    has_header: bool
    count: int
    packs: list[str]
    remarks: list[str]
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""


def short_enough(line: Line) -> Line:
    """Empty the cells that no field could hold, with the reason."""
    for rank, cell in enumerate(line.cells):
        if len(cell) > LONGEST_CELL:
            line.cells[rank] = ""
            line.faults[rank] = (
                f"Cellule de {len(cell)} signes : {LONGEST_CELL} au plus. Raccourcissez-la, ou ignorez cette colonne."
            )
    return line


def packed(lines: Iterable[Line]) -> str:
    """A pack of lines as text, a fifth of its size."""
    rows: list[Any] = [
        [line.number, line.cells, line.faults] if line.faults else [line.number, line.cells] for line in lines
    ]
    return base64.b64encode(
        zlib.compress(json.dumps(rows, ensure_ascii=False).encode("utf-8", "surrogatepass"))
    ).decode()


def unpacked(pack: str) -> list[Line]:
    """The lines of a pack."""
    rows = json.loads(zlib.decompress(base64.b64decode(pack)).decode("utf-8", "surrogatepass"))
    return [
        Line(row[0], row[1], {int(rank): why for rank, why in row[2].items()} if len(row) > 2 else {}) for row in rows
    ]


def lines_of(packs: Iterable[str]) -> Iterator[Line]:
    """All lines, one pack in memory at a time."""
    for pack in packs:
        yield from unpacked(pack)
