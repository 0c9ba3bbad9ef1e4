"""API clients in the back-office: rights ticked, the secret shown once and never again."""

import re

from django.contrib.auth.hashers import check_password
from django.urls import reverse
from django.utils import timezone
from oauth2_provider.models import get_access_token_model, get_application_model

from vieuxmoulin.api.clients import create_client
from vieuxmoulin.models import ApiClient

SECRET = re.compile(r'<pre class="bo-secret"[^>]*>([^<]+)</pre>')


def test_a_client_is_let_in_and_its_secret_shown_once(office):
    response = office.post(
        reverse("admin:vieuxmoulin_apiclient_add"), {"name": "Caisse", "scopes": ["publish", "notify"]}
    )

    client = ApiClient.objects.get()
    secret = SECRET.search(response.content.decode())[1]
    later = office.get(reverse("admin:vieuxmoulin_apiclient_change", args=[client.pk])).content.decode()
    assert client.scopes == ["notify", "publish"]
    assert check_password(secret, client.application.client_secret)
    assert "no-store" in response.headers["Cache-Control"]
    assert secret not in later
    assert client.application.client_secret not in later


def test_a_name_already_taken_is_refused(office):
    create_client("Caisse", ["publish"])

    response = office.post(reverse("admin:vieuxmoulin_apiclient_add"), {"name": "Caisse", "scopes": ["notify"]})

    assert "Un client de ce nom existe déjà" in response.content.decode()
    assert ApiClient.objects.get().scopes == ["publish"]


def test_rights_are_changed_the_secret_kept_and_the_tokens_taken_back(office):
    made = create_client("Caisse", ["publish"])
    client = ApiClient.objects.get()
    tokens = get_access_token_model().objects
    tokens.create(application=client.application, token="jeton", expires=timezone.now(), scope="publish")

    office.post(reverse("admin:vieuxmoulin_apiclient_change", args=[client.pk]), {"scopes": ["notify"]})

    client.refresh_from_db()
    assert client.scopes == ["notify"]
    assert not tokens.exists()
    assert check_password(made["client_secret"], client.application.client_secret)


def test_a_new_secret_shuts_the_old_one_out(ask):
    made = create_client("Caisse", ["publish"])
    client = ApiClient.objects.get()

    response = ask("vieuxmoulin_apiclient_new_secret", client)

    client.application.refresh_from_db()
    secret = SECRET.search(response.content.decode())[1]
    assert check_password(secret, client.application.client_secret)
    assert not check_password(made["client_secret"], client.application.client_secret)


def test_a_client_that_is_deleted_no_longer_gets_in(office):
    create_client("Caisse", ["publish"])
    client = ApiClient.objects.get()

    office.post(reverse("admin:vieuxmoulin_apiclient_delete", args=[client.pk]), {"post": "yes"})

    assert not ApiClient.objects.exists()
    assert not get_application_model().objects.exists()


def test_everything_is_found_from_one_box(office, everything):
    found = office.get("/admin/search/", {"s": "automne", "extended": "1"}).content.decode()

    assert "La carte d&#x27;automne" in found
    assert "jeton" not in found
