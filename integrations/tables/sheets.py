"""Workbooks (.xlsx): one sheet, read as a stream, with what Excel did to numbers and dates put back."""

import io
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any
from xml.etree.ElementTree import ParseError  # noqa: S405 (the error's class alone; openpyxl parses with defusedxml)

import openpyxl

from integrations.tables.lines import Line, refused

# What twenty megabytes hold in good faith; beyond, the file is made to fill the memory.
MOST_UNPACKED, MOST_TEXTS, MOST_PARTS = 300 * 1024 * 1024, 64 * 1024 * 1024, 2_000
MOST_CELLS, MOST_ROWS = 20_000_000, 1_048_576
TEXTS = "xl/sharedStrings.xml"
FORMULA = "Cette cellule est une formule : dans le tableur, copiez la colonne et collez ses valeurs seules."
FAULTY = "Cette cellule affiche une erreur du tableur (#N/A, #REF!…) : corrigez-la ou videz-la."
UNREADABLE = (
    "Ce classeur ne peut pas être lu : il est abîmé, ou ce n'en est pas un. Enregistrez-le à nouveau (.xlsx) ou en CSV."
)
TOO_BIG = (
    "Ce classeur, une fois déplié, est beaucoup trop gros. Copiez la seule feuille utile dans un classeur neuf, "
    "ou enregistrez-la en CSV."
)
# All that openpyxl lets out of a damaged file.
DAMAGES = (
    zipfile.BadZipFile, zlib.error, ParseError, KeyError, ValueError, TypeError, IndexError, AttributeError, OSError, EOFError,
    NotImplementedError, RuntimeError,
)  # fmt: skip


@contextmanager
def opened(content: bytes) -> Iterator[Any]:
    """A workbook for reading, once its true size is known. Raises ContentRejected."""
    try:
        _weigh(content)
        workbook = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
    except DAMAGES:
        raise refused(UNREADABLE) from None
    try:
        yield workbook
    finally:
        workbook.close()


def chosen(workbook: Any, wanted: str) -> str:
    """The name of the sheet to read: the one named, or numbered from 1; the first when none is."""
    names = [name for name in workbook.sheetnames if hasattr(workbook[name], "iter_rows")]
    if not names:
        raise refused("Ce classeur n'a aucune feuille de cellules.")
    wanted = wanted.strip()
    if not wanted:
        return names[0]
    for name in names:
        if name.casefold() == wanted.casefold():
            return name
    if wanted.isdigit() and 1 <= int(wanted) <= len(names):
        return names[int(wanted) - 1]
    listed = ", ".join(f"« {name} »" for name in names[:20])
    raise refused(f"Ce classeur n'a pas de feuille « {wanted[:60]} ». Ses feuilles : {listed}.")


def lines(sheet: Any) -> Iterator[Line]:
    """The rows of a sheet, numbered as the spreadsheet numbers them."""
    # Some programs write a size that is not that of the table.
    sheet.reset_dimensions()
    cells = 0
    try:
        for number, row in enumerate(sheet.iter_rows(min_row=1), start=1):
            cells += len(row)
            if cells > MOST_CELLS or number > MOST_ROWS:
                raise refused(TOO_BIG)
            yield _line(number, row)
    except DAMAGES:
        raise refused(UNREADABLE) from None


def _line(number: int, row: tuple[Any, ...]) -> Line:
    line = Line(number, [])
    for rank, cell in enumerate(row):
        text, fault = _text(cell)
        line.cells.append(text)
        if fault:
            line.faults[rank] = fault
    while line.cells and not line.cells[-1] and len(line.cells) - 1 not in line.faults:
        line.cells.pop()
    return line


def _weigh(content: bytes) -> None:
    """Refuse what unpacks to far more than it weighs. An entry cannot give more than the size it announces."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = archive.infolist()
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names:
        raise refused("Ce n'est pas un classeur Excel (.xlsx). Dans votre tableur, enregistrez sous .xlsx ou CSV.")
    texts = sum(part.file_size for part in parts if part.filename == TEXTS)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED or texts > MOST_TEXTS:
        raise refused(TOO_BIG)


def _text(cell: Any) -> tuple[str, str]:
    """What a cell says as text, and why it cannot be taken."""
    value, kind = cell.value, cell.data_type
    if value is None:
        return "", ""
    if kind == "f":
        return "", FORMULA
    if kind == "e":
        return "", FAULTY
    if isinstance(value, bool):
        return ("oui" if value else "non"), ""
    if isinstance(value, datetime):
        return (value.date().isoformat() if value.time() == time() else value.isoformat(" ")), ""
    if isinstance(value, date):
        return value.isoformat(), ""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        # 612345678.0 is a telephone number that lost its zero.
        return str(int(value)), ""
    return str(value), ""
