"""The public cases recorded from handlebars.js and Mustache, read where they lie."""

import json
from pathlib import Path

import pytest

from notifications.handlebars import TemplateError, compile

CASES = Path(__file__).resolve().parents[3] / ".." / "shared" / "conformance" / "handlebars" / "cases.json"


def load_cases():
    if not CASES.exists():
        return [pytest.param(None, id="absent", marks=pytest.mark.skip(reason="../shared/conformance is not here"))]
    return [pytest.param(case, id=case["id"]) for case in json.loads(CASES.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("case", load_cases())
def test_recorded_case(case):
    data = json.loads(case["data_json"]) if "data_json" in case else case.get("data")

    def render():
        return compile(case["template"], html=case.get("html", True)).render(data, case.get("partials"))

    if case["kind"] == "error":
        with pytest.raises(TemplateError):
            render()
    else:
        assert render() == case["expected"]


@pytest.mark.skipif(not CASES.exists(), reason="../shared/conformance is not here")
def test_all_recorded_cases_are_read():
    assert len(load_cases()) == 376
