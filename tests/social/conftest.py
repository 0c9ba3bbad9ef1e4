"""What the tests of the networks share."""

import pytest
import responses


@pytest.fixture
def api(settings):
    """The networks' real addresses, played call by call."""
    settings.SANDBOX = False
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock
