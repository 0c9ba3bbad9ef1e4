"""A program that calls the API with a token, in this process."""

import json
import secrets
from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application, set_token_value

from vieuxmoulin.api.clients import create_client

ROOT = "/api/communication"


class Program:
    """Calls with the token of one client; answers are Django's, with `.json()`."""

    def __init__(self, token=None):
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.client = Client(raise_request_exception=False)

    def get(self, path, **query):
        return self.client.get(f"{ROOT}{path}", query, headers=self.headers)

    def post(self, path, body=None, *, method="post", content_type="application/json", **headers):
        content = body if isinstance(body, bytes) else json.dumps({} if body is None else body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        call = getattr(self.client, method)
        return call(f"{ROOT}{path}", content, content_type=content_type, headers={**self.headers, **named})

    def patch(self, path, body, **headers):
        return self.post(path, body, method="patch", **headers)

    def delete(self, path):
        return self.client.delete(f"{ROOT}{path}", headers=self.headers)


def token_for(*scopes, name="Caisse", lasts=timedelta(hours=1)):
    """A token of a client with these scopes."""
    made = create_client(name, list(scopes))
    application = Application.objects.get(client_id=made["client_id"])
    text = secrets.token_hex(20)
    token = AccessToken(application=application, scope=" ".join(scopes), expires=timezone.now() + lasts)
    set_token_value(token, text)
    token.save()
    return text


@pytest.fixture
def program(db):
    """Make a program with some scopes, all of them by default."""

    def make(*scopes, **options):
        return Program(token_for(*(scopes or django_settings.API_SCOPES), **options))

    return make


@pytest.fixture
def api(program):
    """A program that may do everything."""
    return program()
