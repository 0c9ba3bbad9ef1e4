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
    causes = {}
    try:
        executor = MigrationExecutor(connection)
        if executor.migration_plan(executor.loader.graph.leaf_nodes()):
            causes["migrations"] = "Des migrations attendent : lancez « manage.py migrate »."
        check_keyring_matches()
    except DatabaseError:
        causes["database"] = "La base de données ne répond pas."
    except CommunicationError as error:
        causes["encryption"] = str(error)
    if cache_error := _cache_error():
        causes["cache"] = cache_error
    return JsonResponse({"status": "not ready" if causes else "ready", "causes": causes}, status=503 if causes else 200)


def _cache_error() -> str:
    try:
        cache.set("health", "1", 5)
    except (RedisError, OSError):
        return "Le cache (Redis) ne répond pas."
    return ""
