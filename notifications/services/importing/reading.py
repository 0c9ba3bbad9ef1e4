"""Files of guests made into lines: whatever encoding and separator a spreadsheet or a till gave them."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, BinaryIO

from notifications.services.importing import mapping, sheets
from notifications.services.importing.table import (
    LINE,
    MOST_BYTES,
    MOST_COLUMNS,
    MOST_LINES,
    PACK,
    Line,
    Table,
    packed,
    refused,
    short_enough,
)

SEPARATORS = (";", ",", "\t")
SAMPLE_LINES, SAMPLE_SIGNS = 40, 64_000
LONGEST_HEADER = 80
OLD_EXCEL, ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
QUOTES = "Guillemets mal fermés sur cette ligne : ouvrez le fichier dans un tableur et enregistrez-le à nouveau."
SHIFTED = "Cette ligne a plus de cellules que l'en-tête : un séparateur s'est glissé dans un texte sans guillemets."


def read(file: BinaryIO, *, size: int, sheet: str = "") -> Table:
    """Read a CSV file or a workbook. Raises ContentRejected, which says what is wrong with it and how to mend it."""
    if size > MOST_BYTES:
        raise refused(
            f"Ce fichier pèse {size / 1024 / 1024:.0f} Mo : 20 Mo au plus. Coupez-le en plusieurs fichiers, "
            "ou retirez les colonnes inutiles."
        )
    content = file.read()
    if not content.strip(b"\x00 \r\n\t"):
        raise refused("Ce fichier est vide. Vérifiez que c'est bien lui, et qu'il a été enregistré avant l'envoi.")
    if content.startswith(OLD_EXCEL):
        raise refused(
            "C'est un ancien classeur Excel (.xls), ou un classeur protégé par un mot de passe. "
            "Enregistrez-le sans mot de passe au format « Classeur Excel (.xlsx) » ou CSV, puis renvoyez-le."
        )
    if content.startswith(ZIP):
        with sheets.opened(content) as workbook:
            name = sheets.chosen(workbook, sheet)
            return _table(sheets.lines(workbook[name]), sheets=list(workbook.sheetnames), sheet=name)
    return _table(_csv_lines(content))


def encoding_of(content: bytes) -> str:
    """The encoding of a text, by its mark or by what it can be read as."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    head = content[:2000]
    # Every other byte is nothing: sixteen bits without the mark that should say so.
    if head[1::2].count(0) > len(head) * 0.3:
        return "utf-16-le"
    if head[0::2].count(0) > len(head) * 0.3:
        return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _csv_lines(content: bytes) -> Iterator[Line]:
    encoding = encoding_of(content)
    if not encoding.startswith("utf-16") and b"\x00" in content:
        raise refused(
            "Ce n'est ni un fichier CSV ni un classeur Excel (.xlsx). Exportez vos contacts dans l'un des deux."
        )
    # Five bytes mean nothing in cp1252: one odd sign must not cost the whole file.
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors="replace", newline="")
    separator, skipped = _separator(text)
    text.seek(0)
    rows = csv.reader(text, delimiter=separator, strict=True)
    for number in _numbers():
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error) or "field limit" in str(error):
                raise refused(
                    f"Ligne {number} : un guillemet ouvert n'est jamais refermé, la suite du fichier est illisible. "
                    "Corrigez cette ligne, ou enregistrez à nouveau le fichier depuis un tableur."
                ) from None
            yield Line(number, [], {LINE: QUOTES})
            continue
        if number > skipped:
            yield Line(number, cells)


def _numbers() -> Iterator[int]:
    number = 0
    while True:
        number += 1
        yield number


def _separator(text: io.TextIOWrapper) -> tuple[str, int]:
    """The separator that cuts most lines alike, and how many lines come before the table (Excel's « sep=; »)."""
    sample = text.read(SAMPLE_SIGNS)
    first = sample.partition("\n")[0].strip()
    if told := SEPARATOR_LINE.fullmatch(first):
        return told[1], 1
    best: tuple[float, int] = (0, 0)
    found = SEPARATORS[0]
    for separator in SEPARATORS:
        rows = islice(csv.reader(io.StringIO(sample, newline=""), delimiter=separator), SAMPLE_LINES)
        try:
            widths = Counter(len(row) for row in rows if row)
        except csv.Error:
            continue
        width, number = max(widths.items(), key=lambda item: (item[1], item[0]), default=(0, 0))
        score = (number / max(1, widths.total()) if width > 1 else 0, width)
        if score > best:
            best, found = score, separator
    return found, 0


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
