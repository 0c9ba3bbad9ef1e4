"""One line of a file, with what cannot be taken of it."""

from dataclasses import dataclass, field

from integrations.errors import ContentRejected

MOST_BYTES = 20 * 1024 * 1024
# The fault of a whole line rather than of one of its cells.
LINE = -1


@dataclass
class Line:
    """One line of a file, its number as a spreadsheet shows it. faults: why a cell cannot be taken, by its rank."""

    number: int
    cells: list[str]
    faults: dict[int, str] = field(default_factory=dict)

    def is_blank(self) -> bool:
        return not self.faults and not any(cell.strip() for cell in self.cells)


def refused(message: str) -> ContentRejected:
    """What is wrong with a file, with its cure."""
    return ContentRejected(message, code="import_file")
