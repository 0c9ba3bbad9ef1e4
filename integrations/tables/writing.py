"""Lines written as files that any spreadsheet opens, and that run nothing there."""

import csv
import io
import tempfile
from collections.abc import Iterable, Iterator
from typing import IO

import openpyxl

from integrations.tables.cells import escaped, text_cell

BOM = "\ufeff"


def as_csv(lines: Iterable[list[str]]) -> Iterator[str]:
    """Lines as the French Excel opens them: semicolons, and the mark of UTF-8."""
    yield BOM
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=";")
    for line in lines:
        writer.writerow([escaped(cell) for cell in line])
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def as_workbook(lines: Iterable[list[str]], *, title: str) -> IO[bytes]:
    """Lines as a workbook on disk, which vanishes once closed; every cell is text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet(title)
    for line in lines:
        sheet.append([text_cell(sheet, cell) for cell in line])
    file = tempfile.TemporaryFile()  # noqa: SIM115 (whoever answers the request closes it)
    book.save(file)
    file.seek(0)
    return file
