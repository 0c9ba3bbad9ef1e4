"""The played platforms behind our connectors, without a socket and without their pauses."""

import pytest
from hypothesis import HealthCheck

from integrations.sandbox import callbacks
from tests.integrations.sandbox.in_process import play_vendors

# Each example writes what the one before left: every write replaces the whole card.
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]


@pytest.fixture
def told(monkeypatch):
    """The calls that platforms would make to us."""
    calls = []
    monkeypatch.setattr(callbacks, "call_later", calls.extend)
    return calls


@pytest.fixture
def platforms(db, settings, monkeypatch, told):
    """Every platform played, as quick as it can be, as strict as ever."""
    play_vendors(settings, monkeypatch)
    settings.CONNECTOR_ENV = {
        "SANDBOX_DELIVEROO_UPLOAD_SECONDS": "0",
        "SANDBOX_DELIVEROO_PROCESS_SECONDS": "0",
        "SANDBOX_GOOGLE_EDITS_A_MINUTE": "100000",
        "SANDBOX_HUBRISE_READS_A_MINUTE": "100000",
    }
    return settings
