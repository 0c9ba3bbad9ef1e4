"""Fixtures of the tests about messages."""

import pytest


@pytest.fixture
def quiet_hours(settings):
    """The rules that real guests are written to under."""
    settings.QUIET_HOURS = True
    settings.FREQUENCY_CAP = 4
