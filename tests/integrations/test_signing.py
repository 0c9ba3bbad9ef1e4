"""Our signatures are Django's."""

import pytest
from django.core import signing
from django.utils.crypto import salted_hmac
from hypothesis import given
from hypothesis import strategies as st

from integrations.signing import derived_key, sign


@given(value=st.text(max_size=80), salt=st.sampled_from(["a", "notifications.link", "é"]))
def test_what_is_signed_is_what_django_signs(value, salt):
    assert sign(value, salt=salt) == signing.Signer(salt=salt).sign(value)
    assert signing.Signer(salt=salt).unsign(sign(value, salt=salt)) == value


def test_another_secret_is_another_key(settings):
    before = sign("x", salt="a")

    settings.SECRET_KEY = "un autre secret, de cinquante signes au moins, pour cet essai"

    assert sign("x", salt="a") != before
    with pytest.raises(signing.BadSignature):
        signing.Signer(salt="a").unsign(before)


def test_the_key_is_the_one_that_djangos_marks_are_made_with():
    import hmac

    assert hmac.digest(derived_key("sel"), b"x", "sha256") == salted_hmac("sel", "x", algorithm="sha256").digest()
