"""Rows kept in the shared cache: asked for once, never found again once they changed, not kept where nobody would hear."""

import pytest
from django.core.cache import cache
from django.db import transaction

from integrations import kept as keeping
from integrations import shared_cache
from integrations.kept import changed, kept
from notifications.models import MessageTemplate
from notifications.queries import current_template
from notifications.services.templates import save_version
from tests.factories import MessageTemplateFactory


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """The cache of this process stands for one that all share."""
    monkeypatch.setattr(shared_cache, "is_shared", lambda: True)


class Row:
    """A row of the database, and how many times it was read."""

    def __init__(self, value="lamproie"):
        self.value, self.reads = value, 0

    def __call__(self):
        self.reads += 1
        return self.value


def test_a_row_is_read_once():
    row = Row()

    assert [kept("plat", row) for _ in range(3)] == ["lamproie"] * 3
    assert row.reads == 1


def test_what_is_not_there_is_not_kept():
    row = Row(None)
    assert kept("plat", row) is None
    row.value = "lamproie"

    assert kept("plat", row) == "lamproie"


def test_a_row_that_changed_is_read_anew_until_it_is_surely_written(db):
    row = Row()
    kept("plat", row)
    row.value = "alose"
    changed("plat")

    assert [kept("plat", row) for _ in range(2)] == ["alose", "alose"]
    assert row.reads == 3


def test_who_read_the_old_row_does_not_keep_it_over_the_change(db):
    def read():
        # Somebody changes the row between our reading and our keeping it.
        changed("plat")
        return "l'ancien"

    assert kept("plat", read) == "l'ancien"
    assert kept("plat", Row("le nouveau")) == "le nouveau"


@pytest.mark.django_db(transaction=True)
def test_what_was_kept_in_the_middle_of_a_long_change_is_dropped_when_it_is_written():
    with transaction.atomic():
        changed("plat")
        # The word ran out, and another process kept the row as it still sees it.
        cache.delete("plat")
        kept("plat", Row("l'ancien"))

    assert kept("plat", Row("le nouveau")) == "le nouveau"


def test_nothing_is_kept_where_a_change_would_not_be_heard(monkeypatch):
    monkeypatch.setattr(shared_cache, "is_shared", lambda: False)
    row = Row()

    assert [kept("plat", row) for _ in range(2)] == ["lamproie"] * 2
    assert (row.reads, cache.get("plat")) == (2, None)


# --- What a process remembers -----------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch):
    now = [1000.0]
    monkeypatch.setattr(keeping.time, "monotonic", lambda: now[0])
    return now


def test_the_cache_is_asked_once_a_second(clock, monkeypatch):
    kept("plat", Row())
    asked = []
    monkeypatch.setattr(keeping.cache, "get", asked.append)

    assert [kept("plat", Row("l'autre")) for _ in range(5)] == ["lamproie"] * 5
    assert asked == []
    clock[0] += keeping.KNOWN_SECONDS
    kept("plat", Row())
    assert asked == ["plat"]


def test_what_another_process_changed_is_heard_within_a_second(clock):
    kept("plat", Row("l'ancien"))
    cache.set("plat", keeping._CHANGED, 10)

    clock[0] += keeping.KNOWN_SECONDS

    assert [kept("plat", Row("le nouveau")) for _ in range(2)] == ["le nouveau"] * 2


def test_a_process_remembers_so_many_rows_and_no_more(monkeypatch):
    monkeypatch.setattr(keeping, "MOST_KNOWN", 3)

    for rank in range(10):
        kept(f"plat {rank}", Row(rank))

    assert len(keeping._known) <= 3


# --- Templates --------------------------------------------------------------------------------------------------------


@pytest.fixture
def template(db):
    made = MessageTemplateFactory(slug="promo", subject="Huîtres")
    cache.clear()
    return made


def test_a_template_is_read_once(template, django_assert_num_queries):
    with django_assert_num_queries(1):
        assert [current_template("promo").pk for _ in range(3)] == [template.pk] * 3


def test_a_new_version_is_in_use_at_once(template):
    current_template("promo")

    saved = save_version(MessageTemplate(slug="promo", name="Promo", purpose=template.purpose, subject="Moules",
                                         body_html=template.body_html, body_text=template.body_text))  # fmt: skip

    assert (current_template("promo").pk, current_template("promo").subject) == (saved.pk, "Moules")


def test_a_template_that_is_gone_is_not_found(template):
    current_template("promo")
    template.delete()

    assert current_template("promo") is None


def test_the_word_of_a_change_is_shorter_than_what_is_kept():
    assert keeping.CHANGED_SECONDS < keeping.KEPT_SECONDS
