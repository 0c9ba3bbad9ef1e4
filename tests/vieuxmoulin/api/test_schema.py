"""The description of the API: valid, complete, with the mission's own examples, and readable offline."""

import json
import pathlib
import re

import pytest
from django.contrib.staticfiles import finders
from django.core.management import call_command
from django.test import Client
from drf_spectacular.generators import SchemaGenerator

EXAMPLES = pathlib.Path(__file__).resolve().parents[3] / ".." / "shared" / "mission-examples"
DOCS = "/api/communication/docs"


@pytest.fixture(scope="module")
def schema():
    return SchemaGenerator().get_schema(request=None, public=True)


def example(name):
    if not EXAMPLES.exists():
        pytest.skip("les exemples de la mission ne sont pas sur cette machine")
    return json.loads((EXAMPLES / name).read_text(encoding="utf-8"))


def test_the_schema_is_valid_and_raises_no_warning(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))

    assert (tmp_path / "schema.yml").read_text(encoding="utf-8").startswith("openapi: 3.1.1")


def test_the_missions_six_endpoints_are_there(schema):
    promised = {"status": "get", "campaigns": "get", "publish": "post", "analytics": "get", "notify": "post",
                "webhook": "post"}  # fmt: skip

    found = {
        name: method for name, method in promised.items() if method in schema["paths"][f"/api/communication/{name}"]
    }

    assert found == promised


def test_only_the_canonical_addresses_are_described(schema):
    assert [path for path in schema["paths"] if path.endswith("/")] == []


def test_the_examples_are_the_missions(schema):
    publish = schema["paths"]["/api/communication/publish"]["post"]
    webhook = schema["paths"]["/api/communication/webhook"]["post"]

    asked = next(iter(publish["requestBody"]["content"]["application/json"]["examples"].values()))["value"]
    answered = next(iter(publish["responses"]["202"]["content"]["application/json"]["examples"].values()))["value"]
    told = next(iter(webhook["requestBody"]["content"]["application/json"]["examples"].values()))["value"]

    assert asked == example("publish.request.json")
    assert answered == example("publish.answer.json")
    assert told == example("webhook_in.new_recipe.json")


def test_every_operation_says_its_scope_its_key_and_its_refusals(schema):
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            assert {"400", "401", "429", "500"} <= set(operation["responses"]), path
            assert operation["summary"], path
            names = {parameter["name"] for parameter in operation.get("parameters", ())}
            is_idempotent = method == "post" and not path.endswith("/webhook")
            assert ("Idempotency-Key" in names) == is_idempotent, path


def test_a_scope_is_asked_for(schema):
    assert schema["paths"]["/api/communication/publish"]["post"]["security"] == [{"oauth2": ["publish"]}]


def test_the_schema_is_served_to_anybody(db):
    answer = Client().get("/api/communication/schema", headers={"Accept": "application/json"})

    assert answer.status_code == 200
    assert json.loads(answer.content)["info"]["title"] == "Communication du Vieux Moulin"


def test_the_page_needs_no_inline_script_and_no_other_host(db):
    page = Client().get(DOCS)
    text = page.content.decode()

    sources = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert page.status_code == 200
    assert re.findall(r"<script(?![^>]*\bsrc=)[^>]*>", text) == []
    assert re.findall(r"\son\w+=", text) == []
    assert [source for source in sources if "//" in source] == []
    assert "script-src 'self'" in page["Content-Security-Policy"]


def test_the_files_of_the_page_are_ours(db):
    text = Client().get(DOCS).content.decode()

    files = re.findall(r'"/static/([^"]+)"', text)
    assert len(files) >= 3
    assert [file for file in files if finders.find(file) is None] == []


def test_the_script_of_the_page_names_the_schema(db):
    answer = Client().get(f"{DOCS}?script=")

    assert answer["Content-Type"].startswith("application/javascript")
    assert "/api/communication/schema" in answer.content.decode()
