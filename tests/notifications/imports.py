"""Files of guests for the tests of imports."""

import io

from notifications.services.importing import applying

WORDING = "J'accepte de recevoir les offres du restaurant."
AGREED = {
    "channels": ["email", "sms"],
    "purpose": "marketing",
    "wording": WORDING,
    "source": "bulletin papier en salle",
    "date": "2024-06-01",
    "version": "2",
}


def receive(content, name="clients.csv"):
    """A file that was sent, not yet taken."""
    content = content.encode() if isinstance(content, str) else content
    return applying.receive(io.BytesIO(content), name=name, size=len(content), requested_by="camille")


def take(content, *, consent=None, keeps=False):
    """A file sent, mapped as guessed, and taken to its end; returns its row."""
    row = receive(content)
    assert applying.choose(row, row.mapping["fields"], keeps=keeps) == []
    assert applying.start(row, consent or {})
    applying.run(row.pk)
    row.refresh_from_db()
    return row


def counts(row):
    """Added, updated, unchanged, refused."""
    told = row.report
    return tuple(told[name] for name in ("added", "updated", "unchanged", "refused_total"))


def many(number, *, first=0):
    """A file of guests who have everything."""
    lines = (
        f"Camille{rank};Durand;guest{rank}@example.com;06 {10_000_000 + rank}" for rank in range(first, first + number)
    )
    return "Prénom;Nom;E-mail;Mobile\n" + "\n".join(lines) + "\n"
