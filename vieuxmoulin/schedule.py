"""Every periodic job, with the reason for its pace. `manage.py schedule` writes them where beat reads them."""

from dataclasses import dataclass

from django.conf import settings


@dataclass(frozen=True)
class Job:
    name: str
    task: str
    seconds: int
    reason: str


JOBS = (
    Job(
        "Balayage",
        "vieuxmoulin.tasks.sweep",
        settings.SWEEP_SECONDS,
        "Un envoi dû ne doit pas attendre plus d'une minute après un incident.",
    ),
    Job("Pouls", "vieuxmoulin.tasks.beat_pulse", 60, "Trois pouls manqués font une alerte : trois minutes."),
    Job(
        "Visite des services",
        "vieuxmoulin.tasks.check_services",
        300,
        "Assez tôt pour prévenir, assez rare pour leurs quotas.",
    ),
)
