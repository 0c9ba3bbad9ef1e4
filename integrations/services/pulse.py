"""How we feel: the pulse of workers and beat, and what the last calls told us of each outside service."""

from datetime import timedelta

from django.utils import timezone

from integrations.models import Heartbeat, ServiceHealth

# Pulses come each minute; three missed ones are a silence.
SILENCE = timedelta(minutes=3)


def beat(name: str) -> None:
    """Note that something lives."""
    Heartbeat.objects.update_or_create(name=name, defaults={"seen_at": timezone.now()})


def pulses(names: list[str]) -> dict[str, dict]:
    """Each name with when it was last seen and whether that is recent enough."""
    seen = dict(Heartbeat.objects.filter(name__in=names).values_list("name", "seen_at"))
    now = timezone.now()
    return {
        name: {
            "seen_at": seen[name].isoformat() if name in seen else None,
            "is_alive": name in seen and now - seen[name] < SILENCE,
        }
        for name in names
    }


def note(slug: str, *, error: str = "") -> None:
    """Remember how the last check of an outside service went."""
    now = timezone.now()
    changes = (
        {"is_up": False, "last_failure_at": now, "last_error": error}
        if error
        else {"is_up": True, "last_success_at": now, "last_error": ""}
    )
    ServiceHealth.objects.update_or_create(slug=slug, defaults=changes)
