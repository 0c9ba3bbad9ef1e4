"""A process that is ready: a full collection has next to nothing to walk through."""

import gc

import pytest
from celery.signals import worker_init, worker_process_init

from vieuxmoulin.warming import warm


@pytest.fixture
def thawed():
    yield
    gc.unfreeze()


def test_what_lives_as_long_as_the_process_is_set_aside(thawed):
    before = len(gc.get_objects())

    warm()

    # `get_objects` names what the collector still walks through.
    assert len(gc.get_objects()) < before / 20
    assert gc.get_freeze_count() > 50_000


def test_workers_are_made_ready_before_their_first_task(thawed):
    for signal in (worker_init, worker_process_init):
        gc.unfreeze()

        signal.send(sender=None)

        assert gc.get_freeze_count() > 50_000
