"""The duties of a card put in words."""

import pytest

from menus.mentions import days_said, hours_said


@pytest.mark.parametrize(
    ("days", "french", "english"),
    [
        (["mon"], "lundi", "Monday"),
        (["tue", "mon"], "lundi, mardi", "Monday, Tuesday"),
        (["tue", "wed", "thu"], "du mardi au jeudi", "Tuesday to Thursday"),
        (["sun", "tue", "wed", "thu", "fri"], "du mardi au vendredi, dimanche", "Tuesday to Friday, Sunday"),
        (["mon", "wed", "fri"], "lundi, mercredi, vendredi", "Monday, Wednesday, Friday"),
        (["mon", "tue", "wed", "thu", "fri", "sat", "sun"], "tous les jours", "every day"),
        ([], "", ""),
    ],
)
def test_days_in_a_row_are_said_by_their_ends(days, french, english):
    assert (days_said(days), days_said(days, "en")) == (french, english)


def test_hours_are_said_period_by_period():
    schedule = [
        {"days": ["fri", "sat"], "start": "19:00", "end": "22:00"},
        {"days": ["tue", "wed", "thu"], "start": "12:00", "end": "14:00"},
    ]

    assert hours_said(schedule) == "vendredi, samedi de 19:00 à 22:00 ; du mardi au jeudi de 12:00 à 14:00"
    assert hours_said(None) == ""
