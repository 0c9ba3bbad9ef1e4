"""Who calls: the bearer token of a client, in the Authorization header and nowhere else."""

import hashlib
from functools import partial
from typing import Any

from django.db.models.signals import post_delete, post_save
from django.dispatch import receiver
from oauth2_provider.contrib.rest_framework import OAuth2Authentication
from oauth2_provider.models import AccessToken
from oauth2_provider.oauth2_validators import OAuth2Validator
from rest_framework.exceptions import AuthenticationFailed, ParseError
from rest_framework.request import Request

from integrations.kept import changed, kept


class Validator(OAuth2Validator):
    """Django OAuth Toolkit's, reading of a token what our programs have: each call to the API begins with this query."""

    def _load_access_token(self, token: str) -> AccessToken | None:
        """Called by the base class, which also joins the person who signed in: there is none here."""
        checksum = hashlib.sha256(token.encode()).hexdigest()
        return kept(_key(checksum), partial(_read, checksum))


def _key(checksum: str) -> str:
    return f"api.token:{checksum}"


def _read(checksum: str) -> AccessToken | None:
    found = AccessToken.objects.filter(token_checksum=checksum).select_related("application")
    return found.only(*_READ).order_by().first()


@receiver([post_save, post_delete], sender=AccessToken)
def forget_token(instance: AccessToken, created: bool = False, **_: Any) -> None:
    """A token that is taken back opens nothing any more, in no process; nobody can have kept one that is new."""
    if not created:
        changed(_key(instance.token_checksum))


# Of the token and of its application, what a request is judged and told by.
_READ = (
    "token_checksum",
    "user",
    "expires",
    "scope",
    "resource",
    "application__client_id",
    "application__name",
)


class BearerAuthentication(OAuth2Authentication):
    """Django OAuth Toolkit's, without reading the body first, and with a header that is plain ASCII."""

    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        # The toolkit would parse the body to look for a token; the header alone counts here.
        plain = request._request
        scheme, _, token = plain.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token.strip():
            return None
        try:
            found = super().authenticate(plain)
        except ValueError:
            raise ParseError("Adresse mal encodée : vérifiez les signes « % » de la requête.") from None
        if found is None:
            raise AuthenticationFailed()
        return found

    def authenticate_header(self, request: Request) -> str:
        error = ', error="invalid_token"' if "Authorization" in request.headers else ""
        return f'Bearer realm="{self.www_authenticate_realm}"{error}'
