"""A module tells of a recipe by HTTP: the post stands in the played feed and the e-mails in the played inbox."""

from datetime import UTC, datetime

import pytest
import time_machine
from django.core.management import call_command

from campaigns.models import Automation, AutomationRun, Content
from integrations.models import InboundEvent
from integrations.sandbox.models import VendorRecord
from integrations.services import inbound
from notifications.models import Chunk
from notifications.services import delivery
from social.models import Publication
from social.services import publishing
from tests.factories import AccountFactory, ContactFactory, ItemFactory, ProviderFactory
from tests.integrations.sandbox import in_process
from tests.vieuxmoulin.api.test_webhook import deliver
from vieuxmoulin.backoffice.publishing import publish_approved
from vieuxmoulin.orchestrator import automating

pytestmark = pytest.mark.django_db
RECIPE = {
    "recipe_id": "recipe_123", "name": "Salade Méditerranéenne", "description": "Feta et origan.", "item_ref": "salade",
    "is_new": True, "is_featured": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def house(settings, monkeypatch):
    in_process.play_vendors(settings, monkeypatch)
    settings.QUIET_HOURS = False
    call_command("load_starters", verbosity=0)
    ProviderFactory(platform="sendgrid")
    AccountFactory(platform="facebook", external_id="1001")
    AccountFactory(platform="instagram")
    ItemFactory(ref="salade", name="Salade Méditerranéenne")
    with time_machine.travel(datetime(2026, 11, 30, 12, tzinfo=UTC), tick=False):
        yield


def receive(event, payload):
    """What the module sends, and the work of the queue that follows."""
    answer = deliver({"event": event, "source": "recipes", "timestamp": "2026-11-30T12:00:00Z", "payload": payload})
    assert answer.status_code == 202
    inbound.process(InboundEvent.objects.get(pk=answer.json()["id"]).pk)
    work()


def work():
    for run in AutomationRun.objects.filter(status="pending"):
        automating.run(run.pk)
    for chunk in Chunk.objects.filter(status="pending"):
        delivery.deliver_chunk(chunk.pk)
    for publication in Publication.objects.filter(status="scheduled"):
        publishing.publish(publication.pk)


def seen(vendor):
    return [str(record.data) for record in VendorRecord.objects.filter(vendor=vendor).order_by("pk")]


def test_a_new_recipe_is_written_to_those_who_agreed_and_said_once_a_person_agrees(django_user_model):
    willing = ContactFactory()
    ContactFactory(agrees=[])

    receive("new_recipe", RECIPE)
    receive("new_recipe", RECIPE)

    mails = seen("sendgrid")
    assert len(mails) == 1
    assert "Salade Méditerranéenne" in mails[0]
    assert willing.email in VendorRecord.objects.get(vendor="sendgrid").account_id
    assert seen("facebook") == []

    content = Content.objects.get()
    publish_approved(django_user_model.objects.create_superuser("camille"), content, ["facebook"])
    work()

    (post,) = seen("facebook")
    assert "Nouveau à la carte : Salade Méditerranéenne" in post
    assert "Feta et origan." in post


def test_the_dish_of_the_day_leaves_by_itself_where_a_person_chose_so_and_not_when_it_ran_out():
    Automation.objects.get(name="Publier le plat du jour").actions.update(
        params={"networks": ["facebook"], "title": "Plat du jour : {{name}}", "body": "", "mode": "now",
                "hashtags": ["platdujour", "vieuxmoulin", "gastronomie"], "picture": "", "alt_text": ""}
    )  # fmt: skip

    receive("featured_recipe", {**RECIPE, "is_featured": True})
    receive("stock_alert", {"ref": "salade", "name": "Salade", "quantity": 0})
    receive("featured_recipe", {**RECIPE, "recipe_id": "recipe_124", "is_featured": True})

    (post,) = seen("facebook")
    assert "Plat du jour : Salade Méditerranéenne" in post
    assert "#platdujour #vieuxmoulin #gastronomie" in post
    held = Publication.objects.exclude(status="published").get()
    assert "Plat indisponible : salade" in held.last_error
