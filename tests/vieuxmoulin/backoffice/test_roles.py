"""Least privilege: each role sees what it works with, and nothing else."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Conversion
from campaigns.services import approval
from tests import factories
from tests.vieuxmoulin.backoffice import rows

SCREENS = {
    "content": "campaigns_content",
    "publication": "social_publication",
    "account": "social_account",
    "contact": "notifications_contact",
    "template": "notifications_messagetemplate",
    "dish": "menus_item",
    "credential": "integrations_credential",
    "webhook": "integrations_webhookendpoint",
    "user": "auth_user",
    "client": "vieuxmoulin_apiclient",
    "job": "django_celery_beat_periodictask",
}
SEEN = {
    "Direction": {"content", "publication", "account", "contact", "template", "dish"},
    "Rédaction": {"content", "publication", "account", "template", "dish"},
    "Cuisine": {"dish"},
}


@pytest.mark.parametrize("role", SEEN)
def test_a_role_opens_its_screens_and_no_others(sign_in, role):
    browser = sign_in(role)

    opened = {
        name
        for name, screen in SCREENS.items()
        if browser.get(reverse(f"admin:{screen}_changelist")).status_code == 200
    }

    assert opened == SEEN[role]


@pytest.mark.parametrize("role", SEEN)
def test_the_home_page_opens_for_every_role(sign_in, role):
    browser = sign_in(role)
    rows.one_of_each()

    response = browser.get("/admin/")

    assert response.status_code == 200
    titles = {figure.icon for figure in response.context["figures"]}
    assert ("mail" in titles) == (role != "Cuisine")


def test_the_kitchen_reads_no_publication_on_the_home_page(sign_in):
    factories.PublicationFactory(content__title="Secret de la direction")
    browser = sign_in("Cuisine")

    page = browser.get("/admin/").content.decode()

    assert "Secret de la direction" not in page


def test_the_kitchen_marks_a_dish_sold_out(sign_in, ask):
    item = factories.ItemFactory()
    browser = sign_in("Cuisine")

    ask("menus_item_sold_out", item, client=browser)

    item.refresh_from_db()
    assert item.availability == "unavailable"


def test_the_writers_read_dishes_and_change_none(sign_in, ask):
    item = factories.ItemFactory(price_cents=1000)
    browser = sign_in("Rédaction")

    refused = ask("menus_item_sold_out", item, client=browser)
    page = browser.get("/admin/menus/item/").content.decode()

    item.refresh_from_db()
    assert refused.status_code == 403
    assert item.availability == "available"
    assert "Épuisé ?" not in page


@pytest.mark.parametrize(("role", "sees_the_guest"), [("Rédaction", False), ("Direction", True)])
def test_whose_order_it_was_is_for_those_who_may_see_guests(sign_in, role, sees_the_guest):
    order = Conversion.objects.create(
        source="accounting",
        external_id="cmd-1",
        code="AUTOMNE10",
        occurred_at=timezone.now(),
        amount_cents=4250,
        contact=factories.ContactFactory(last_name="Garrigue"),
    )

    page = sign_in(role).get(reverse("admin:campaigns_conversion_change", args=[order.pk])).content.decode()

    assert ("cmd-1" in page, "Garrigue" in page) == (True, sees_the_guest)


def test_the_writers_publish_what_was_approved(sign_in, ask, manager):
    factories.AccountFactory()
    content = factories.ContentFactory()
    browser = sign_in("Rédaction")

    refused = ask("campaigns_content_publish_now", content, client=browser, platforms=["facebook"])
    before = content.publications.count()
    approval.approve(content, user=manager)
    response = ask("campaigns_content_publish_now", content, client=browser, platforms=["facebook"])

    assert "soumettez-le" in refused.content.decode()
    assert before == 0
    assert response.headers["HX-Refresh"] == "true"
    assert content.publications.count() == 1


def test_only_the_direction_approves(db):
    call_command("create_roles", verbosity=0)

    holders = Group.objects.filter(permissions__codename="approve_content").values_list("name", flat=True)

    assert list(holders) == ["Direction"]


def test_somebody_who_only_reads_cannot_publish(client, django_user_model, ask):
    from django.contrib.auth.models import Permission

    user = django_user_model.objects.create_user("lecteur", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="view_content"))
    client.force_login(user)
    content = factories.ContentFactory()
    page = client.get(reverse("admin:campaigns_content_change", args=[content.pk])).content.decode()

    refused = ask("campaigns_content_publish_now", content, client=client, platforms=["facebook"])

    assert refused.status_code == 403
    assert "Publier maintenant" not in page
    assert content.publications.count() == 0


def test_roles_are_put_back_as_they_are_written(db):
    call_command("create_roles", verbosity=0)
    kitchen = Group.objects.get(name="Cuisine")
    before = set(kitchen.permissions.values_list("codename", flat=True))
    kitchen.permissions.clear()

    call_command("create_roles", verbosity=0)

    assert set(kitchen.permissions.values_list("codename", flat=True)) == before
    assert Group.objects.count() == 3
    assert "change_item" in before
    assert "view_contact" not in before
