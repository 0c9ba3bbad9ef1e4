"""A CSV file or a workbook, whichever was sent, as lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO

from integrations.tables import sheets, texts
from integrations.tables.lines import MOST_BYTES, Line, refused

OLD_EXCEL, ZIP = b"\xd0\xcf\x11\xe0", b"PK\x03\x04"


@dataclass(frozen=True)
class Opened:
    """A file being read. sheets: the names of a workbook's sheets; sheet: the one that is read."""

    lines: Iterator[Line]
    sheets: list[str] = field(default_factory=list)
    sheet: str = ""


@contextmanager
def opened(file: BinaryIO, *, size: int, sheet: str = "") -> Iterator[Opened]:
    """Read while inside. Raises ContentRejected, which says what is wrong with the file and how to mend it."""
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
            yield Opened(sheets.lines(workbook[name]), list(workbook.sheetnames), name)
        return
    yield Opened(texts.lines(content))
