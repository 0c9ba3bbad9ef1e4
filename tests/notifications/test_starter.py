"""The starter set: ten templates that compile, fill with their own sample, and cost little."""

import pytest

from notifications.models import Contact, MessageTemplate
from notifications.services import sms, templates
from notifications.starter import FILES, FOLDER, STARTERS, load_starters

NAMES = {
    "welcome", "new_recipe", "promotional_email", "menu_update", "booking_confirmation", "booking_reminder", "thanks",
    "birthday", "we_miss_you", "confirm_subscription",
}  # fmt: skip


def read(starter):
    texts = {
        name: (FOLDER / starter.slug / file).read_text(encoding="utf-8").strip()
        for name, file in FILES.items()
        if (FOLDER / starter.slug / file).exists()
    }
    return MessageTemplate(slug=starter.slug, purpose=starter.purpose, sample=starter.sample, **texts)


def test_the_set_is_whole():
    assert {starter.slug for starter in STARTERS} == NAMES


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.slug)
def test_each_compiles_without_a_remark_and_misses_nothing(starter):
    template = read(starter)

    assert templates.verify(template) == []
    assert [templates.missing(template, channel, starter.sample) for channel in ("email", "sms", "push")] == [
        [],
        [],
        [],
    ]
    assert template.subject
    assert template.body_text
    assert template.push_body


@pytest.mark.parametrize("first_name", ["Anaïs", ""])
@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.slug)
def test_each_reads_well_for_a_guest_with_and_without_a_name(starter, first_name):
    rendered, _headers = templates.render_for(
        read(starter), "email", Contact(first_name=first_name, language="fr"), starter.sample
    )

    for text in (rendered.subject, rendered.text, rendered.html):
        assert "{{" not in text
        assert " ," not in text
        assert "  " not in text.replace("\n  ", "\n")
    assert "\n\n\n" not in rendered.text
    assert "<p></p>" not in rendered.html


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.slug)
def test_no_sms_is_made_dear_by_its_own_words(starter):
    template = read(starter)

    assert not sms.parts(template.sms_body).odd


def test_loading_twice_adds_nothing_and_keeps_what_staff_wrote(db):
    added = load_starters()
    ours = MessageTemplate.objects.get(slug="welcome")
    ours.subject = "Bienvenue chez nous"
    templates.save_version(ours)

    again = load_starters()

    assert (added, again) == (10, 0)
    assert MessageTemplate.objects.get(slug="welcome", is_current=True).subject == "Bienvenue chez nous"


def test_an_empty_sample_value_prints_no_picture(db):
    starter = next(starter for starter in STARTERS if starter.slug == "new_recipe")

    rendered, _headers = templates.render_for(read(starter), "email", Contact(), starter.sample)

    assert "<img" not in rendered.html


@pytest.mark.parametrize(
    ("slug", "payload", "said"),
    [
        ("new_recipe", {"recipe_id": "recipe_123", "name": "Salade Méditerranéenne", "is_new": True}, "Salade"),
        (
            "booking_confirmation",
            {"starts_at": "2026-08-15T18:30:00Z", "guests": 1},
            "samedi 15 août 2026 à 20\u00a0h\u00a030",
        ),
        ("booking_reminder", {"starts_at": "2026-08-15T20:30", "guests": 2}, "2 personnes"),
        ("promotional_email", {"promo_title": "Fête", "promo_description": "Un verre offert."}, "Un verre offert."),
    ],
)
def test_what_other_modules_tell_is_enough_to_fill_them(slug, payload, said):
    template = read(next(starter for starter in STARTERS if starter.slug == slug))

    rendered, _headers = templates.render_for(template, "email", Contact(), payload)

    assert [templates.missing(template, channel, payload) for channel in ("email", "sms", "push")] == [[], [], []]
    assert said in rendered.text
