import base64

import pytest
from django.core.exceptions import ImproperlyConfigured
from hypothesis import given
from hypothesis import strategies as st

from integrations import crypto
from integrations.errors import PermanentError


def key(sign):
    return base64.b64encode(sign * 32).decode()


K1, K2 = f"k1:{key(b'1')}", f"k2:{key(b'2')}"


@pytest.fixture(autouse=True)
def keys(settings):
    settings.ENCRYPTION_KEYS = [K1]
    settings.BLIND_INDEX_KEY = "index-key-of-the-tests-0123456789"
    return settings


@given(st.text(st.characters()))
def test_any_text_comes_back_as_it_was(text):
    assert crypto.decrypt(crypto.encrypt(text)) == text


def test_the_sealed_form_names_its_version_and_key_and_differs_each_time():
    first, second = crypto.encrypt("bonjour"), crypto.encrypt("bonjour")

    assert first.startswith("v1:k1:")
    assert first != second
    assert len(base64.urlsafe_b64decode(first.rpartition(":")[2])) == 12 + len("bonjour") + 16


def test_the_first_key_seals_and_every_key_opens(keys):
    old = crypto.encrypt("bonjour")
    keys.ENCRYPTION_KEYS = [K2, K1]

    new = crypto.encrypt("bonjour")

    assert new.startswith("v1:k2:")
    assert crypto.decrypt(old) == crypto.decrypt(new) == "bonjour"
    assert (crypto.needs_rotation(old), crypto.needs_rotation(new)) == (True, False)


@pytest.mark.parametrize("place", range(6, 55, 7))
def test_one_changed_sign_is_noticed(place):
    sealed = crypto.encrypt("bonjour à tous")
    other = "A" if sealed[place] != "A" else "B"

    with pytest.raises(crypto.DecryptionError):
        crypto.decrypt(sealed[:place] + other + sealed[place + 1 :])


def test_the_key_id_is_authenticated(keys):
    keys.ENCRYPTION_KEYS = [K1, f"k2:{key(b'1')}"]

    with pytest.raises(crypto.DecryptionError) as caught:
        crypto.decrypt(crypto.encrypt("bonjour").replace("v1:k1:", "v1:k2:"))

    assert caught.value.code == "wrong_key"


def test_a_missing_key_is_named_with_its_cure(keys):
    sealed = crypto.encrypt("bonjour")
    keys.ENCRYPTION_KEYS = [K2]

    with pytest.raises(PermanentError) as caught:
        crypto.decrypt(sealed)

    assert caught.value.code == "missing_key"
    assert "« k1 », absente de ENCRYPTION_KEYS (clés connues : k2)" in str(caught.value)
    assert caught.value.action.startswith("Ajouter « k1:… » à la fin de ENCRYPTION_KEYS")


@pytest.mark.parametrize("value", ["bonjour", "v1:k1:", "v2:k1:" + "A" * 40, "v1:k1:court"])
def test_what_was_never_sealed_is_refused_without_being_shown(value):
    with pytest.raises(crypto.DecryptionError) as caught:
        crypto.decrypt(value)

    assert caught.value.code == "malformed_ciphertext"
    assert value not in str(caught.value)


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "ENCRYPTION_KEYS est vide"),
        (["k1"], "identifiant:clé"),
        ([f"clé:{key(b'1')}"], "identifiant:clé"),
        (["k1:s3cr3t!s3cr3t!"], "« k1 » n'est pas du base64"),
        (["k1:YWJj"], "« k1 » fait 3 octets au lieu de 32"),
        ([K1, f"k1:{key(b'2')}"], "« k1 » figure deux fois"),
    ],
)
def test_a_bad_keyring_is_explained_without_showing_a_key(keys, entries, message):
    keys.ENCRYPTION_KEYS = entries

    with pytest.raises(ImproperlyConfigured) as caught:
        crypto.encrypt("bonjour")

    assert message in str(caught.value)
    assert not [entry for entry in entries if ":" in entry and entry.partition(":")[2] in str(caught.value)]


def test_a_key_may_be_written_in_either_base64():
    raw = b"\xfb\xff" * 16

    assert crypto.parse_key(f"k:{base64.b64encode(raw).decode()}") == ("k", raw)
    assert crypto.parse_key(f"k:{base64.urlsafe_b64encode(raw).decode()}") == ("k", raw)


def test_a_blind_index_is_stable_and_bound_to_its_purpose_and_key(keys):
    first = crypto.blind_index("jeanne@exemple.fr", "email")

    assert first == crypto.blind_index("jeanne@exemple.fr", "email")
    assert len(first) == 64
    assert first != crypto.blind_index("jeanne@exemple.fr", "sms")
    assert first != crypto.blind_index("jean@exemple.fr", "email")
    keys.BLIND_INDEX_KEY = "another-index-key-0123456789-0123"
    assert first != crypto.blind_index("jeanne@exemple.fr", "email")


def test_a_blind_index_without_key_is_refused(keys):
    keys.BLIND_INDEX_KEY = ""

    with pytest.raises(ImproperlyConfigured, match="generate_key --blind-index"):
        crypto.blind_index("jeanne@exemple.fr", "email")
