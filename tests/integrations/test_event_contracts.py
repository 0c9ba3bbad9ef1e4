"""The catalogue of events: as published, complete, and kept by ourselves."""

import json
import pathlib

import jsonschema
import pytest

from integrations import event_contracts
from integrations.event_contracts import INBOUND, OUTBOUND, Contract
from integrations.services import outbound

PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs" / "contracts" / "events.json"
EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / "shared" / "mission-examples"
MISSION = {
    "publication_success", "publication_failure", "engagement", "performance_threshold", "data_synchronised",
    "campaign_started", "campaign_completed",
}  # fmt: skip


def test_what_the_other_side_reads_is_what_we_check():
    assert json.loads(PAGE.read_text(encoding="utf-8")) == event_contracts.as_document()


@pytest.mark.parametrize("contract", [*INBOUND.values(), *OUTBOUND.values()], ids=[*INBOUND, *OUTBOUND])
def test_each_schema_is_one(contract):
    jsonschema.Draft202012Validator.check_schema(contract.schema)
    assert contract.words.endswith(".")


def test_every_event_of_the_mission_is_told():
    assert set(outbound.SUBSCRIBED) >= MISSION


@pytest.mark.parametrize(
    ("name", "catalogue"), [("webhook_in.new_recipe", INBOUND), ("webhook_out.publication_success", OUTBOUND)]
)
def test_the_missions_examples_keep_to_the_contracts(name, catalogue):
    if not EXAMPLES.exists():
        pytest.skip("les exemples de la mission ne sont pas sur cette machine")
    example = json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))

    assert event_contracts.fault_of(catalogue[example["event"]], example["payload"]) is None


@pytest.mark.parametrize(
    ("contract", "payload", "entity"),
    [
        (INBOUND["booking_updated"], {"booking_id": 12}, "booking:12"),
        (INBOUND["booking_updated"], {"booking_id": True}, ""),
        (INBOUND["booking_updated"], {}, ""),
        (INBOUND["stock_update"], {}, "stock"),
        (OUTBOUND["campaign_started"], {"campaign_id": "a" * 300}, f"campaign:{'a' * 131}"),
        (Contract("Rien.", {}), {"x": 1}, ""),
    ],
)
def test_what_an_event_is_about(contract, payload, entity):
    assert contract.entity_of("e", payload) == entity


@pytest.mark.django_db
def test_a_fact_that_breaks_our_promise_is_heard_of(monkeypatch):
    heard = []
    monkeypatch.setattr(outbound, "off_contract", lambda event, path: heard.append((event, path)))

    outbound.tell("campaign_started", "campaigns", {"campaign_id": "1"}, fact_key="a")
    outbound.tell("campaign_started", "campaigns", {"campaign_id": "1", "name": 3}, fact_key="b")
    outbound.tell("inconnu", "campaigns", {}, fact_key="c")

    assert heard == [("campaign_started", "payload"), ("campaign_started", "payload.name"), ("inconnu", "event")]
