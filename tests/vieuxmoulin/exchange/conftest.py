"""The CRM's guests as our client hands them over, and the modules played in this process."""

from datetime import UTC, datetime

import pytest

from integrations.models import ModuleCursor
from integrations.modules.crm import ConsentSaid, CrmContact
from integrations.sandbox import callbacks
from tests.integrations.sandbox import in_process

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


@pytest.fixture
def played(settings, monkeypatch):
    """The sandbox plays the four modules; what they would tell by webhook goes nowhere, not even to a server of a test."""
    in_process.play_vendors(settings, monkeypatch)
    monkeypatch.setattr(callbacks, "call", lambda made: True)


@pytest.fixture
def crm_was_read():
    """The CRM was read to its end once: who is not there is not there."""
    ModuleCursor.objects.create(module="crm", stream="contacts", synced_at=NOON)


def guest(name="crm-1", **values):
    """A guest of the CRM."""
    return CrmContact(**{"id": name, "updated_at": NOON, "first_name": "Anne", "last_name": "Roy", **values})


def said(channel="email", status="granted", **values):
    """What the CRM knows of a channel."""
    return ConsentSaid(channel, status, **{"updated_at": NOON, **values})
