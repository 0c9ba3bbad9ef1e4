"""Calls side by side: few threads for a vendor that answers at once, all that it takes for one that keeps us waiting."""

import threading

import pytest

from integrations import lanes

MOST = 16


@pytest.fixture(autouse=True)
def new_threads():
    lanes.close()
    lanes._needed.clear()
    yield
    lanes.close()


def test_results_come_in_the_order_of_the_items():
    assert lanes.each("vendor", lambda item: item * 2, range(100), at_once=MOST) == [2 * item for item in range(100)]
    assert lanes.each("vendor", lambda item: item, [], at_once=MOST) == []


def test_a_vendor_that_answers_at_once_needs_few_threads():
    used = set()

    lanes.each("vendor", lambda item: used.add(threading.get_ident()), range(1000), at_once=MOST)

    assert len(used) <= lanes.FEW


def test_calls_that_wait_make_room_for_others_up_to_the_most():
    # Nobody passes before all stand there: with fewer threads the barrier breaks.
    barrier = threading.Barrier(MOST)

    lanes.each("vendor", lambda item: barrier.wait(10), range(2 * MOST), at_once=MOST)

    assert not barrier.broken


def test_no_more_calls_than_the_most_are_made_at_once():
    lock, barrier, now, seen = threading.Lock(), threading.Barrier(MOST), [0], []

    def call(item):
        with lock:
            now[0] += 1
            seen.append(now[0])
        barrier.wait(10)
        with lock:
            now[0] -= 1

    lanes.each("vendor", call, range(4 * MOST), at_once=MOST)

    assert max(seen) == MOST


def test_how_many_a_vendor_needed_is_remembered_and_forgotten_when_it_is_quick_again():
    barrier = threading.Barrier(MOST)
    lanes.each("slow", lambda item: barrier.wait(10), range(MOST), at_once=MOST)
    remembered = lanes._needed["slow"]

    lanes.each("slow", lambda item: None, range(MOST), at_once=MOST)

    assert remembered > lanes.FEW
    assert lanes._needed == {"slow": lanes.FEW}


def test_a_mistake_in_one_call_is_raised_after_the_others():
    done = []

    def call(item):
        if item == 3:
            raise ValueError("three")
        done.append(item)

    with pytest.raises(ValueError, match="three"):
        lanes.each("vendor", call, range(50), at_once=MOST)

    assert sorted(done) == [item for item in range(50) if item != 3]
