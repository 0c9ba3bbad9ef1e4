"""CSV of any encoding and separator, as lines."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from itertools import islice

from integrations.tables.lines import LINE, Line, refused

SEPARATORS = (";", ",", "\t")
SAMPLE_LINES, SAMPLE_SIGNS = 40, 64_000
SEPARATOR_LINE = re.compile(r'"?sep=(.)"?', re.IGNORECASE)
QUOTES = "Guillemets mal fermés sur cette ligne : ouvrez le fichier dans un tableur et enregistrez-le à nouveau."


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


def lines(content: bytes) -> Iterator[Line]:
    """The lines of a CSV file. Raises ContentRejected for what is no text, or breaks off."""
    encoding = encoding_of(content)
    if not encoding.startswith("utf-16") and b"\x00" in content:
        raise refused(
            "Ce n'est ni un fichier CSV ni un classeur Excel (.xlsx). Exportez vos données dans l'un des deux."
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
