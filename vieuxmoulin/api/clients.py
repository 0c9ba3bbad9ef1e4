"""Programs that may call the API: created here, their secret shown once and kept as a hash."""

from difflib import get_close_matches
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.db import transaction
from oauth2_provider.generators import generate_client_secret
from oauth2_provider.models import get_access_token_model, get_application_model

from integrations.errors import ContentRejected
from vieuxmoulin.models import ApiClient


def create_client(name: str, scopes: list[str], *, known: dict[str, str] | None = None) -> dict[str, str]:
    """Let a program in, with these scopes; returns {"client_id", "client_secret"}, the secret for the last time.

    known: what an earlier call returned; when it still opens, it comes back as it is and only the scopes change.
    Else the client of that id or name gets a new secret, or a new client is made. Raises ContentRejected for an
    unknown scope.
    """
    check_scopes(scopes)
    known = known or {}
    with transaction.atomic():
        application, secret = _find(name, known.get("client_id", "")), known.get("client_secret", "")
        if not _opens(application, known):
            secret = generate_client_secret()
            application = _renew(application, name, secret)
        _set_scopes(application, scopes)
    return {"client_id": application.client_id, "client_secret": secret}


def exists(name: str) -> bool:
    """Whether a client of that name was let in already."""
    return ApiClient.objects.filter(application__name=name).exists()


def check_scopes(scopes: list[str]) -> None:
    """Raises ContentRejected naming each unknown scope, with the nearest one there is."""
    problems = []
    for scope in scopes:
        if scope not in settings.API_SCOPES:
            near = get_close_matches(scope, settings.API_SCOPES, 1)
            hint = f" Vouliez-vous dire « {near[0]} » ?" if near else ""
            message = f"Droit inconnu « {scope} ».{hint} Droits : {', '.join(settings.API_SCOPES)}."
            problems.append({"field": "scopes", "message": message})
    if not scopes:
        problems.append({"field": "scopes", "message": f"Aucun droit. Droits : {', '.join(settings.API_SCOPES)}."})
    if problems:
        raise ContentRejected(
            " ".join(problem["message"] for problem in problems), code="unknown_scope", problems=problems
        )


def _find(name: str, client_id: str) -> Any:
    applications = get_application_model().objects
    found = applications.filter(client_id=client_id).first() if client_id else None
    return found or applications.filter(name=name, api_client__isnull=False).first()


def _opens(application: Any, known: dict[str, str]) -> bool:
    """Whether the keys kept from before are those of this client."""
    if application is None or application.client_id != known.get("client_id"):
        return False
    return check_password(known.get("client_secret", ""), application.client_secret)


def _renew(application: Any, name: str, secret: str) -> Any:
    """Give a client a new secret; tokens that the old one opened are gone with it."""
    model = get_application_model()
    if application is None:
        application = model(
            name=name,
            client_type=model.CLIENT_CONFIDENTIAL,
            authorization_grant_type=model.GRANT_CLIENT_CREDENTIALS,
        )
    else:
        get_access_token_model().objects.filter(application=application).delete()
    application.client_secret = secret
    application.save()
    return application


def _set_scopes(application: Any, scopes: list[str]) -> None:
    """Write what a client may do; a token that says more than that is taken back."""
    wanted = sorted(set(scopes))
    client, is_new = ApiClient.objects.get_or_create(application=application, defaults={"scopes": wanted})
    if is_new or client.scopes == wanted:
        return
    if set(client.scopes) - set(wanted):
        get_access_token_model().objects.filter(application=application).delete()
    client.scopes = wanted
    client.save(update_fields=["scopes"])
