"""The refused lines of an import as a file: mended in a spreadsheet, it is imported again as it is."""

import csv
import io
from collections import defaultdict
from collections.abc import Iterator

from integrations.tables.cells import escaped
from integrations.tables.writing import BOM
from notifications.models import ContactImport
from notifications.services.importing.table import lines_of

REASON, NUMBER = "Motif du refus", "Ligne d'origine"


def refused_lines(row: ContactImport) -> Iterator[str]:
    """The refused lines as they came, with why in front, as CSV; none once the file is forgotten."""
    reasons: dict[int, list[str]] = defaultdict(list)
    for refusal in row.report.get("refused", ()):
        column = f"{refusal['column']} : " if refusal["column"] else ""
        reasons[refusal["line"]].append(f"{column}{refusal['reason']}")
    yield BOM
    yield _csv([NUMBER, REASON, *row.columns])
    for line in lines_of(row.rows or []):
        yield _csv([str(line.number), " ".join(reasons[line.number]), *line.cells])


def _csv(cells: list[str]) -> str:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=";").writerow([escaped(cell) for cell in cells])
    return buffer.getvalue()
