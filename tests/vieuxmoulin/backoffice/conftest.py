"""People who sign in, and one row of everything."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from tests.vieuxmoulin.backoffice import rows


@pytest.fixture
def manager(db):
    """Somebody who may do everything."""
    return get_user_model().objects.create_superuser("camille", "camille@example.com", "un-mot-de-passe-long")


@pytest.fixture
def office(client, manager):
    """A browser in which that person has signed in."""
    client.force_login(manager)
    return client


@pytest.fixture
def sign_in(client, db):
    """Sign in as somebody who holds one role, by its name."""

    def enter(role):
        call_command("create_roles", verbosity=0)
        user = get_user_model().objects.create_user("dominique", password="un-mot-de-passe-long", is_staff=True)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
        return client

    return enter


@pytest.fixture
def everything(db):
    """One row of each model that has a screen."""
    return rows.one_of_each()


@pytest.fixture
def ask(office):
    """Answer the window of an operation: ask("social_publication_retry", row, …); returns the response."""

    def answer(operation, row, *, client=office, **answers):
        address = reverse(f"admin:{operation}", args=[row.pk])
        return client.post(address, {"_form_submitted": "True", **answers})

    return answer


@pytest.fixture
def choose(office):
    """Pick an action for the rows ticked in a list; returns the response."""

    def pick(screen, action, ticked, *, client=office, **more):
        data = {"action": action, "_selected_action": [str(row.pk) for row in ticked], **more}
        return client.post(reverse(f"admin:{screen}_changelist"), data, follow=True)

    return pick
