"""Rows for the screens: one of each model, or many of one."""

from datetime import timedelta
from uuid import uuid4

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.auth.models import Group, User
from django.utils import timezone
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask, SolarSchedule
from oauth2_provider.models import AccessToken, Grant, IDToken, RefreshToken

from campaigns.models import Automation, AutomationRun, Conversion
from integrations.models import (
    AuditEntry,
    EncryptionCheck,
    Heartbeat,
    InboundEvent,
    RefusedCall,
    ServiceHealth,
    WebhookDelivery,
)
from menus.models import Drift, Ingredient, MenuSync, Option, OptionGroup, RecipeLine
from menus.services import revisions
from notifications.models import Chunk, ContactImport, Notification, Segment, Suppression
from notifications.services import contacts
from social.models import Interaction, MetricSnapshot, PublicationAttempt, Reply, SavedAnswer
from tests import factories
from vieuxmoulin.alerts import raise_alert
from vieuxmoulin.api.clients import create_client
from vieuxmoulin.models import ApiClient, Task

SECRETS = (
    "jeton-facebook", "jeton-hubrise", "SG.cle", "whsec_", "guest0@example.com", "+33610000000", "jeton-acces-oauth",
    "jeton-renouvellement-oauth", "code-oauth", "secret-saisi-au-login",
)  # fmt: skip


def publication(**fields):
    """A publication with one try in its history."""
    made = factories.PublicationFactory(**fields)
    PublicationAttempt.objects.create(
        publication=made, step="publication", outcome="en échec", message="Refusé.", vendor_answer='{"error": 190}'
    )
    return made


def interaction(**fields):
    """A comment of a guest, under a publication of ours."""
    post = fields.pop("publication", None) or factories.PublicationFactory(status="published", external_id=str(uuid4()))
    values = {
        "account": post.account,
        "publication": post,
        "external_id": str(uuid4()),
        "kind": "comment",
        "post_external_id": post.external_id or "post-1",
        "author_id": "guest-1",
        "author_name": "Lucie",
        "text": "Vous êtes ouverts dimanche ?",
        "occurred_at": timezone.now(),
    }
    return Interaction.objects.create(**{**values, **fields})


def message(**fields):
    """A message to a guest."""
    template = fields.pop("template", None) or factories.MessageTemplateFactory()
    contact = fields.pop("contact", None) or factories.ContactFactory()
    return Notification.objects.create(
        template=template,
        contact=contact,
        channel="email",
        recipient=contact.email,
        **{"task_id": uuid4(), "status": "sent", "sent_at": timezone.now(), **fields},
    )


def card(dishes=1):
    """A menu with dishes, a choice and its options."""
    category = factories.CategoryFactory()
    group = OptionGroup.objects.create(menu=category.menu, ref="cuisson", name="Cuisson")
    Option.objects.create(group=group, ref="saignant", name="Saignant", price_cents=150)
    for _rank in range(dishes):
        factories.ItemFactory(category=category).option_groups.add(group)
    return category.menu


def sync(menu=None, **fields):
    """A revision on its way to HubRise."""
    revision = revisions.publish(menu or card())
    return MenuSync.objects.create(revision=revision, destination=factories.DestinationFactory(), **fields)


def drift(done, **fields):
    """Something else than our card, read at the place of a sync."""
    dish = done.revision.menu.items.first()
    difference = {"path": f"{dish.ref}.price", "ref": dish.ref, "kind": "price", "expected": 2390, "found": 2290}
    values = {"action": "alert_person", "differences": [difference], "found": {"sections": []}, "score": 90}
    return Drift.objects.create(destination=done.destination, revision=done.revision, **{**values, **fields})


def delivery(**fields):
    """A fact on its way to a program."""
    endpoint = fields.pop("endpoint", None) or factories.WebhookEndpointFactory()
    body = {"event": "campaign_started", "payload": {}}
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event="campaign_started", fact_key=str(uuid4()), body=body, **fields
    )


def inbound(**fields):
    """An event that another module told us."""
    values = {"source": "crm", "event": "new_recipe", "occurred_at": timezone.now(), "payload": {"name": "Cèpes"}}
    return InboundEvent.objects.create(delivery_id=str(uuid4()), **{**values, **fields})


def task(**fields):
    """A line of the ledger."""
    return Task.objects.create(**{"type": "publish", "params": {"title": "Cèpes"}, "requested_by": "API", **fields})


def one_of_each():
    """A row of every model that has a screen, by model."""
    found = [
        *_what_is_said(),
        *_what_is_written(),
        *_the_card(),
        *_the_ground_floor(),
        *_the_libraries(),
    ]
    return {type(row): row for row in found}


def _what_is_said():
    action = factories.PhaseActionFactory()
    rule = Automation.objects.create(name="Confirmer", event="booking_created")
    rule.actions.create(kind="message", params={"template": "x"})
    media = factories.MediaFactory()
    post = publication(content=media.content, campaign=action.phase.campaign, status="failed", last_error="Refusé.")
    said = interaction(publication=post)
    return [
        action.phase.campaign, action.phase, action, media.content, post, post.account, post.account.credential, said,
        Reply.objects.create(interaction=said, text="Avec plaisir !"),
        SavedAnswer.objects.create(title="Merci", text="Merci de votre visite !"),
        rule,
        Conversion.objects.create(
            source="accounting", external_id="cmd-1", code="AUTOMNE10", occurred_at=timezone.now(), amount_cents=4250
        ),
        AutomationRun.objects.create(automation=rule, event_id="inbound:1", status="skipped", reason="Sans objet."),
        MetricSnapshot.objects.create(publication=post, taken_at=timezone.now(), values={"likes": 3}),
    ]  # fmt: skip


def _what_is_written():
    contact = factories.ContactFactory()
    tag = factories.TagFactory()
    contact.tags.add(tag)
    sent = message(contact=contact)
    chunk = Chunk.objects.create(task_id=uuid4(), template=sent.template, channel="email", size=1)
    opposition = Suppression.objects.create(channel="sms", address_index="0" * 64, reason="STOP")
    consent = contact.consents.first()
    segment = Segment.objects.create(slug="fideles", name="Fidèles")
    said = contacts.record(contact, "granted", channel="email", source="bulletin papier")
    file = ContactImport.objects.create(name="clients.csv", status="done", report={"total": 1, "counts": {"added": 1}})
    return [
        contact, tag, sent, sent.template, chunk, opposition, consent, said, factories.ProviderFactory(), segment, file
    ]  # fmt: skip


def _the_card():
    done = sync(status="drifted", differences=[{"path": "plat-0.price_cents", "expected": 2390, "found": 2290}])
    menu = done.revision.menu
    ingredient = Ingredient.objects.create(ref="gambas", name="Gambas", unit="kg", quantity="1.5")
    line = RecipeLine.objects.create(item_ref=menu.items.first().ref, ingredient=ingredient, quantity="0.15")
    return [
        done, done.revision, done.destination, menu, menu.items.first(), menu.categories.first(),
        menu.option_groups.first(), ingredient, line, drift(done),
    ]  # fmt: skip


def _the_ground_floor():
    told = delivery(status="failed", last_error="Le destinataire a répondu 500.")
    return [
        told,
        told.endpoint,
        inbound(status="failed", last_error="Erreur interne."),
        ServiceHealth.objects.create(slug="facebook", is_up=False, last_error="Jeton expiré."),
        Heartbeat.objects.create(name="beat", seen_at=timezone.now()),
        RefusedCall.objects.create(
            door="webhook", reason="secret", address="203.0.113.7", hour=timezone.now(), last_at=timezone.now()
        ),
        AuditEntry.objects.create(actor="camille", actor_kind="staff", action="view", detail={"rows": 3}),
        EncryptionCheck.objects.create(key_id="k-essai", sample="v1:échantillon"),
        raise_alert("stuck:notify", "Des messages n'avancent plus.", "Vérifiez les travailleurs."),
        task(status="partial", outcome={"counts": {"published": 1, "failed": 1}}),
    ]


def _the_libraries():
    user, later = User.objects.create_user("alex"), timezone.now() + timedelta(hours=1)
    made = create_client("Caisse", ["publish"])
    api_client = ApiClient.objects.get(application__client_id=made["client_id"])
    program = api_client.application
    token = AccessToken.objects.create(user=user, application=program, token="jeton-acces-oauth", expires=later)
    every = IntervalSchedule.objects.create(every=1, period="minutes")
    seen = {"username": "alex", "ip_address": "127.0.0.1", "user_agent": "essai", "path_info": "/admin/login/"}
    return [
        user,
        Group.objects.create(name="Essai"),
        api_client,
        program,
        token,
        RefreshToken.objects.create(
            user=user, application=program, token="jeton-renouvellement-oauth", access_token=token
        ),
        Grant.objects.create(
            user=user, application=program, code="code-oauth", expires=later, redirect_uri="https://example.com/"
        ),
        IDToken.objects.create(user=user, application=program, expires=later),
        every,
        PeriodicTask.objects.create(name="Balayage d'essai", task="vieuxmoulin.tasks.sweep", interval=every),
        CrontabSchedule.objects.create(),
        SolarSchedule.objects.create(event="sunset", latitude=45.4, longitude=-1.05),
        ClockedSchedule.objects.create(clocked_time=later),
        AccessAttempt.objects.create(
            **seen, get_data="", post_data="password=secret-saisi-au-login", failures_since_start=2
        ),
        AccessLog.objects.create(**seen),
        AccessFailureLog.objects.create(**seen),
    ]
