"""Real guests are not written to at night, whatever the environment says."""

import pytest

from integrations.checks import check_quiet_hours


@pytest.mark.parametrize(("quiet", "sandbox", "errors"), [(False, False, 1), (True, False, 0), (False, True, 0)])
def test_quiet_hours_may_be_off_in_the_sandbox_only(settings, quiet, sandbox, errors):
    settings.QUIET_HOURS, settings.SANDBOX = quiet, sandbox

    assert len(check_quiet_hours(None)) == errors
