import json
import logging

import pytest
from django.db import transaction
from django.dispatch import Signal

from integrations.events import announce


@pytest.fixture
def signal():
    return Signal()


@pytest.mark.django_db(transaction=True)
def test_a_fact_is_told_after_the_commit(signal):
    heard = []

    def listen(sender, **facts):
        heard.append((sender, facts["dish"], transaction.get_connection().in_atomic_block))

    signal.connect(listen)
    with transaction.atomic():
        announce(signal, "menus", dish="Lamproie")
        during = list(heard)

    assert during == []
    assert heard == [("menus", "Lamproie", False)]


@pytest.mark.django_db(transaction=True)
def test_a_rollback_tells_nothing(signal):
    heard = []

    def listen(**facts):
        heard.append(facts)

    signal.connect(listen)
    with transaction.atomic():
        announce(signal, "menus")
        transaction.set_rollback(True)

    assert heard == []


@pytest.mark.django_db
def test_a_faulty_listener_is_logged_and_the_next_one_still_hears(signal, caplog, django_capture_on_commit_callbacks):
    heard = []

    def fail(**facts):
        raise ValueError("panne du récepteur")

    def listen(**facts):
        heard.append(facts["dish"])

    signal.connect(fail)
    signal.connect(listen)
    with caplog.at_level(logging.ERROR), django_capture_on_commit_callbacks(execute=True):
        announce(signal, "menus", dish="Lamproie")

    assert heard == ["Lamproie"]
    ours = [record for record in caplog.records if record.name == "integrations.events"]
    assert len(ours) == 1
    assert "receiver_failed" in json.dumps(str(ours[0].msg))
    assert "fail" in str(ours[0].msg["receiver"])
