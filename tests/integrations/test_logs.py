import io
import json
import logging
import logging.config
import re

import pytest
import structlog

from integrations.logs import configure_structlog, logging_config

SECRET = "s3cret-0123456789"


@pytest.fixture
def output():
    """Give the root logger our formatter and a text to write to; put back what was there."""
    root = logging.getLogger()
    before, configured = (root.handlers[:], root.level), structlog.get_config()
    stream = io.StringIO()

    def start(as_json):
        config = logging_config("info", as_json)
        config["handlers"]["console"]["stream"] = stream
        handler = logging.StreamHandler(stream)
        configurator = logging.config.DictConfigurator(config)
        handler.setFormatter(configurator.configure_formatter(config["formatters"]["line"]))
        root.handlers, root.level = [handler], logging.INFO
        configure_structlog()
        return stream

    yield start
    root.handlers, root.level = before
    # The very same list of processors: loggers that were used already hold on to it, and other tests listen there.
    structlog.configure(**configured)


def lines(stream):
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_our_lines_and_the_libraries_lines_have_one_shape(output):
    stream = output(True)

    with structlog.contextvars.bound_contextvars(correlation_id="c-1", task_id="t-1"):
        structlog.get_logger("integrations.tests").info("http_call", slug="x", status=200)
        logging.getLogger("celery.worker").warning("lost %s", "broker")

    ours, theirs = lines(stream)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", ours.pop("timestamp"))
    assert ours == {
        "event": "http_call",
        "level": "info",
        "logger": "integrations.tests",
        "slug": "x",
        "status": 200,
        "correlation_id": "c-1",
        "task_id": "t-1",
        "task": "t-1",
    }
    assert (theirs["event"], theirs["level"], theirs["correlation_id"]) == ("lost broker", "warning", "c-1")


def test_the_keys_are_there_even_when_empty(output):
    stream = output(True)

    structlog.get_logger("integrations.tests").info("started")

    assert {"timestamp", "level", "event", "correlation_id", "task"} <= set(lines(stream)[0])
    assert lines(stream)[0]["correlation_id"] is None


def test_the_request_id_stands_in_for_the_correlation_id(output):
    stream = output(True)

    with structlog.contextvars.bound_contextvars(request_id="r-1"):
        structlog.get_logger("integrations.tests").info("request_started", task="social.tasks.publish")

    assert (lines(stream)[0]["correlation_id"], lines(stream)[0]["task"]) == ("r-1", "social.tasks.publish")


@pytest.mark.parametrize("as_json", [True, False])
def test_no_secret_and_no_contact_reaches_a_line(output, as_json):
    stream = output(as_json)
    log = structlog.get_logger("integrations.tests")

    log.info("sent", access_token=SECRET, headers={"Authorization": f"Bearer {SECRET}"}, to=["jeanne@exemple.fr"])
    log.info(f"GET /me?access_token={SECRET}")
    logging.getLogger("urllib3").warning("retry %s", f"https://api/?api_key={SECRET}")
    logging.getLogger("plain").warning("extra", extra={"password": SECRET, "phone": "+33612345678"})

    text = stream.getvalue()
    assert text.count("•••") >= 5
    assert SECRET not in text
    assert "jeanne@" not in text
    assert "+336" not in text


@pytest.mark.parametrize("as_json", [True, False])
def test_a_traceback_shows_the_place_but_no_variable_and_no_secret(output, as_json):
    stream = output(as_json)
    local_secret = "only-in-a-variable"

    try:
        raise ValueError(f"refused access_token={SECRET} {len(local_secret)}")
    except ValueError:
        structlog.get_logger("integrations.tests").exception("failed")
        logging.getLogger("plain").exception("failed too")

    text = stream.getvalue()
    assert text.count("ValueError: refused access_token=•••") == 2
    assert SECRET not in text
    assert "only-in-a-variable" not in text.replace('local_secret = "only-in-a-variable"', "")


def test_an_object_of_any_kind_can_be_logged(output):
    class Row:
        def __repr__(self):
            return f"<Row token={SECRET}>"

    stream = output(True)

    structlog.get_logger("integrations.tests").info("row", row=Row(), rows={Row(): 1}, ratio=0.5, ok=True, none=None)

    line = lines(stream)[0]
    assert (line["row"], line["ratio"], line["ok"], line["none"]) == ("<Row token=•••>", 0.5, True, None)
    assert SECRET not in stream.getvalue()


def test_the_configuration_is_complete_and_quiet_where_libraries_tell_too_much():
    config = logging_config("debug", True)

    assert config["root"] == {"handlers": ["console"], "level": "DEBUG"}
    assert config["disable_existing_loggers"] is False
    for name in ("urllib3", "django.db.backends"):
        assert config["loggers"][name]["level"] == "WARNING"


def test_each_request_is_one_line_that_tells_who_called_and_believes_no_header(client, output, db):
    stream = output(True)

    client.get("/health/live", headers={"X-Forwarded-For": "203.0.113.66"}, REMOTE_ADDR="198.51.100.7")

    told = [(line["event"], line["ip"]) for line in lines(stream) if line["logger"].startswith("django_structlog")]
    assert told == [("request_finished", "198.51.100.7")]
