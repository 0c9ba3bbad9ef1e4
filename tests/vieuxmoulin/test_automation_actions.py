"""What rules do, kind by kind: all of it or nothing, once, held where a dish is gone, silent about guests."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.utils import timezone

from campaigns.models import Automation, AutomationRun, Campaign, Content
from campaigns.services import approval, automations
from integrations.errors import ContentRejected, TransientError
from integrations.event_contracts import INBOUND, OUTBOUND, fault_of
from integrations.services import inbound
from menus.models import Ingredient, Item, RecipeLine
from menus.services import stock
from notifications.models import Chunk, Notification
from notifications.services import delivery
from social.models import Publication
from social.services import publishing
from tests.factories import (
    AccountFactory,
    ContentFactory,
    ItemFactory,
    MessageTemplateFactory,
    ProviderFactory,
    PublicationFactory,
)
from vieuxmoulin.exchange.models import SlowDishRound
from vieuxmoulin.exchange.slow_dishes import Dish, Offer, Proposal
from vieuxmoulin.models import Alert, Task
from vieuxmoulin.orchestrator import automating, own_events
from vieuxmoulin.orchestrator.actions import post, registry
from vieuxmoulin.orchestrator.actions._words import without_guests
from vieuxmoulin.orchestrator.actions.base import Occasion
from vieuxmoulin.orchestrator.circles import path_back
from vieuxmoulin.orchestrator.event_examples import EXAMPLES
from vieuxmoulin.sweep import sweep
from vieuxmoulin.tasks import propose_slow_dishes

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
RECIPE = {"recipe_id": "r-1", "name": "Magret aux figues", "description": "Du Médoc.", "item_ref": "magret"}
POST = {
    "networks": ["facebook"],
    "title": "Plat du jour : {{name}}",
    "body": "{{#if description}}{{description}}{{/if}}",
    "hashtags": ["platdujour"],
    "picture": "",
    "alt_text": "",
    "mode": "now",
}
STAFF = {"title": "À voir : {{name}}", "message": "", "people": "kitchen", "is_urgent": False}


@pytest.fixture(autouse=True)
def _noon():
    with time_machine.travel(NOON, tick=False):
        yield


def rule(event, *actions, name="Règle", **fields):
    made = Automation.objects.create(name=name, event=event, **fields)
    for rank, (kind, params) in enumerate(actions):
        made.actions.create(position=rank, kind=kind, params=params)
    return made


def happen(event, payload, key="fait:1"):
    """The event comes and its rules act; returns their runs as they ended."""
    runs = automations.on_event(event, key, payload)
    for run in runs:
        automating.run(run.pk)
        run.refresh_from_db()
    return runs


def words(run):
    return [(one["kind"], one["state"], one["words"]) for one in run.outcomes]


def test_a_post_leaves_with_the_words_of_the_event():
    AccountFactory(platform="facebook")
    rule("featured_recipe", ("post", POST))

    (run,) = happen("featured_recipe", RECIPE)

    publication = Publication.objects.select_related("content").get()
    assert (run.status, words(run)) == ("done", [("post", "done", "Publication demandée sur Facebook.")])
    assert (publication.content.title, publication.content.body) == ("Plat du jour : Magret aux figues", "Du Médoc.")
    assert publication.content.item_refs == ["magret"]
    assert str(publication.task_id) == run.outcomes[0]["task_id"] == str(run.task_id)


def test_a_post_that_names_a_dish_that_is_gone_does_not_leave():
    AccountFactory(platform="facebook")
    ItemFactory(ref="magret", availability="unavailable")
    rule("featured_recipe", ("post", POST))

    happen("featured_recipe", RECIPE)
    publishing.publish(Publication.objects.get().pk)

    publication = Publication.objects.get()
    assert publication.status != "published"
    assert "Plat indisponible : magret" in publication.last_error


def test_a_post_to_approve_waits_for_a_person_and_its_call_ends_with_the_answer(django_user_model):
    rule("featured_recipe", ("post", {**POST, "mode": "approve"}))

    (run,) = happen("featured_recipe", RECIPE)

    content, alert = Content.objects.get(), Alert.objects.get()
    assert words(run) == [("post", "done", "Post proposé pour Facebook : il attend d'être validé.")]
    assert (content.approval, Publication.objects.count(), Task.objects.count()) == ("submitted", 0, 0)
    assert content.metadata["composer"] == {"platforms": ["facebook"]}
    assert (alert.permission, alert.address) == (approval.APPROVE, f"/admin/composer/?content={content.pk}")
    assert post.close_answered() == 0

    approval.approve(content, user=django_user_model.objects.create_superuser("camille"))

    sweep()
    assert Alert.objects.get().resolved_at == NOON


@pytest.mark.parametrize("address", ["javascript:alert(1)", "photo.jpg", f"https://x.example/{'a' * 500}"])
def test_what_is_no_address_is_no_picture(address):
    AccountFactory(platform="facebook")
    rule("featured_recipe", ("post", {**POST, "picture": "{{image_url}}"}))

    (run,) = happen("featured_recipe", {**RECIPE, "image_url": address})

    assert (run.status, Content.objects.count()) == ("failed", 0)
    assert "n'est pas une adresse" in run.reason


def test_a_network_that_needs_a_picture_is_left_without_one():
    AccountFactory(platform="facebook")
    AccountFactory(platform="instagram")
    rule("featured_recipe", ("post", {**POST, "networks": ["facebook", "instagram"]}))

    (run,) = happen("featured_recipe", RECIPE)

    assert words(run)[0][2] == "Publication demandée sur Facebook. Instagram : laissé, faute d'image."
    assert [one.account.platform for one in Publication.objects.all()] == ["facebook"]


def test_a_post_never_tells_the_guest_of_the_event():
    AccountFactory(platform="facebook")
    rule("booking_created", ("post", {**POST, "title": "Merci {{customer.first_name}}", "body": ""}))

    (run,) = happen("booking_created", {"customer": {"first_name": "Ana", "email": "ana@example.com"}})

    assert (run.status, Content.objects.count()) == ("failed", 0)
    assert "customer.first_name" in run.reason
    assert "Ana" not in str(run.outcomes) + run.reason


def test_what_names_a_person_is_taken_out_however_deep():
    payload = {"name": "x", "customer": {"email": "a@b.fr"}, "items": [{"ref": "1", "Phone": "06"}], "token": "t"}

    assert without_guests(payload) == {"name": "x", "items": [{"ref": "1"}]}


def test_all_the_actions_are_done_or_none_and_each_says_what_came_of_it():
    AccountFactory(platform="facebook")
    rule("featured_recipe", ("staff", STAFF), ("post", {**POST, "networks": ["bluesky"]}), ("staff", STAFF))

    (run,) = happen("featured_recipe", RECIPE)

    undone = "Pas faite : une autre action de la règle a échoué."
    assert run.status == "failed"
    assert [(kind, state) for kind, state, _ in words(run)] == [
        ("staff", "undone"), ("post", "failed"), ("staff", "undone"),
    ]  # fmt: skip
    assert words(run)[0][2] == undone
    assert "Bluesky" in words(run)[1][2]
    assert Alert.objects.count() == Content.objects.count() == Task.objects.count() == 0


def test_a_run_that_failed_is_done_again_once_the_cause_is_gone():
    rule("featured_recipe", ("post", POST))
    (run,) = happen("featured_recipe", RECIPE)
    assert run.status == "failed"
    AccountFactory(platform="facebook")

    assert automating.do_again(run)
    automating.run(run.pk)
    run.refresh_from_db()

    assert (run.status, run.reason, Publication.objects.count()) == ("done", "", 1)
    assert not automating.do_again(run)


def test_the_same_event_acts_once_whatever_the_kind():
    AccountFactory(platform="facebook")
    rule("featured_recipe", ("post", POST), ("staff", STAFF))

    (run,) = happen("featured_recipe", RECIPE)
    again = happen("featured_recipe", RECIPE)
    automating.run(run.pk)

    assert (again, Publication.objects.count(), Alert.objects.get().times) == ([], 1, 1)


def test_a_rule_edited_since_acts_as_it_was_when_the_event_came():
    made = rule("featured_recipe", ("staff", STAFF))
    (run,) = automations.on_event("featured_recipe", "1", RECIPE)
    made.actions.update(params={**STAFF, "title": "Autre chose"})

    automating.run(run.pk)

    assert Alert.objects.get().title == "À voir : Magret aux figues"


def test_a_rule_put_out_since_leaves_what_was_due():
    made = rule("featured_recipe", ("staff", STAFF))
    (run,) = automations.on_event("featured_recipe", "1", RECIPE)
    Automation.objects.filter(pk=made.pk).update(is_active=False)

    automating.run(run.pk)

    run.refresh_from_db()
    assert (run.status, run.reason) == ("skipped", "La règle a été éteinte entre-temps.")
    assert Alert.objects.count() == 0


def test_a_run_taken_over_by_another_worker_leaves_nothing(monkeypatch):
    rule("featured_recipe", ("staff", STAFF))
    (run,) = automations.on_event("featured_recipe", "1", RECIPE)
    kind = registry["staff"]
    do = kind.do

    def slow(self, *args):
        AutomationRun.objects.update(claimed_by="another")
        return do(self, *args)

    monkeypatch.setattr(kind, "do", slow)
    automating.run(run.pk)

    assert Alert.objects.count() == 0


def test_a_run_that_kills_its_worker_each_time_is_given_up_and_told():
    rule("featured_recipe", ("staff", STAFF))
    (run,) = automations.on_event("featured_recipe", "1", RECIPE)
    AutomationRun.objects.update(status="running", attempts=5, lease_until=NOON - timedelta(seconds=1))

    assert automating.recover_abandoned() == 1

    run.refresh_from_db()
    assert (run.status, run.reason) == ("failed", automating.INTERRUPTED)


def test_a_module_that_is_away_is_asked_again_later(monkeypatch):
    def away(self, params, occasion):
        raise TransientError("La comptabilité ne répond pas.")

    monkeypatch.setattr(registry["campaign"], "prepare", away)
    rule("week_started", ("campaign", {}))

    (run,) = happen("week_started", {"week": "2026-W49"})

    assert (run.status, run.next_attempt_at > NOON) == ("pending", True)
    assert words(run) == [("campaign", "failed", "La comptabilité ne répond pas.")]


# --- Stock -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def cepes():
    """Two dishes that take cèpes, one more than the other, and one that takes none."""
    for ref in ("omelette", "risotto", "tarte"):
        ItemFactory(ref=ref, name=ref.capitalize())
    made = Ingredient.objects.create(ref="cepes", name="Cèpes", unit="g", quantity=5000)
    RecipeLine.objects.create(item_ref="omelette", ingredient=made, quantity=100)
    RecipeLine.objects.create(item_ref="risotto", ingredient=made, quantity=300)
    return made


def on_sale():
    return sorted(Item.objects.filter(availability="available").values_list("ref", flat=True))


@pytest.mark.parametrize(
    ("said", "left", "told"),
    [
        ({"quantity": 0}, ["tarte"], "Retirés de la vente : Omelette, Risotto."),
        ({"quantity": "200"}, ["omelette", "tarte"], "Retirés de la vente : Risotto."),
        ({"level": "out"}, ["tarte"], "Retirés de la vente : Omelette, Risotto."),
        ({"level": "low"}, ["omelette", "risotto", "tarte"], "Stock bas, sans quantité : il n'est pas dit épuisé, rien n'est retiré."),
        ({"quantity": 900}, ["omelette", "risotto", "tarte"], "Compté ; aucun plat à retirer de la vente."),
    ],
)  # fmt: skip
def test_a_stock_alert_takes_off_sale_what_cannot_be_made(cepes, said, left, told):
    rule("stock_alert", ("sold_out", {}))

    (run,) = happen("stock_alert", {"ref": "cepes", **said})

    assert (on_sale(), words(run)) == (left, [("sold_out", "done", told)])


def test_an_alert_for_a_dish_itself_and_for_nothing_we_know(cepes):
    rule("stock_alert", ("sold_out", {}))

    (dish,) = happen("stock_alert", {"ref": "tarte", "quantity": 0}, "1")
    (nothing,) = happen("stock_alert", {"ref": "gorgonzola", "quantity": 0}, "2")

    assert on_sale() == ["omelette", "risotto"]
    assert words(dish)[0][2] == "Retirés de la vente : Tarte."
    assert words(nothing)[0][2] == "« gorgonzola » n'est ni un ingrédient ni un plat de la carte."


def test_planned_posts_that_name_the_dish_are_counted_and_it_comes_back_by_the_next_counts(cepes):
    PublicationFactory(content=ContentFactory(item_refs=["risotto"]), scheduled_at=NOON + timedelta(hours=3))
    rule("stock_alert", ("sold_out", {}))

    (run,) = happen("stock_alert", {"ref": "cepes", "quantity": 0})
    assert words(run)[0][2].endswith("1 publication(s) prévue(s) les citent et seront retenues.")

    stock.note_levels({"items": [{"ref": "cepes", "quantity": 5000}]}, at=NOON + timedelta(minutes=5))
    assert stock.bring_back_restocked(NOON + timedelta(minutes=16)) == 2
    assert on_sale() == ["omelette", "risotto", "tarte"]


def test_an_alert_older_than_a_count_changes_nothing(cepes):
    Ingredient.objects.update(counted_at=NOON + timedelta(minutes=1), quantity=5000)
    rule("stock_alert", ("sold_out", {}))

    (run,) = happen("stock_alert", {"ref": "cepes", "quantity": 0})

    assert words(run)[0][2] == "Un compte plus récent est déjà connu : rien n'est changé."
    assert (Ingredient.objects.get().quantity, on_sale()) == (Decimal(5000), ["omelette", "risotto", "tarte"])


def test_an_inbound_alert_counts_for_the_moment_that_its_module_tells(cepes):
    rule("stock_alert", ("sold_out", {}))
    event, _ = inbound.store(
        source="iot", event="stock_alert", delivery_id="d", occurred_at=NOON - timedelta(hours=1),
        payload={"ref": "cepes", "quantity": 0},
    )  # fmt: skip

    happen("stock_alert", event.payload, f"inbound:{event.pk}")

    assert Ingredient.objects.get().counted_at == NOON - timedelta(hours=1)


# --- Campaigns, messages ---------------------------------------------------------------------------------------------


def test_a_new_week_makes_one_draft_with_the_discounts_that_the_margins_bear(monkeypatch):
    found = Proposal(
        kept=(Offer(Dish("magret", "Magret"), 8, "remise ramenée de 15 % à 8 % pour garder 60 % de marge."),)
    )
    monkeypatch.setattr("vieuxmoulin.exchange.slow_dishes.look", lambda today=None: found)
    rule("week_started", ("campaign", {}))

    propose_slow_dishes()
    propose_slow_dishes()
    run = AutomationRun.objects.get()
    automating.run(run.pk)

    run.refresh_from_db()
    campaign = Campaign.objects.get()
    assert (campaign.status, campaign.metadata["discount"]) == ("draft", 8)
    assert words(run) == [("campaign", "done", "Brouillon de campagne : Magret -8 %.")]
    assert SlowDishRound.objects.get().campaign == campaign
    assert Alert.objects.get().title.startswith("Un brouillon de campagne attend")


def test_a_guest_who_refuses_is_not_written_to_by_a_rule(settings):
    settings.QUIET_HOURS = False
    ProviderFactory()
    MessageTemplateFactory(slug="offre")
    rule("visit_completed", ("message", {"template": "offre", "channels": ["email"], "audience": "event"}))

    (run,) = happen("visit_completed", {"promo_title": "x", "customer": {"email": "ana@example.com"}})
    delivery.deliver_chunk(Chunk.objects.get().pk)

    message = Notification.objects.get()
    assert (run.status, message.status, bool(message.reason)) == ("done", "skipped", True)
    assert "ana@example.com" not in str(run.outcomes) + run.reason


def test_the_log_of_a_condition_shows_no_address():
    made = rule("booking_created", ("staff", STAFF))
    made.conditions.create(path="customer.email", operator="equals", value="x")
    other = rule("booking_created", ("staff", STAFF), name="Autre")
    other.conditions.create(path="note", operator="equals", value="x")

    runs = happen("booking_created", {"customer": {"email": "ana@example.com"}, "note": "ou 06 12 34 56 78"})

    assert {run.status for run in runs} == {"skipped"}
    assert all("ana@" not in run.reason and "34" not in run.reason for run in runs)


# --- Circles, examples -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("event", "caused", "others", "path"),
    [
        ("a", {"a"}, {}, ["a", "a"]),
        ("a", {"b"}, {"b": {"a"}}, ["a", "b", "a"]),
        ("a", {"b"}, {"b": {"c"}, "c": {"b"}}, []),
        ("a", set(), {"a": {"a"}}, []),
    ],
)
def test_the_way_back_to_an_event(event, caused, others, path):
    assert path_back(event, caused, others) == path


def test_a_rule_that_would_bring_about_its_own_event_does_nothing_and_says_why():
    AccountFactory(platform="facebook")
    rule("publication_success", ("post", {**POST, "title": "Encore", "body": ""}))

    (run,) = happen("publication_success", EXAMPLES["publication_success"])

    assert (run.status, Publication.objects.count()) == ("skipped", 0)
    assert "publication_success → publication_success" in run.reason


def test_our_own_facts_reach_the_rules(cepes):
    rule("availability_changed", ("staff", {**STAFF, "title": "Épuisé"}))

    own_events.tell("availability_changed", "menus", EXAMPLES["availability_changed"], fact_key="f")
    own_events.tell("availability_changed", "menus", EXAMPLES["availability_changed"], fact_key="f")

    assert AutomationRun.objects.get().event_id == "f"


@pytest.mark.parametrize("event", sorted(own_events.known()))
def test_every_known_event_has_an_example_that_keeps_to_its_contract(event):
    contract = INBOUND.get(event) or OUTBOUND.get(event)

    assert contract is None or fault_of(contract, EXAMPLES[event]) is None
    assert EXAMPLES[event]


@pytest.mark.parametrize("slug", sorted(registry))
def test_every_kind_names_its_questions_once_and_foretells_without_a_trace(slug, settings):
    AccountFactory(platform="facebook")
    kind = registry[slug]()
    names = [question.name for question in kind.questions]
    given = {"post": POST, "staff": STAFF, "message": {"template": "x"}}.get(slug, {})
    MessageTemplateFactory(slug="x", subject="Bonjour", body_html="<p>x</p>")
    occasion = Occasion("1", "Règle", "featured_recipe", "1", timezone.now(), {**RECIPE, "email": "ana@example.com"})

    seen = kind.foretell(given, occasion)

    assert (len(set(names)), str(kind.label) != "", seen.words != "") == (len(names), True, True)
    assert "ana@example.com" not in seen.words + seen.text + repr(occasion)
    assert Task.objects.count() == Content.objects.count() == Alert.objects.count() == Notification.objects.count() == 0


def test_a_text_that_the_event_cannot_fill_says_which_word_is_missing():
    occasion = Occasion("1", "Règle", "x", "1", NOON, {})

    with pytest.raises(ContentRejected, match="name"):
        registry["staff"]().do(STAFF, replace(occasion), None)
    assert Alert.objects.count() == 0
