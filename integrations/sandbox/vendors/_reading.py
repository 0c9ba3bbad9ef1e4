"""What several vendors read alike: addresses, and names with passwords."""

import base64
import binascii
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from integrations.sandbox.vendors.base import Call


def is_mail_address(value: Any) -> bool:
    """Whether a text looks like an e-mail address."""
    try:
        validate_email(value if isinstance(value, str) else "")
    except ValidationError:
        return False
    return True


def basic(call: Call) -> tuple[str, str]:
    """The user and the password of `Authorization: Basic …`, both empty when there are none."""
    scheme, _, code = call.request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        user, _, password = base64.b64decode(code, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return user, password
