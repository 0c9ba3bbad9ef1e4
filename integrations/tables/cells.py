"""Cells of text that spreadsheets show and do not run."""

import re
import unicodedata
from typing import Any

from openpyxl.cell import WriteOnlyCell

# What a spreadsheet would run as a formula; our exports put an apostrophe before it, our imports take it away.
DANGEROUS = re.compile(r"'*[=+\-@\t\r]")
ESCAPED = re.compile(r"'+[=+\-@\t\r]")


def tidy(text: str) -> str:
    """One line without control signs nor doubled spaces; marks of right-to-left scripts and emojis stay."""
    return " ".join("".join(" " if _is_unfit(sign) else sign for sign in text).split())


def _is_unfit(sign: str) -> bool:
    """What neither PostgreSQL nor a workbook can hold, or that no line of text has."""
    return sign in "\ufffe\uffff" or unicodedata.category(sign) in ("Cc", "Cs")


def unescaped(text: str) -> str:
    """Without the apostrophe that our exports put before what a spreadsheet would run."""
    return text[1:] if ESCAPED.match(text) else text


def escaped(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run; imports take the apostrophe away again."""
    return f"'{cell}" if DANGEROUS.match(cell) else cell


def text_cell(sheet: Any, text: str) -> Any:
    """A cell of a workbook that is text whatever it begins with."""
    cell = WriteOnlyCell(sheet, value=escaped(text))
    # What begins with « = » is a formula to openpyxl unless told otherwise.
    cell.data_type = "s"
    return cell
