"""Every periodic job, with the reason for its pace. `manage.py schedule` writes them where beat reads them."""

from dataclasses import dataclass

from django.conf import settings

from integrations.queueing import send

DAY = 86_400


@dataclass(frozen=True)
class Job:
    """seconds: its pace; 0 for one that is done at fixed hours instead, those of the restaurant, as cron writes them.

    is_first: done at once when beat starts, rather than after its first interval.
    """

    name: str
    task: str
    seconds: int
    reason: str
    is_first: bool = False
    hours: str = ""


JOBS = (
    Job(
        "Balayage",
        "vieuxmoulin.tasks.sweep",
        settings.SWEEP_SECONDS,
        "Un envoi dû ne doit pas attendre plus d'une minute après un incident.",
        is_first=True,
    ),
    Job(
        "Pouls",
        "vieuxmoulin.tasks.beat_pulse",
        60,
        "Trois pouls manqués font une alerte : trois minutes.",
        is_first=True,
    ),
    Job(
        "Visite des services",
        "vieuxmoulin.tasks.check_services",
        300,
        "Assez tôt pour prévenir, assez rare pour leurs quotas.",
        is_first=True,
    ),
    Job(
        "Chiffres des posts",
        "social.tasks.take_metrics",
        300,
        "Un post vit vite : sa première heure est relevée de près.",
    ),
    Job(
        "Réactions des clients", "social.tasks.poll_interactions", 300, "Un commentaire attend peu ; les quotas aussi."
    ),
    Job(
        "Jetons des réseaux",
        "social.tasks.renew_tokens",
        600,
        "Les plus courts vivent deux heures ; après une nuit d'arrêt, ils passent avant le reste.",
        is_first=True,
    ),
    Job(
        "Oppositions chez les prestataires",
        "notifications.tasks.learn_stops",
        3600,
        "Un STOP est obéi dans l'heure, même d'un service qui ne le dit que si on le lui demande.",
    ),
    Job(
        "Objectifs des campagnes",
        "vieuxmoulin.tasks.watch_goals",
        300,
        "Un objectif atteint se dit pendant que la campagne peut encore en profiter.",
    ),
    Job(
        "Épuisés redits le matin",
        "menus.tasks.tell_stock_again",
        0,
        "Des plateformes remettent tout en vente à l'aube : redit avant chaque service, sans effet si rien ne manque.",
        hours="6,10,17",
    ),
    Job(
        "Abonnements aux retours",
        "vieuxmoulin.tasks.renew_subscriptions",
        DAY,
        "Un service qui a oublié de nous appeler est redemandé dans la journée, sans effet s'il n'a rien oublié.",
    ),
    Job(
        "Modules voisins",
        "vieuxmoulin.tasks.sync_modules",
        settings.SWEEP_SECONDS,
        "Chaque flux a son rythme (une à quinze minutes) ; un plat épuisé ou un refus n'attend pas.",
        is_first=True,
    ),
    Job(
        "Clients du CRM comparés",
        "vieuxmoulin.tasks.compare_guests",
        DAY,
        "Ce qui a été changé ici depuis la dernière parole du CRM ; le reste l'est au fil de l'eau.",
    ),
    Job(
        "Plats peu vendus",
        "vieuxmoulin.tasks.propose_slow_dishes",
        7 * DAY,
        "Un mois de ventes bouge peu d'un jour à l'autre : un brouillon par semaine, si SLOW_DISHES_WEEKLY ou une règle.",
    ),
    Job("Ménage", "vieuxmoulin.tasks.tidy", DAY, "Jetons, réponses et images que personne ne redemandera."),
)


def first_round(**_: object) -> None:
    """Do now what beat would only do after its first interval: a house that starts says at once how it feels."""
    for job in JOBS:
        if job.is_first:
            send(job.task)
