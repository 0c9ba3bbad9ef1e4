"""What the played shops write alike on their pages."""


def euros(cents: int) -> str:
    """1850 as a French reader writes it."""
    return f"{cents // 100},{cents % 100:02d}\u00a0€"
