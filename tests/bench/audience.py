"""B4, B5, B9: an audience counted and made into rows, and the statements that its messages cost."""

from tests.bench import CROWD
from tests.bench.lab import Row, at_least, at_most_ms, lab


def measure() -> list[Row]:
    """All three on one house, where nothing else runs."""
    with lab() as found:
        statements = found.ask("from tests.bench import prepare; prepare.count_queries()")
        crowd = found.ask("from tests.bench import crowds; crowds.measure()")
    return [*_statements(statements), *_audience(crowd)]


def _statements(found: dict[str, int]) -> list[Row]:
    per_sms = found["sms"] / 320
    return [
        Row("B5 SQL par lot de 1 000 e-mails", str(found["email"]), "≤ 6 (4)", found["email"] <= 6),
        Row("B5 SQL par SMS (fenêtre de 32)", f"{per_sms:.3f}", "≤ 0,1 (0,07)", per_sms <= 0.1),
    ]


def _audience(found: dict) -> list[Row]:
    foretold = found["counts"].pop("prévision")
    slowest = max(found["counts"], key=found["counts"].get)
    return [
        Row(f"Prévision d'un envoi à {CROWD} contacts, raisons comprises", f"{foretold * 1000:.0f} ms"),
        at_most_ms(f"B9 {CROWD} contacts comptés ({slowest}, le plus lent)", found["counts"][slowest], 1000, 100),
        at_least(f"B4 {CROWD} lignes écrites ÷ COPY", found["copy"] / found["expand"], 0.5, 0.75),
    ]
