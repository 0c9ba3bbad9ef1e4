"""Headless Chromium against a live server: what a person sees, at a desk and on a telephone."""

import os
import threading

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import Client
from playwright.sync_api import sync_playwright

from integrations import http

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SIZES = {"desk": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
PASSWORD = "un-mot-de-passe-long"


@pytest.fixture(scope="session", autouse=True)
def allow_queries_beside_playwright():
    """Playwright keeps an event loop in this thread, which Django would take for asynchronous code."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"
    yield
    del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]


@pytest.fixture(scope="session")
def chromium(pytestconfig):
    """One browser for the whole run."""
    from tests.plugin import require

    path = require(pytestconfig, "chromium")
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def house(live_server, settings):
    """A live server whose connectors talk to its own sandbox."""
    settings.CONNECTOR_ENV = {}
    settings.SANDBOX, settings.SANDBOX_URL = True, f"{live_server.url}/bac-a-sable/api"
    settings.PUBLIC_URL = live_server.url
    settings.HTTP_READ_TIMEOUT = 5
    get_user_model().objects.create_superuser("camille", "camille@example.com", PASSWORD, first_name="Camille")
    yield live_server
    session = getattr(http._per_thread, "session", None)
    if session is not None:
        session.close()
    for thread in threading.enumerate():
        if "process_request_thread" in thread.name:
            thread.join(5)


@pytest.fixture(params=sorted(SIZES))
def page(request, chromium, house):
    """A page at one of the two sizes; at the end, nothing may have left this machine nor failed in the console."""
    is_phone = request.param == "phone"
    context = chromium.new_context(
        viewport=SIZES[request.param],
        has_touch=is_phone,
        locale="en-US",
        timezone_id="Europe/Paris",
        base_url=house.url,
    )
    page = context.new_page()
    page.is_phone = is_phone
    page.set_default_timeout(15_000)
    troubles = []
    page.on("console", lambda said: troubles.append(said.text) if said.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("request", lambda asked: troubles.append(asked.url) if not _is_ours(asked.url, house.url) else None)
    yield page
    context.close()
    assert troubles == []


@pytest.fixture
def office(page, house):
    """The same page for somebody who has signed in; the form itself has a test of its own."""
    browser = Client()
    browser.force_login(get_user_model().objects.get(username="camille"))
    cookie = browser.cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": house.url}])
    page.goto("/admin/")
    return page


def _is_ours(url, base):
    return url.startswith((f"{base}/", "data:", "blob:", "about:"))
