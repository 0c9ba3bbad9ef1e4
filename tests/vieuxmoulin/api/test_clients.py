"""Clients: made once, their secret shown once."""

import json

import pytest
from django.contrib.auth.hashers import check_password
from django.core.management import CommandError, call_command
from oauth2_provider.models import AccessToken, Application

from integrations.errors import ContentRejected
from tests.vieuxmoulin.api.conftest import token_for
from vieuxmoulin.api.clients import create_client
from vieuxmoulin.models import ApiClient

pytestmark = pytest.mark.django_db


def test_the_secret_is_kept_as_a_hash_only():
    made = create_client("Caisse", ["publish"])

    application = Application.objects.get(client_id=made["client_id"])
    assert application.client_secret != made["client_secret"]
    assert check_password(made["client_secret"], application.client_secret)
    assert application.authorization_grant_type == "client-credentials"


def test_known_keys_that_still_open_come_back_unchanged():
    known = create_client("Caisse", ["publish"])

    again = create_client("Caisse", ["notify", "publish"], known=known)

    assert again == known
    assert ApiClient.objects.get().scopes == ["notify", "publish"]


@pytest.mark.parametrize("spoilt", ["client_id", "client_secret"])
def test_known_keys_that_no_longer_open_are_replaced(spoilt):
    known = create_client("Caisse", ["publish"])

    again = create_client("Caisse", ["publish"], known={**known, spoilt: "autre"})

    assert again["client_secret"] != known["client_secret"]
    assert Application.objects.count() == 1


def test_a_client_that_does_not_exist_here_is_made_anew():
    made = create_client("Caisse", ["publish"], known={"client_id": "ailleurs", "client_secret": "secret"})

    assert made["client_id"] != "ailleurs"
    assert Application.objects.get().name == "Caisse"


def test_taking_a_scope_away_takes_the_tokens_back():
    known = create_client("Caisse", ["publish", "notify"])
    token_for("publish", "notify", name="Autre")
    AccessToken.objects.update(application=Application.objects.get(client_id=known["client_id"]))

    create_client("Caisse", ["publish"], known=known)

    assert AccessToken.objects.count() == 0


def test_adding_a_scope_leaves_the_tokens():
    token_for("publish", name="Caisse")
    known = create_client("Caisse", ["publish"])
    text = token_for("publish", name="Caisse")

    create_client("Caisse", ["publish", "notify"], known={**known})

    assert text
    assert ApiClient.objects.get().scopes == ["notify", "publish"]


def test_an_unknown_scope_is_refused_with_the_nearest_one():
    with pytest.raises(ContentRejected, match="« publsh ». Vouliez-vous dire « publish »"):
        create_client("Caisse", ["publsh"])

    assert Application.objects.count() == 0


def test_the_command_prints_id_and_secret_once(capsys):
    call_command("create_api_client", "Caisse", "--scopes", "publish notify")

    said = capsys.readouterr().out
    application = Application.objects.get()
    assert application.client_id in said
    secret = said.split("client_secret : ")[1].split()[0]
    assert check_password(secret, application.client_secret)


def test_the_command_speaks_json(capsys):
    call_command("create_api_client", "Caisse", "--scopes", "publish", "--json")

    assert set(json.loads(capsys.readouterr().out)) == {"client_id", "client_secret"}


def test_the_command_does_not_change_a_secret_by_accident():
    call_command("create_api_client", "Caisse", "--scopes", "publish", "--json")
    before = Application.objects.get().client_secret

    with pytest.raises(CommandError, match="existe déjà"):
        call_command("create_api_client", "Caisse", "--scopes", "publish")

    assert Application.objects.get().client_secret == before


def test_the_command_renews_when_told_to():
    call_command("create_api_client", "Caisse", "--scopes", "publish", "--json")
    before = Application.objects.get().client_secret

    call_command("create_api_client", "Caisse", "--scopes", "publish", "--renew")

    assert Application.objects.get().client_secret != before


def test_the_command_refuses_an_unknown_scope():
    with pytest.raises(CommandError, match="Droit inconnu"):
        call_command("create_api_client", "Caisse", "--scopes", "tout")
