"""Health checks for whoever runs us: alive (the process answers) and ready (it can work)."""

from django.core.cache import cache
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from redis.exceptions import RedisError

from integrations.checks import check_keyring_matches
from integrations.errors import CommunicationError


def live(request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "alive"})


def ready(request: HttpRequest) -> JsonResponse:
    """200 when the database answers, is migrated, knows our keys and the cache works; else 503 with each cause."""
    found = causes()
    return JsonResponse({"status": "not ready" if found else "ready", "causes": found}, status=503 if found else 200)


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
    if cache_error := _cache_error():
        found["cache"] = cache_error
    return found


def _cache_error() -> str:
    try:
        cache.set("health", "1", 5)
    except (RedisError, OSError):
        return "Le cache (Redis) ne répond pas."
    return ""
