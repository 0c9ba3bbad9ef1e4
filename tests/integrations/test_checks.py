import base64
import io
import json
import re

import pytest
from django.contrib import admin
from django.core.management import CommandError, call_command
from django.db import connection

from integrations import checks, crypto, vapid
from integrations.checks import KeyringMismatch, check_keyring_matches
from integrations.models import EncryptionCheck, WebhookEndpoint


def key(name, sign):
    return f"{name}:{base64.b64encode(sign * 32).decode()}"


def ids(messages):
    assert all(str(message.msg) for message in messages)
    return [message.id for message in messages]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("", "integrations.E001"),
        ("court", "integrations.E002"),
        ("a" * 60, "integrations.E002"),
        ("django-insecure-" + "abcdefghij" * 6, "integrations.E002"),
        ("abcdefghij" * 6, None),
    ],
)
def test_the_secret_key_must_be_strong(settings, value, expected):
    settings.SECRET_KEY = value

    messages = checks.check_secret_key(None)

    assert ids(messages) == ([expected] if expected else [])
    assert all("generate_key --secret-key" in message.hint for message in messages)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ([], ["integrations.E003"]),
        (["oops"], ["integrations.E004"]),
        (["k1:s3cr3t"], ["integrations.E004"]),
        ([key("k1", b"1"), key("k1", b"2")], ["integrations.E005"]),
        ([key("k2", b"1"), "x:y", key("k2", b"1")], ["integrations.E004", "integrations.E005"]),
        ([key("k2", b"2"), key("k1", b"1")], []),
    ],
)
def test_encryption_keys_must_be_well_formed(settings, value, expected):
    settings.ENCRYPTION_KEYS = value

    messages = checks.check_encryption_keys(None)

    assert ids(messages) == expected
    assert all("ENCRYPTION_KEYS" in message.msg and "s3cr3t" not in message.msg for message in messages)


@pytest.mark.parametrize(
    ("value", "expected"), [("", ["integrations.E006"]), ("a" * 31, ["integrations.E007"]), ("a" * 32, [])]
)
def test_the_blind_index_key_must_be_long(settings, value, expected):
    settings.BLIND_INDEX_KEY = value

    assert ids(checks.check_blind_index_key(None)) == expected


@pytest.mark.parametrize(
    ("debug", "hosts", "expected"),
    [
        (True, ["localhost", "127.0.0.1"], []),
        (True, ["*"], ["integrations.E008"]),
        (True, ["vm.exemple.fr"], ["integrations.E008"]),
        (True, [], []),
        (False, [], ["integrations.E009"]),
        (False, ["vm.exemple.fr"], []),
    ],
)
def test_debug_and_hosts_must_agree(settings, debug, hosts, expected):
    settings.DEBUG, settings.ALLOWED_HOSTS = debug, hosts

    assert ids(checks.check_hosts(None)) == expected


@pytest.mark.parametrize(("value", "expected"), [("1.3", []), ("1.2", []), ("1.1", ["integrations.E010"])])
def test_the_tls_floor_must_be_known(settings, value, expected):
    settings.HTTP_MIN_TLS = value

    assert ids(checks.check_minimum_tls(None)) == expected


@pytest.mark.parametrize("option", ["list_display", "readonly_fields", "search_fields"])
def test_an_admin_that_would_show_a_secret_is_found(monkeypatch, option):
    site = admin.AdminSite()
    site.register(WebhookEndpoint, type("Leaky", (admin.ModelAdmin,), {option: ("url", "secret")}))
    monkeypatch.setattr(admin, "site", site)

    messages = checks.check_admin_hides_secrets(None)

    assert ids(messages) == ["integrations.E011"]
    assert messages[0].msg.startswith(f"Leaky.{option} nomme « secret »")


# --- The keys of this database ----------------------------------------------------------------------------------------
@pytest.fixture
def started(db, settings):
    """A database that was started once with key k1."""
    settings.ENCRYPTION_KEYS = [key("k1", b"1")]
    settings.BLIND_INDEX_KEY = "index-key-of-the-tests-0123456789"
    check_keyring_matches()
    return settings


def test_the_first_start_remembers_the_keys_without_writing_them(started):
    rows = dict(EncryptionCheck.objects.values_list("key_id", "sample"))

    assert set(rows) == {"k1", ":blind-index"}
    assert rows["k1"].startswith("v1:k1:")
    assert crypto.key_id_of(rows["k1"]) == "k1"


def test_the_same_keys_start_again_and_write_nothing(started):
    before = list(EncryptionCheck.objects.values())

    check_keyring_matches()

    assert list(EncryptionCheck.objects.values()) == before


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ([key("k1", b"9")], "la clé « k1 » n'est pas celle qui portait ce nom"),
        ([key("k2", b"2")], "chiffrées avec la clé « k1 », absente des clés données (k2). Remettre « k1:… »"),
    ],
)
def test_another_key_is_refused_with_what_where_and_the_cure(started, keys, message):
    started.ENCRYPTION_KEYS = keys

    with pytest.raises(KeyringMismatch) as caught:
        check_keyring_matches()

    assert str(caught.value).startswith("ENCRYPTION_KEYS ne convient pas à cette base")
    assert message in str(caught.value)
    assert "python manage.py rotate_keys" in str(caught.value)
    assert EncryptionCheck.objects.count() == 2


def test_a_new_key_before_the_old_one_is_welcome(started):
    started.ENCRYPTION_KEYS = [key("k2", b"2"), key("k1", b"1")]

    check_keyring_matches()

    assert set(EncryptionCheck.objects.values_list("key_id", flat=True)) == {"k1", "k2", ":blind-index"}


def test_another_blind_index_key_is_refused(started):
    started.BLIND_INDEX_KEY = "another-index-key-0123456789-0123"

    with pytest.raises(KeyringMismatch, match="BLIND_INDEX_KEY n'est pas celle"):
        check_keyring_matches()


def test_the_database_check_tells_the_same(started):
    started.ENCRYPTION_KEYS = [key("k1", b"9")]

    assert ids(checks.check_keyring(None, databases=["default"])) == ["integrations.E012"]
    assert checks.check_keyring(None, databases=None) == []


def test_before_the_first_migration_there_is_nothing_to_compare(started, monkeypatch):
    started.ENCRYPTION_KEYS = [key("k1", b"9")]
    monkeypatch.setattr(connection.introspection, "table_names", lambda *args, **kwargs: [])

    assert check_keyring_matches() is None


# --- Making keys ------------------------------------------------------------------------------------------------------
def generate(**options):
    output, advice = io.StringIO(), io.StringIO()
    call_command("generate_key", stdout=output, stderr=advice, **options)
    return output.getvalue().strip(), advice.getvalue()


def test_a_new_encryption_key_is_ready_to_paste(settings):
    line, advice = generate()
    name, _, value = line.partition("=")

    assert name == "ENCRYPTION_KEYS"
    assert re.fullmatch(r"k\d{12}", crypto.parse_key(value)[0])
    settings.ENCRYPTION_KEYS = [value]
    assert checks.check_encryption_keys(None) == []
    assert "rotate_keys" in advice


def test_a_key_may_be_named():
    assert generate(id="k7")[0].startswith("ENCRYPTION_KEYS=k7:")
    with pytest.raises(CommandError, match="identifiant"):
        generate(id="clé 7")


def test_the_other_keys_pass_their_checks(settings):
    settings.BLIND_INDEX_KEY = generate(blind_index=True)[0].removeprefix("BLIND_INDEX_KEY=")
    settings.SECRET_KEY = generate(secret_key=True)[0].removeprefix("SECRET_KEY=")

    assert checks.check_blind_index_key(None) == checks.check_secret_key(None) == []


def test_a_vapid_pair_is_ready_to_paste_and_belongs_together():
    line, advice = generate(vapid=True)

    keys = json.loads(line)
    assert vapid.public_of(keys["vapid_private_key"]) == keys["vapid_public_key"]
    assert "subject" in advice
