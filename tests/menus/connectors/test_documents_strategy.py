"""The documents that tests are made of are canonical ones."""

import json
import pathlib

import jsonschema
import pytest
from hypothesis import given, settings

from menus.connectors import registry
from menus.document import content_hash
from tests.menus.documents import documents, full

SCHEMA = pathlib.Path(__file__).resolve().parents[3] / ".." / "shared" / "specs" / "canonical-menu.v1.schema.json"


@pytest.fixture(scope="module")
def validator():
    if not SCHEMA.exists():
        pytest.skip("the canonical schema is not beside the project")
    return jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def test_the_card_with_a_bit_of_everything_keeps_the_schema(validator):
    validator.validate(full())


@settings(max_examples=60, deadline=None)
@given(document=documents())
def test_any_generated_card_keeps_the_schema(validator, document):
    validator.validate(document)


@settings(max_examples=40, deadline=None)
@given(document=documents())
def test_no_connector_changes_the_document_it_is_given(document):
    before = json.dumps(document)
    digest = content_hash(document)

    for slug in sorted(set(registry) - {"website", "pdf"}):
        connector = registry[slug]()
        connector.problems(document)
        connector.left_out(document)
        connector.project(document)

    assert (json.dumps(document), content_hash(document)) == (before, digest)
