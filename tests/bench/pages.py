"""B13: the lists and the pages of the back-office over 100 000 rows of each kind: questions asked, time taken."""

from tests.bench.lab import Row, lab

MOST_QUERIES, MOST_MS = 15, 300


def measure() -> list[Row]:
    """Each page many times, signed in as the manager."""
    with lab() as found:
        pages = found.ask("from tests.bench import office; office.measure()")
    rows = [
        Row(
            f"B13 {page['name']}",
            f"{page['queries']} SQL {page['p99'] * 1000:.0f} ms",
            f"≤ {MOST_QUERIES} SQL, {MOST_MS} ms",
            page["queries"] <= MOST_QUERIES and page["p99"] * 1000 <= MOST_MS,
        )
        for page in pages
    ]
    counted = [page["name"] for page in pages if page["counts"]]
    return [*rows, Row("B13 pages qui comptent des événements bruts", ", ".join(counted) or "0", "0", not counted)]
