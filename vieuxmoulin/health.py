"""Health checks for whoever runs us: alive (the process answers) and ready (it can work)."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse

from integrations import shared_cache
from integrations.checks import check_keyring_matches
from integrations.errors import CommunicationError


def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, is migrated and knows our keys; else 503 with each cause.

    What we can do without is told beside it: a proxy that reads this must not shut the house for it.
    """
    found = causes()
    told = {"status": "not ready" if found else "ready", "causes": found, "degraded": lacks()}
    return JsonResponse(told, status=503 if found else 200)


def causes() -> dict[str, str]:
    """Why we could not work now, by part, in French; empty when we can."""
    found = {}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            found["migrations"] = "Des migrations attendent : lancez « manage.py migrate »."
        check_keyring_matches()
    except DatabaseError:
        found["database"] = "La base de données ne répond pas."
    except CommunicationError as error:
        found["encryption"] = str(error)
    return found


def lacks() -> dict[str, str]:
    """What is away and we go on without, by part, in French."""
    if shared_cache.is_away():
        return {"cache": "Le cache (Redis) ne répond pas : chaque processus garde le sien."}
    return {}
