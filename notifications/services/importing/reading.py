"""Files of guests made into lines: whatever encoding and separator a spreadsheet or a till gave them."""

from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

from integrations.tables.opening import opened
from integrations.tables.texts import SAMPLE_LINES
from notifications.services.importing import mapping
from notifications.services.importing.table import (
    LINE,
    MOST_COLUMNS,
    MOST_LINES,
    PACK,
    Line,
    Table,
    packed,
    refused,
    short_enough,
)

LONGEST_HEADER = 80
SHIFTED = "Cette ligne a plus de cellules que l'en-tête : un séparateur s'est glissé dans un texte sans guillemets."


def read(file: BinaryIO, *, size: int, sheet: str = "") -> Table:
    """Read a CSV file or a workbook. Raises ContentRejected, which says what is wrong with it and how to mend it."""
    with opened(file, size=size, sheet=sheet) as found:
        return _table(found.lines, sheets=found.sheets, sheet=found.sheet)


def _table(lines: Iterator[Line], **more: Any) -> Table:
    """Names of columns and packs of lines; blank lines are left out."""
    filled: Iterator[Line] = (line for line in lines if not line.is_blank())
    first = next(filled, None)
    if first is None:
        raise refused("Ce fichier ne contient que des lignes vides.")
    has_header = LINE not in first.faults and not mapping.looks_like_a_guest(first.cells)
    remarks: list[str] = []
    if has_header:
        columns = _named(first.cells, remarks)
    else:
        head = list(islice(filled, SAMPLE_LINES))
        filled = chain([first], head, filled)
        width = max(len(line.cells) for line in [first, *head])
        columns = [f"Colonne {rank + 1}" for rank in range(width)]
        remarks.append(
            "Pas d'en-tête : la première ligne est déjà un contact. Les colonnes sont devinées d'après leur contenu."
        )
    if len(columns) > MOST_COLUMNS:
        raise refused(f"{len(columns)} colonnes : {MOST_COLUMNS} au plus. Retirez celles qui ne servent pas.")
    packs, count = _packs(filled, len(columns))
    if not count:
        raise refused("Ce fichier a un en-tête, mais aucune ligne en dessous : il n'y a personne à importer.")
    return Table(columns, has_header, count, packs, remarks, **more)


def _named(cells: list[str], remarks: list[str]) -> list[str]:
    """The names of columns, each once; blank ones on the right are no columns."""
    while cells and not cells[-1].strip():
        cells = cells[:-1]
    seen: Counter[str] = Counter()
    named = []
    for rank, cell in enumerate(cells):
        name = " ".join(cell.split())[:LONGEST_HEADER] or f"Colonne {rank + 1}"
        seen[name.casefold()] += 1
        if (times := seen[name.casefold()]) > 1:
            remarks.append(f"Deux colonnes s'appellent « {name} » : la suivante est nommée « {name} ({times}) ».")
            name = f"{name} ({times})"
        named.append(name)
    return named


def _packs(lines: Iterator[Line], width: int) -> tuple[list[str], int]:
    packs: list[str] = []
    count = 0
    while batch := [_fitted(line, width) for line in islice(lines, PACK)]:
        count += len(batch)
        if count > MOST_LINES:
            raise refused(
                f"Plus de {MOST_LINES // 1000} 000 lignes. Coupez ce fichier en plusieurs, et importez-les l'un après "
                "l'autre."
            )
        packs.append(packed(batch))
    return packs, count


def _fitted(line: Line, width: int) -> Line:
    """As many cells as there are columns."""
    if any(cell.strip() for cell in line.cells[width:]):
        line.faults[LINE] = SHIFTED
    line.cells = (line.cells + [""] * width)[:width]
    line.faults = {rank: why for rank, why in line.faults.items() if rank < width}
    return short_enough(line)
