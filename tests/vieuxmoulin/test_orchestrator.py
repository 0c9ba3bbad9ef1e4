"""The orchestrator: everything asked is in the ledger with its rows, or refused with nothing written."""

from datetime import timedelta

import pytest
from asgiref.sync import async_to_sync
from django.utils import timezone

from campaigns.models import Content, Phase
from campaigns.services import lifecycle
from integrations import waking
from integrations.errors import AccountDisconnected, ContentRejected, InvalidTransition
from integrations.models import WebhookDelivery
from notifications.models import Chunk, Contact, Notification
from social.connectors.base import Published
from social.models import Publication
from social.services import publishing as social_publishing
from tests.factories import (
    AccountFactory,
    CampaignFactory,
    ContactFactory,
    DestinationFactory,
    ItemFactory,
    MessageTemplateFactory,
    PhaseActionFactory,
    PhaseFactory,
    PublicationFactory,
    TagFactory,
    WebhookEndpointFactory,
)
from vieuxmoulin import sweep
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator import conducting, get_orchestrator, ledger, menus, notifying, publishing, status

pytestmark = pytest.mark.django_db
CONTENT = {"title": "Promotion du jour", "body": "Sur les pizzas !", "media_urls": ["https://example.com/promo.jpg"]}


@pytest.fixture
def accounts():
    return {slug: AccountFactory(platform=slug) for slug in ("facebook", "instagram", "x")}


def test_publish_writes_a_publication_per_platform_and_a_line_in_the_ledger(accounts):
    made = publishing.publish(CONTENT, ["facebook", "instagram"])

    assert set(made.publications) == {"facebook", "instagram"}
    assert made.publications["facebook"].public_id.startswith("fb_")
    assert made.publications["instagram"].public_id.startswith("ig_")
    assert set(Publication.objects.values_list("task_id", flat=True)) == {made.task.pk}
    assert made.task.type == "publish"


def test_the_older_name_of_a_platform_is_understood(accounts):
    made = publishing.publish(CONTENT, ["twitter"])

    assert made.publications["twitter"].account.platform == "x"


@pytest.mark.parametrize(
    ("content", "platforms", "extra", "field"),
    [
        (CONTENT, ["myspace"], {}, "platforms[0]"),
        (CONTENT, [], {}, "platforms"),
        ({"title": "", "body": " "}, ["facebook"], {}, "content.body"),
        ({**CONTENT, "boddy": "x"}, ["facebook"], {}, "content.boddy"),
        (CONTENT, ["facebook"], {"scheduled_time": timezone.now() - timedelta(days=1)}, "scheduled_time"),
        (CONTENT, ["facebook"], {"targeting": {"ville": "Vensac"}}, "targeting.ville"),
        (CONTENT, ["facebook"], {"targeting": {"age_range": [65, 18]}}, "targeting.age_range"),
    ],
)
def test_bad_input_is_refused_by_its_field_and_nothing_is_written(accounts, content, platforms, extra, field):
    with pytest.raises(ContentRejected) as refused:
        publishing.publish(content, platforms, **extra)

    assert refused.value.problems[0]["field"] == field
    assert (Content.objects.count(), Publication.objects.count(), Task.objects.count()) == (0, 0, 0)


def test_a_text_too_long_for_one_network_comes_with_a_shorter_one(accounts):
    with pytest.raises(ContentRejected) as refused:
        publishing.publish({"body": "mot " * 100}, ["facebook", "x"])

    problem = refused.value.problems[0]
    assert (problem["platform"], problem["rule"], problem["limit"]) == ("x", "text_too_long", 280)
    assert problem["suggestion"]["text"].endswith("…")
    assert Publication.objects.count() == 0


def test_a_text_alone_is_refused_by_instagram(accounts):
    with pytest.raises(ContentRejected, match="ajoutez une image"):
        publishing.publish({"body": "Sans image"}, ["instagram"])


def test_a_platform_without_account_says_what_to_do():
    with pytest.raises(AccountDisconnected, match="Comptes"):
        publishing.publish(CONTENT, ["facebook"])


def test_what_a_network_cannot_do_leaves_a_warning(accounts):
    made = publishing.publish(CONTENT, ["facebook", "instagram"], targeting={"location": "Vensac", "radius": 20})

    assert "Instagram ne permet pas de cibler un public" in made.publications["instagram"].warnings[0]
    assert "rayon" in made.publications["facebook"].warnings[0]


def test_a_variation_wins_over_the_text(accounts):
    made = publishing.publish({**CONTENT, "variations": {"x": {"body": "Court."}}}, ["facebook", "x"])

    assert made.publications["x"].post["text"] == "Court."
    assert "Sur les pizzas !" in made.publications["facebook"].post["text"]


def test_the_ledger_follows_its_rows_to_the_end(accounts, django_capture_on_commit_callbacks):
    made = publishing.publish(CONTENT, ["facebook", "x"])
    first, second = made.publications.values()

    with django_capture_on_commit_callbacks(execute=True):
        Publication.objects.filter(pk=first.pk).update(status="publishing", claimed_by="")
        first.refresh_from_db()
        social_publishing.succeed(first, Published("1", "https://www.facebook.com/1"))
    made.task.refresh_from_db()
    assert made.task.status == "running"

    with django_capture_on_commit_callbacks(execute=True):
        Publication.objects.filter(pk=second.pk).update(status="publishing", claimed_by="")
        second.refresh_from_db()
        social_publishing.fail(second, ContentRejected("Non."))
    made.task.refresh_from_db()
    assert (made.task.status, made.task.outcome["counts"]) == ("partial", {"failed": 1, "published": 1})


def test_success_and_failure_are_told_outside_once(accounts, django_capture_on_commit_callbacks):
    WebhookEndpointFactory(events=["publication_success"])
    publication = PublicationFactory(account=accounts["facebook"], status="publishing")

    with django_capture_on_commit_callbacks(execute=True):
        social_publishing.succeed(publication, Published("1", "https://www.facebook.com/1"))

    told = WebhookDelivery.objects.get()
    assert told.body["event"] == "publication_success"
    assert told.body["source"] == "social_media"
    assert told.body["payload"]["platform"] == "facebook"
    assert told.body["payload"]["post_id"] == publication.public_id
    assert told.body["payload"]["engagement_metrics"] == {"likes": 0, "shares": 0, "comments": 0}


def test_notify_writes_to_guests_by_id_address_number_tag_and_all():
    template = MessageTemplateFactory()
    anne, hugo = ContactFactory(email="anne@example.com", phone="+33612000001"), ContactFactory()
    hugo.tags.add(TagFactory())

    made = notifying.notify(
        template.slug,
        [str(anne.pk), "anne@example.com", "06 12 00 00 01", "tag:habitues"],
        {"promo_title": "Huîtres"},
        ["email", "sms"],
    )

    assert made.messages == 4
    assert Notification.objects.filter(contact=anne).count() == 2
    assert notifying.notify(template.slug, "all", {"promo_title": "Huîtres"}, ["email"]).messages == 2


def test_one_guest_named_three_ways_gets_one_message():
    anne = ContactFactory(email="anne@example.com", phone="+33612000001")

    made = notifying.notify(
        MessageTemplateFactory().slug,
        [str(anne.pk), "anne@example.com", "06 12 00 00 01"],
        {"promo_title": "Huîtres"},
        ["email"],
    )

    assert made.messages == 1
    assert Notification.objects.get().contact == anne
    assert Chunk.objects.get().size == 1
    assert Task.objects.get() == made.task


def test_an_unknown_address_becomes_a_guest_who_agreed_to_nothing():
    template = MessageTemplateFactory()

    notifying.notify(template.slug, ["nouveau@example.com"], {"promo_title": "x"}, ["email"])

    guest = Contact.objects.get()
    assert guest.consents.count() == 0


@pytest.mark.parametrize(
    "wrong", ["tag:personne", "segment:personne", "00000000-0000-4000-8000-000000000000", "pas un numéro"]
)
def test_who_is_named_beside_a_mistake_does_not_become_a_guest(wrong):
    with pytest.raises(ContentRejected) as refusal:
        notifying.notify(MessageTemplateFactory().slug, ["nouveau@example.com", wrong], {"promo_title": "x"}, ["email"])

    assert [problem["field"] for problem in refusal.value.problems] == ["recipients[1]"]
    assert not Contact.objects.exists()
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("template", "recipients", "data", "channels", "words"),
    [
        ("inconnu", ["all"], {}, ["email"], "Modèle inconnu « inconnu »"),
        ("promo", ["all"], {}, ["email"], "promo_title"),
        ("promo", ["all"], {"promo_title": "x"}, ["fax"], "Canal inconnu « fax »"),
        ("promo", ["all"], {"promo_title": "x"}, ["push"], "pas de texte"),
        ("promo", [], {"promo_title": "x"}, ["email"], "Aucun destinataire"),
        ("promo", ["pas-une-adresse"], {"promo_title": "x"}, ["email"], "numéro de téléphone"),
        ("promo", ["tag:martiens"], {"promo_title": "x"}, ["email"], "Étiquette inconnue"),
    ],
)
def test_a_bad_request_to_write_is_refused_whole(template, recipients, data, channels, words):
    MessageTemplateFactory(slug="promo")
    ContactFactory()

    with pytest.raises(ContentRejected, match=words):
        notifying.notify(template, recipients, data, channels)

    assert (Notification.objects.count(), Task.objects.count(), Contact.objects.count()) == (0, 0, 1)


def test_a_service_message_goes_before_a_promotion():
    ContactFactory()
    booking = MessageTemplateFactory(purpose="transactional")
    promotion = MessageTemplateFactory()
    for template in (booking, promotion):
        notifying.notify(template.slug, "all", {"promo_title": "x"}, ["email"])

    urgent, slow = Chunk.objects.order_by("priority")
    assert (urgent.template, slow.template) == (booking, promotion)
    assert urgent.priority < slow.priority


def test_update_menu_freezes_a_revision_and_sends_it_everywhere():
    item = ItemFactory()
    DestinationFactory()
    DestinationFactory(platform="website", credential=None)

    made = menus.update_menu({"menu_id": str(item.menu_id)})

    assert made.revision.number == 1
    assert {sync.destination.platform for sync in made.syncs} == {"hubrise", "website"}


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"price_cents": -1}, "categories[0].items[0].price_cents"),
        ({"price_cents": "12"}, "categories[0].items[0].price_cents"),
        ({"allergens": ["lactose"]}, "categories[0].items[0].allergens[0]"),
        ({"prix": 12}, "categories[0].items[0]"),
        ({"option_group_ids": ["cuisson"]}, "categories[0].items[0].option_group_ids"),
    ],
)
def test_a_bad_card_is_refused_by_its_path(change, path):
    DestinationFactory()
    document = {
        "name": "Carte",
        "type": "regular",
        "start_date": "2026-01-01T00:00:00Z",
        "categories": [
            {"id": "plats", "name": "Plats", "items": [{"id": "a", "name": "A", "price_cents": 100, **change}]}
        ],
    }

    with pytest.raises(ContentRejected) as refused:
        menus.update_menu(document)

    assert refused.value.problems[0]["field"] == path
    assert Task.objects.count() == 0


def test_an_unknown_destination_is_refused():
    DestinationFactory()

    with pytest.raises(ContentRejected, match="inconnue « deliverou »"):
        menus.update_menu({"menu_id": str(ItemFactory().menu_id)}, ["deliverou"])


def test_a_phase_asks_for_all_of_its_actions_and_ends_with_them(accounts, django_capture_on_commit_callbacks):
    action = PhaseActionFactory(phase__campaign__status="active", phase__status="pending")
    action.phase.next_attempt_at = timezone.now()
    action.phase.save()

    conducting.fire_phase(action.phase_id)

    action.refresh_from_db()
    publication = Publication.objects.get(task_id=action.task_id)
    assert (publication.phase, publication.campaign) == (action.phase, action.phase.campaign)
    with django_capture_on_commit_callbacks(execute=True):
        Publication.objects.update(status="publishing", claimed_by="")
        publication.refresh_from_db()
        social_publishing.succeed(publication, Published("1"))
    action.phase.refresh_from_db()
    assert (action.phase.status, action.phase.campaign.status) == ("completed", "completed")


def test_a_phase_fired_twice_asks_once(accounts):
    action = PhaseActionFactory(phase__campaign__status="active", phase__status="pending")

    conducting.fire_phase(action.phase_id)
    Phase.objects.update(status="pending", next_attempt_at=None)
    conducting.fire_phase(action.phase_id)

    assert Publication.objects.count() == 1


def test_a_refused_action_is_said_and_the_others_still_happen(accounts):
    phase = PhaseFactory(campaign__status="active", status="pending")
    PhaseActionFactory(phase=phase, position=0, params={"content": {"body": "x"}, "platforms": ["myspace"]})
    PhaseActionFactory(phase=phase, position=1)

    conducting.fire_phase(phase.pk)

    refused, accepted = phase.actions.all()
    assert "Plateforme inconnue « myspace »" in refused.error
    assert accepted.task_id is not None


def test_a_paused_campaign_holds_its_messages_and_posts_until_it_resumes(accounts):
    campaign = CampaignFactory(status="active")
    PhaseFactory(campaign=campaign, status="running", fired_at=timezone.now())
    ContactFactory()
    publishing.publish(
        CONTENT, ["facebook"], campaign_id=campaign.pk, scheduled_time=timezone.now() + timedelta(hours=1)
    )
    notifying.notify(MessageTemplateFactory().slug, "all", {"promo_title": "x"}, ["email"], campaign_id=campaign.pk)

    conducting.manage("pause", campaign.pk)
    assert Publication.objects.get().status == "held"
    assert Chunk.objects.get().status == "paused"

    conducting.manage("resume", campaign.pk)
    assert Publication.objects.get().status == "scheduled"
    assert Chunk.objects.get().status == "pending"


def test_a_canceled_campaign_withdraws_what_has_not_left(accounts):
    phase = PhaseFactory(campaign__status="active", status="pending")
    PhaseActionFactory(phase=phase)
    conducting.fire_phase(phase.pk)

    conducting.manage("cancel", phase.campaign_id)

    assert Publication.objects.get().status == "canceled"


@pytest.mark.parametrize(("action", "campaign_id"), [("dance", None), ("start", "0"), ("start", None)])
def test_an_unknown_action_or_campaign_is_refused(action, campaign_id):
    with pytest.raises(ContentRejected):
        conducting.manage(action, campaign_id)


def test_the_missions_methods_are_asynchronous(accounts):
    orchestrator = get_orchestrator()
    asked = async_to_sync(orchestrator.publish_to_social_media)(
        content={"title": "Plat du jour", "body": "Salade.", "media_url": "https://example.com/a.jpg"},
        platforms=["facebook", "instagram"],
    )
    campaign_id = async_to_sync(orchestrator.manage_campaign)(
        action="create",
        campaign_id=None,
        campaign_data={
            "name": "Promotion Spéciale - Découvertes",
            "start_date": "2025-05-01T00:00:00Z",
            "end_date": "2099-05-15T00:00:00Z",
            "target_audience": ["regular_customers", "local_customers"],
            "items": ["lamproie"],
            "discount": 15,
            "phases": [{"name": "Annonce", "trigger": "delay", "delay_minutes": 0}],
        },
    )
    async_to_sync(orchestrator.manage_campaign)(action="start", campaign_id=campaign_id)

    assert set(asked["publication_ids"]) == {"facebook", "instagram"}
    assert async_to_sync(orchestrator.get_sync_status)()["campaigns"] == {"active": 1}


def test_the_sweep_finds_what_a_lost_queue_left(accounts, monkeypatch):
    queued = []
    monkeypatch.setattr(
        waking, "send", lambda task, *args, at=None, priority=None: queued.append((task, *args)) or True
    )
    due = PublicationFactory(account=accounts["facebook"])
    PublicationFactory(account=accounts["x"], scheduled_at=timezone.now() + timedelta(hours=1))

    done = sweep.sweep()

    assert done["publish"] == 1
    assert queued == [("social.tasks.publish", due.pk)]
    assert sweep.sweep()["publish"] == 0


def test_a_row_that_should_have_moved_is_named(accounts):
    PublicationFactory(account=accounts["facebook"], scheduled_at=timezone.now() - timedelta(minutes=10))

    found = status.status()

    assert found["queues"]["publish"]["stuck"] == 1
    assert found["status"] == "degraded"


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        ({}, "succeeded"),
        ({"pending": 3}, "queued"),
        ({"sent": 1, "pending": 2}, "running"),
        ({"sent": 1, "unknown": 1}, "running"),
        ({"sent": 3, "skipped": 2}, "succeeded"),
        ({"sent": 3, "failed": 1}, "partial"),
        ({"failed": 2, "skipped": 1}, "failed"),
        ({"canceled": 2}, "canceled"),
        ({"coherent": 1, "drifted": 1}, "partial"),
    ],
)
def test_the_ledger_reads_its_outcome_off_the_rows(counts, expected):
    assert ledger.status_of(counts) == expected


def test_pause_is_refused_in_words_once_it_is_over():
    campaign = CampaignFactory(status="canceled")

    with pytest.raises(InvalidTransition):
        lifecycle.pause(campaign)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (
            lambda card: card["categories"][0]["items"].append({"id": "a", "name": "B", "price_cents": 1}),
            "categories[0].items[1].id",
        ),
        (lambda card: card["categories"].append({"id": "plats", "name": "Desserts", "items": []}), "categories[1].id"),
        (
            lambda card: card["option_groups"][0]["options"].append({"id": "rose", "name": "Rose"}),
            "option_groups[0].options[1].id",
        ),
        (lambda card: card["option_groups"][0].update(min=2), "option_groups[0].max"),
    ],
)
def test_a_reference_given_twice_loses_no_dish(change, path):
    DestinationFactory()
    document = {
        "name": "Carte",
        "type": "regular",
        "start_date": "2026-01-01T00:00:00Z",
        "categories": [{"id": "plats", "name": "Plats", "items": [{"id": "a", "name": "A", "price_cents": 100}]}],
        "option_groups": [
            {"id": "cuisson", "name": "Cuisson", "min": 1, "max": 1, "options": [{"id": "rose", "name": "Rosé"}]}
        ],
    }
    change(document)

    with pytest.raises(ContentRejected) as refused:
        menus.update_menu(document)

    assert refused.value.problems[0]["field"] == path


def test_a_message_whose_fate_nobody_settled_is_named(monkeypatch):
    told = []
    monkeypatch.setattr(sweep.log, "error", lambda event, **facts: told.append((event, facts["pk"])))
    for home in (sweep, waking):
        monkeypatch.setattr(home, "send", lambda *args, **options: True)
    ContactFactory()
    notifying.notify(MessageTemplateFactory().slug, "all", {"promo_title": "x"}, ["email"])
    Notification.objects.update(status="unknown", sending_at=timezone.now() - timedelta(hours=1))

    sweep.sweep()

    assert ("row_stuck", str(Notification.objects.get().pk)) in told
