"""What a person must settle between the CRM and us: raised once, closed when it is gone. Deciding is in `deciding`."""

from datetime import timedelta

from django.db.models import QuerySet
from django.utils import timezone

from vieuxmoulin.exchange.models import ContactLink, Difference

Status, Field = Difference.Status, Difference.Field
# Long enough to understand a complaint about what was chosen.
KEPT = timedelta(days=90)


def waiting() -> QuerySet[Difference]:
    """What waits for somebody, the oldest first."""
    return Difference.objects.filter(status=Status.WAITING).select_related("link__contact")


def fields_waiting(link: ContactLink) -> set[str]:
    """The fields of a guest about which somebody has still to decide."""
    return set(link.differences.filter(status=Status.WAITING).values_list("field", flat=True))


def ask(link: ContactLink, field: str, ours: str, theirs: str) -> None:
    """Raise a difference, or bring the one that waits up to date."""
    Difference.objects.update_or_create(
        link=link, field=field, status=Status.WAITING, defaults={"ours": ours, "theirs": theirs}
    )


def gone(link: ContactLink, field: str) -> None:
    """Both sides say the same again: nobody has to decide any more."""
    link.differences.filter(field=field, status=Status.WAITING).update(status=Status.GONE, decided_at=timezone.now())


def forget() -> int:
    """Forget what was settled long ago: it holds addresses. Returns how many."""
    old = Difference.objects.exclude(status=Status.WAITING).filter(decided_at__lt=timezone.now() - KEPT)
    return old.delete()[0]
