"""Rules that did one thing keep doing it, as the first of their actions; and back."""

from django.apps import apps as now

from campaigns.models import Automation

PARAMS = {"template": "thanks", "channels": ["email"], "audience": "event"}


def test_a_rule_keeps_its_message_and_its_waiting_run_forward_and_back(migrate_to):
    old = migrate_to("campaigns", "0008_payload_is_sealed")
    rule = old.get_model("campaigns", "Automation").objects.create(name="Remercier", event="visit", params=PARAMS)
    runs = old.get_model("campaigns", "AutomationRun").objects
    waiting = runs.create(automation=rule, event_id="1", status="pending", payload={"email": "ana@example.com"})
    done = runs.create(automation=rule, event_id="2", status="done", payload={})

    migrate_to("campaigns", "0011_drop_single_action")

    kept = now.get_model("campaigns", "AutomationRun").objects
    assert list(Automation.objects.get().actions.values_list("kind", "params")) == [("message", PARAMS)]
    assert kept.get(pk=waiting.pk).asked == [{"kind": "message", "params": PARAMS}]
    assert kept.get(pk=waiting.pk).payload == {"email": "ana@example.com"}
    assert kept.get(pk=done.pk).asked == []

    made = Automation.objects.create(name="Prévenir", event="stock_alert")
    made.actions.create(kind="staff", params={"title": "x"})

    old = migrate_to("campaigns", "0008_payload_is_sealed").get_model("campaigns", "Automation").objects
    assert (old.get(name="Remercier").params, old.get(name="Remercier").is_active) == (PARAMS, True)
    assert (old.get(name="Prévenir").params, old.get(name="Prévenir").is_active) == ({}, False)
