import base64
import io

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from integrations import rotation
from integrations.checks import check_keyring_matches
from integrations.fields import EncryptedTextField
from integrations.models import Credential, EncryptionCheck, WebhookEndpoint

pytestmark = pytest.mark.django_db


def key(name, sign):
    return f"{name}:{base64.b64encode(sign * 32).decode()}"


OLD, NEW = key("k1", b"1"), key("K1", b"2")


@pytest.fixture
def filled(settings):
    """Seven values sealed with the old key, which is then second to a new one of nearly the same name."""
    settings.ENCRYPTION_KEYS = [OLD]
    check_keyring_matches()
    for number in range(5):
        WebhookEndpoint.objects.create(url=f"https://a.example/{number}", secret=f"secret {number}")
    WebhookEndpoint.objects.create(url="https://a.example/empty", secret="")
    Credential.objects.create(platform="x", name="a", secrets={"token": "é"})
    Credential.objects.create(platform="x", name="b", secrets={})
    settings.ENCRYPTION_KEYS = [NEW, OLD]
    return settings


def run(**options):
    output = io.StringIO()
    call_command("rotate_keys", stdout=output, **options)
    return output.getvalue()


def stored(model, column):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {model._meta.db_table} ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def test_a_dry_run_counts_and_writes_nothing(filled):
    before = stored(WebhookEndpoint, "secret") + stored(Credential, "secrets")

    told = run(dry_run=True)

    assert "Clé courante : « K1 »" in told
    assert "integrations.WebhookEndpoint.secret : 5 à rechiffrer" in told
    assert "integrations.Credential.secrets : 2 à rechiffrer" in told
    assert "Total : 7 à rechiffrer. Rien n'a été écrit." in told
    assert stored(WebhookEndpoint, "secret") + stored(Credential, "secrets") == before


def test_every_value_is_sealed_again_and_reads_the_same(filled, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)

    told = run()

    assert "integrations.WebhookEndpoint.secret : 5 rechiffrées, 0 modifiées entre-temps, 0 illisibles" in told
    assert "Total : 7 rechiffrées" in told
    assert [value[:6] for value in stored(WebhookEndpoint, "secret")] == [""] + ["v1:K1:"] * 5
    filled.ENCRYPTION_KEYS = [NEW]
    assert set(WebhookEndpoint.objects.values_list("secret", flat=True)) == {"", *(f"secret {n}" for n in range(5))}
    assert {row.name: row.secrets for row in Credential.objects.all()} == {"a": {"token": "é"}, "b": {}}


def test_after_a_rotation_the_old_key_may_leave(filled):
    run()
    filled.ENCRYPTION_KEYS = [NEW]

    check_keyring_matches()

    assert set(EncryptionCheck.objects.values_list("key_id", flat=True)) == {"K1", ":blind-index"}


def test_a_second_run_finds_nothing(filled):
    run()

    assert "Total : 0 rechiffrées" in run()


def test_an_edit_made_meanwhile_wins(filled, monkeypatch):
    real = rotation.decrypt

    def edit_then_decrypt(sealed):
        plain = real(sealed)
        if plain == "secret 2":
            WebhookEndpoint.objects.filter(url="https://a.example/2").update(secret="edited")
        return plain

    monkeypatch.setattr(rotation, "decrypt", edit_then_decrypt)

    told = run()

    assert "integrations.WebhookEndpoint.secret : 4 rechiffrées, 1 modifiées entre-temps" in told
    assert WebhookEndpoint.objects.get(url="https://a.example/2").secret == "edited"


def test_an_interrupted_run_goes_on_where_it_stopped(filled, monkeypatch):
    monkeypatch.setattr(rotation, "BATCH", 2)
    field = WebhookEndpoint._meta.get_field("secret")

    def stop(outcome):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rotation.rotate(WebhookEndpoint, field, progress=stop)

    assert rotation.outdated(WebhookEndpoint, field).count() == 3
    assert "integrations.WebhookEndpoint.secret : 3 rechiffrées" in run()


def test_an_unreadable_value_is_counted_left_alone_and_keeps_the_old_keys(filled):
    damaged = WebhookEndpoint.objects.get(url="https://a.example/3")
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {WebhookEndpoint._meta.db_table} SET secret = %s WHERE url = %s",
            ["v1:k0:" + "A" * 40, damaged.url],
        )

    with pytest.raises(CommandError, match="1 valeurs ne s'ouvrent avec aucune clé"):
        run()

    assert [value[:6] for value in stored(WebhookEndpoint, "secret")] == [""] + ["v1:K1:"] * 4 + ["v1:k0:"]
    assert EncryptionCheck.objects.filter(key_id="k1").exists()


def test_every_encrypted_column_is_found_once():
    found = [(model._meta.label, field.name) for model, field in rotation.encrypted_fields()]

    assert ("integrations.Credential", "secrets") in found
    assert ("integrations.WebhookEndpoint", "secret") in found
    assert len(found) == len(set(found))
    assert all(isinstance(field, EncryptedTextField) for _, field in rotation.encrypted_fields())
