"""The four modules at an address of their own, played by `responses`."""

import pytest
import responses

from integrations.modules import registry

ROOT = "https://modules.example"


@pytest.fixture
def configured(settings):
    """Every module is known by the environment, and the sandbox plays none."""
    settings.SANDBOX = False
    settings.CONNECTOR_ENV = {
        name: value
        for slug in registry
        for name, value in (
            (f"{slug.upper()}_BASE_URL", f"{ROOT}/{slug}"),
            (f"{slug.upper()}_TOKEN", "jeton-de-module"),
        )
    }
    return settings.CONNECTOR_ENV


@pytest.fixture
def api(configured):
    """What the modules answer."""
    with responses.RequestsMock(assert_all_requests_are_fired=False) as played:
        yield played


def page(*items, after="fin", more=False):
    """A page of a feed."""
    return {"items": list(items), "next_cursor": after, "has_more": more}


def contact(name="c1", **changes):
    """A guest as the CRM tells them."""
    return {"id": name, "first_name": "Anne", "updated_at": "2026-11-30T10:00:00+01:00", **changes}
