"""Dates typed by people: the clock on the wall in Paris, whose hours are twice or never on two nights of the year."""

from datetime import UTC, datetime

from menus.words import PARIS


def wall_clock(text: str) -> datetime | None:
    """« 2026-03-27T11:30 » in Paris; None for nothing. Raises ValueError for what is no moment, or is not one alone."""
    if not text:
        return None
    try:
        naive = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("Écrivez une date et une heure, comme 27/03/2026 11:30.") from None
    if not 2000 <= naive.year <= 2100:
        raise ValueError("Cette année n'est pas vraisemblable : vérifiez la date.")
    early, late = (naive.replace(tzinfo=PARIS, fold=fold) for fold in (0, 1))
    if early.utcoffset() == late.utcoffset():
        return early
    if early.astimezone(UTC).astimezone(PARIS).replace(tzinfo=None) != naive:
        raise ValueError(
            f"Cette nuit-là on passe à l'heure d'été : {naive:%H:%M} n'existe pas. Choisissez 03:00 ou plus tard."
        )
    raise ValueError(
        f"Cette nuit-là on passe à l'heure d'hiver : {naive:%H:%M} existe deux fois. Choisissez avant 02:00 ou à "
        "partir de 03:00."
    )
