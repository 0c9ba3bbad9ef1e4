"""Idempotency-Key: a POST sent twice is done once, and answered twice alike.

The key is reserved first, in a transaction of its own, so that a second request sees it. The answer is then written in
the same transaction as the rows it tells of: a crash leaves neither, and the reservation runs out by itself.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from vieuxmoulin.api.errors import Conflict, KeyReused
from vieuxmoulin.models import IdempotencyRecord

HEADER = "Idempotency-Key"
MAX_LENGTH = 255
# Longer than any request may run (gunicorn ends it before).
LEASE = timedelta(seconds=60)
KEPT_FOR = timedelta(days=2)
KEPT_HEADERS = ("Location",)


def once(handler: Callable[..., Response], request: Request, *args: Any, **kwargs: Any) -> Response:
    """Run a POST handler, or give again the answer it gave to the same key.

    Raises KeyReused for another request under the same key, Conflict while the first one runs.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return handler(request, *args, **kwargs)
    _check(key)
    reserved = _reserve(request, key)
    if isinstance(reserved, Response):
        return reserved
    try:
        with transaction.atomic():
            response = handler(request, *args, **kwargs)
            _complete(reserved, response)
    except BaseException:
        # A refusal frees the key: the corrected request may use it again.
        _mine(reserved).delete()
        raise
    return response


def forget_old() -> int:
    """Remove the answers that nobody will ask for again; returns how many."""
    return IdempotencyRecord.objects.filter(created_at__lt=timezone.now() - KEPT_FOR).delete()[0]


def fingerprint(request: Request) -> str:
    """What makes two requests the same: the address and the content, however it is laid out."""
    content = json.dumps(request.data, sort_keys=True, separators=(",", ":"))
    text = "\n".join((request.method or "", request.path.rstrip("/"), request.META.get("QUERY_STRING", ""), content))
    return hashlib.sha256(text.encode()).hexdigest()


def _check(key: str) -> None:
    if not 1 <= len(key) <= MAX_LENGTH or not key.isascii() or not key.isprintable():
        message = f"De 1 à {MAX_LENGTH} signes ASCII imprimables attendus, un UUID par exemple."
        raise ValidationError({HEADER: message})


def _reserve(request: Request, key: str) -> IdempotencyRecord | Response:
    """The record of a key that is now ours, or the answer already given."""
    now = timezone.now()
    client, print_ = request.auth.application.client_id[:150], fingerprint(request)
    try:
        with transaction.atomic():
            return IdempotencyRecord.objects.create(
                client=client, key=key, fingerprint=print_, running_until=now + LEASE
            )
    except IntegrityError:
        record = IdempotencyRecord.objects.filter(client=client, key=key).first()
    if record is None:
        # The first request was refused in this very moment.
        return _reserve(request, key)
    if record.response_status is not None or record.running_until > now:
        return _answer_again(record, print_)
    # The first request died: whoever changes its lease takes the key over.
    until = now + LEASE
    taken = _mine(record).update(running_until=until, fingerprint=print_)
    if not taken:
        raise Conflict("Une demande portant cette Idempotency-Key est en cours : réessayez dans un instant.")
    record.running_until = until
    return record


def _answer_again(record: IdempotencyRecord, print_: str) -> Response:
    if record.fingerprint != print_:
        raise KeyReused("Cette Idempotency-Key a déjà servi à une autre demande : prenez-en une nouvelle.")
    if record.response_status is None:
        raise Conflict("Une demande portant cette Idempotency-Key est en cours : réessayez dans un instant.")
    headers = {**record.response_headers, "Idempotent-Replayed": "true"}
    return Response(record.response_body, status=record.response_status, headers=headers)


def _complete(record: IdempotencyRecord, response: Response) -> None:
    """Write the answer down; a request that lost its lease must not count, for another one does the work."""
    record.response_status, record.response_body = response.status_code, response.data
    kept = _mine(record).update(
        response_status=response.status_code,
        response_body=response.data,
        response_headers={name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
    )
    if not kept:
        raise Conflict("Cette demande a duré trop longtemps : une autre, de même Idempotency-Key, l'a remplacée.")


def _mine(record: IdempotencyRecord) -> Any:
    """The record, while this request holds its lease."""
    return IdempotencyRecord.objects.filter(
        pk=record.pk, running_until=record.running_until, response_status__isnull=True
    )
