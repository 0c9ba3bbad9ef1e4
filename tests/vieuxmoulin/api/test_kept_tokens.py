"""A token is looked up once a minute at most, and opens nothing any more as soon as it is taken back or runs out."""

import pickle
from datetime import timedelta

import pytest
from django.utils import timezone
from oauth2_provider.models import AccessToken, Application

from integrations import kept as keeping
from integrations import shared_cache
from tests.vieuxmoulin.api.conftest import Program, token_for
from vieuxmoulin.api.clients import create_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """The cache of this process stands for one that all share."""
    monkeypatch.setattr(shared_cache, "is_shared", lambda: True)


@pytest.fixture
def caller():
    """A program whose token was looked up already."""
    made = Program(token_for("campaigns:read"))
    assert made.get("/campaigns").status_code == 200
    return made


def test_a_token_is_looked_up_once(caller, django_assert_num_queries):
    # The campaigns only.
    with django_assert_num_queries(1):
        assert caller.get("/campaigns").status_code == 200


def test_a_token_that_is_taken_back_opens_nothing_any_more(caller):
    AccessToken.objects.all().delete()

    assert caller.get("/campaigns").status_code == 401


def test_a_program_that_loses_a_right_loses_it_at_once(caller):
    create_client("Caisse", ["notify"])

    assert caller.get("/campaigns").status_code == 401


def test_a_program_that_is_removed_is_shut_out(caller):
    Application.objects.all().delete()

    assert caller.get("/campaigns").status_code == 401


def test_a_token_that_is_rewritten_is_read_anew(caller):
    token = AccessToken.objects.get()
    token.scope = "notify"
    token.save()

    assert caller.get("/campaigns").status_code == 403


def test_a_token_runs_out_at_its_hour_though_it_is_kept(caller, monkeypatch):
    hour_later = timezone.now() + timedelta(hours=1, seconds=1)
    monkeypatch.setattr("oauth2_provider.models.timezone.now", lambda: hour_later)

    assert caller.get("/campaigns").status_code == 401


def test_what_is_kept_holds_neither_the_token_nor_a_secret(monkeypatch):
    added = {}
    monkeypatch.setattr(keeping.cache, "add", lambda key, value, timeout: added.update({key: pickle.dumps(value)}))
    text = token_for("campaigns:read")
    Program(text).get("/campaigns")

    kept = str(added)
    secret = Application.objects.get().client_secret
    assert "api.token:" in kept
    assert text not in kept
    assert secret not in kept
