"""Prices, dates, hours and plurals as the French write them."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from notifications.handlebars import HelperError, compile


def render(template, **context):
    return compile(template, html=False).render(context)


@pytest.mark.parametrize(
    ("cents", "expected"),
    [
        (1250, "12,50\u00a0€"),
        (0, "0,00\u00a0€"),
        (5, "0,05\u00a0€"),
        (123456789, "1\u202f234\u202f567,89\u00a0€"),
        (-350, "-3,50\u00a0€"),
        (1250.0, "12,50\u00a0€"),
        (Decimal(990), "9,90\u00a0€"),
        ("1250", "12,50\u00a0€"),
        (None, ""),
    ],
)
def test_price_from_cents(cents, expected):
    assert render("{{prix x}}", x=cents) == expected


@pytest.mark.parametrize(
    "cents",
    [12.5, "douze", "", True, [], {}, float("nan"), float("inf"), "9" * 40, 10**40, pytest.param(10**5000, id="huge")],
)
def test_price_of_what_is_no_amount(cents):
    with pytest.raises(HelperError, match="centimes"):
        render("{{prix x}}", x=cents)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (date(2026, 11, 27), "vendredi 27 novembre 2026"),
        ("2026-11-27", "vendredi 27 novembre 2026"),
        ("2027-08-01", "dimanche 1er août 2027"),
        (datetime(2026, 12, 31, 23, 30, tzinfo=UTC), "vendredi 1er janvier 2027"),
        ("2026-06-30T22:15:00Z", "mercredi 1er juillet 2026"),
        ("2026-06-30T22:15:00", "mardi 30 juin 2026"),
        (None, ""),
    ],
)
def test_date_in_paris(value, expected):
    assert render("{{date x}}", x=value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2026, 7, 14, 17, 30, tzinfo=UTC), "19\u00a0h\u00a030"),
        (datetime(2026, 1, 14, 18, 0, tzinfo=UTC), "19\u00a0h"),
        ("2026-11-27T08:05:00+01:00", "8\u00a0h\u00a005"),
        ("2026-11-27T12:00", "12\u00a0h"),
        ("19:30", "19\u00a0h\u00a030"),
        (None, ""),
    ],
)
def test_hour_in_paris(value, expected):
    assert render("{{heure x}}", x=value) == expected


@pytest.mark.parametrize("template", ["{{date x}}", "{{heure x}}"])
@pytest.mark.parametrize("value", ["demain", "", 20261127, True, [], "2026-13-45", "9999-12-31T23:59:59-12:00"])
def test_what_is_no_date(template, value):
    with pytest.raises(HelperError, match="attend une date"):
        render(template, x=value)


def test_a_day_without_hour_has_no_hour():
    with pytest.raises(HelperError, match="avec son heure"):
        render("{{heure x}}", x=date(2026, 11, 27))


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "couvert"),
        (1, "couvert"),
        (1.5, "couvert"),
        (2, "couverts"),
        ("12", "couverts"),
        (None, "couvert"),
        ([1, 2], "couverts"),
    ],
)
def test_plural_starts_at_two(count, expected):
    assert render('{{pluriel n "couvert" "couverts"}}', n=count) == expected


def test_plural_in_s_by_default():
    assert render('{{n}} {{pluriel n "table"}}', n=3) == "3 tables"


def test_count_that_is_no_number():
    with pytest.raises(HelperError, match="pluriel attend d'abord un nombre"):
        render('{{pluriel n "a" "b"}}', n="beaucoup")


def test_bare_name_of_a_french_helper_is_a_variable():
    assert (
        render("{{date}} {{prix}}{{#heure}} {{this}}{{/heure}}", date="vendredi", prix=12, heure="19 h")
        == "vendredi 12 19 h"
    )


def test_helper_result_as_argument():
    assert (
        render("{{#if (date x)}}{{date (lookup l 0)}}{{/if}}", x="2026-11-27", l=["2026-11-28"])
        == "samedi 28 novembre 2026"
    )
