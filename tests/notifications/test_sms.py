"""SMS: parts and encoding, cheaper wordings, the sender's name, prices."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.services import sms

GSM_SIGNS = sorted(sms._BASIC | sms._EXTENDED)
ANY_TEXT = st.text(
    st.sampled_from([*GSM_SIGNS, *"çêâîôûœŒ’“”«»…–—\u00a0\u202f°🍕🎉👩‍🍳é"]) | st.characters(), max_size=400
)


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count"),
    [
        ("", "GSM-7", 0, 1),
        ("a" * 160, "GSM-7", 160, 1),
        ("a" * 161, "GSM-7", 161, 2),
        ("a" * 306, "GSM-7", 306, 2),
        ("a" * 307, "GSM-7", 307, 3),
        ("€" * 80, "GSM-7", 160, 1),
        ("€" * 81, "GSM-7", 162, 2),
        ("a" * 152 + "€" + "a" * 152, "GSM-7", 306, 3),
        ("ç" * 70, "UCS-2", 70, 1),
        ("ç" * 71, "UCS-2", 71, 2),
        ("ç" * 134, "UCS-2", 134, 2),
        ("ç" * 135, "UCS-2", 135, 3),
        ("🍕" * 36, "UCS-2", 72, 2),
        ("ç" * 66 + "🍕" + "ç" * 66, "UCS-2", 134, 3),
        ("Votre table est réservée", "GSM-7", 24, 1),
        ("Réservée, à bientôt", "UCS-2", 19, 1),
    ],
)
def test_parts(text, encoding, units, count):
    found = sms.parts(text)

    assert (found.encoding, found.units, found.parts) == (encoding, units, count)


@pytest.mark.parametrize("sign", "^{}[]~\\|€")
def test_extended_signs_count_two(sign):
    assert sms.parts(sign).units == 2


@pytest.mark.parametrize("sign", [*"çêëâîïôûœÿÀÂÈÊÎÔÙÛŒ’“”«»…–—°²`", "\u00a0", "\u202f", "\t"])
def test_signs_outside_the_alphabet_force_the_dear_encoding_and_are_named(sign):
    found = sms.parts(f"a{sign}b{sign}")

    assert (found.encoding, found.odd) == ("UCS-2", (sign,))


@pytest.mark.parametrize("sign", "éèùàìòÉÇæÆäöüñÄÖÜÑ£¥§¿¡@ß")
def test_french_signs_of_the_alphabet_cost_one(sign):
    assert sms.parts(sign) == sms.Parts("GSM-7", 1, 1, 160)


def test_what_the_service_adds_counts():
    assert sms.parts("a" * 149, added=11) == sms.Parts("GSM-7", 160, 1, 160)
    assert sms.parts("a" * 150, added=11).parts == 2
    assert sms.parts("ç" * 59, added=11).parts == 1
    assert sms.parts("ç" * 60, added=11).parts == 2


@given(ANY_TEXT)
def test_parts_hold_the_text_and_no_fewer_would(text):
    found = sms.parts(text)

    assert found.units <= found.limit
    assert found.units >= len(text)
    # A pair that must not be cut wastes one unit at most in each part.
    if found.parts > 1:
        each = {"GSM-7": 153, "UCS-2": 67}[found.encoding]
        assert found.units > (found.parts - 1) * (each - 1)
        assert found.limit == found.parts * each


@given(ANY_TEXT)
def test_ucs2_units_are_those_of_utf16(text):
    found = sms.parts(f"ç{text}")

    assert found.units == len(f"ç{text}".encode("utf-16-le", "surrogatepass")) // 2


@given(ANY_TEXT, st.sampled_from([0, 11]))
def test_a_suggestion_always_saves_and_is_final(text, added):
    found = sms.cheaper(text, added=added)

    if found is not None:
        assert found.saved >= 1
        assert found.after == sms.parts(found.text, added=added)
        again = sms.cheaper(found.text, added=added)
        assert again is None or again.alters


@given(st.text(st.sampled_from(GSM_SIGNS), max_size=400))
def test_a_text_of_the_alphabet_is_never_touched(text):
    found = sms.cheaper(text)

    assert found is None


def test_typography_alone_is_proposed_first():
    text = "L’atelier « pain » — samedi… " + "a" * 60

    found = sms.cheaper(text)

    assert found.text == 'L\'atelier "pain" - samedi... ' + "a" * 60
    assert (found.before.parts, found.after.parts, found.saved, found.alters) == (2, 1, 1, False)
    assert found.changes == (("’", "'"), ("«", '"'), ("»", '"'), ("—", "-"), ("…", "..."))


def test_accents_are_proposed_only_when_they_cost_a_part_and_it_is_said():
    short = "Ça, c'est reçu à bientôt"
    long = "Nous avons bien reçu votre demande pour la fête du mois d'août, à bientôt au moulin."

    assert sms.cheaper(short) is None
    found = sms.cheaper(long)
    assert found.text == "Nous avons bien recu votre demande pour la fete du mois d'aout, à bientot au moulin."
    assert (found.saved, found.alters) == (1, True)
    assert ("ç", "c") in found.changes


def test_pictures_go_last_with_the_space_before_them():
    text = "Vive la rentrée 🎉 ! " + "a" * 60 + " 👩‍🍳"

    found = sms.cheaper(text)

    assert found.text == "Vive la rentrée ! " + "a" * 60
    assert found.alters


def test_tags_of_a_template_stay_as_they_are():
    text = "L’œuf : {{œuf.reçu}} {{#if à_l’œil}}ça{{/if}} " + "a" * 80

    found = sms.cheaper(text)

    # The names inside tags are never sent, but a source is all there is to measure here.
    assert found is None or "{{œuf.reçu}}" in found.text


def test_the_tags_survive_a_proposal():
    text = "L’apéritif de {{customer.first_name}} : {{!-- c’est fête --}}" + "a" * 50

    assert "L'apéritif de {{customer.first_name}} : " in sms._outside_tags(text, sms._without_typography)
    assert "{{!-- c’est fête --}}" in sms._outside_tags(text, sms._without_typography)


def test_unbreakable_spaces_become_ordinary_ones():
    assert sms.plain_spaces("19\u00a0h\u202f30\tsoit\r\n12,50\u00a0€") == "19 h 30 soit\n12,50 €"


@pytest.mark.parametrize("sender", ["VieuxMoulin", "Moulin 33", "LE MOULIN", "+33159000000", "36180"])
def test_good_senders(sender):
    assert sms.check_sender(sender) == ""


@pytest.mark.parametrize(
    ("sender", "said"),
    [
        ("Le Vieux Moulin", "11 signes au plus ; celui-ci en a 15"),
        ("LeVieuxMoulin", "11 signes au plus"),
        ("Vensac-33", "lettres sans accent"),
        ("Crêperie", "lettres sans accent"),
        ("1234567", "chiffres seuls"),
        ("AB", "3 signes au moins"),
        ("", "3 signes au moins"),
        ("Promo", "ne dit pas qui écrit"),
        ("+33612345678", "06 ou un 07"),
        (" Moulin", "espace"),
    ],
)
def test_bad_senders_are_told_with_a_cure(sender, said):
    fault = sms.check_sender(sender)

    assert said in fault
    assert "« VieuxMoulin »" in fault


def test_a_space_is_refused_where_the_service_takes_none():
    assert "espace" in sms.check_sender("Moulin 33", spaces=False)


@given(st.text(max_size=40))
def test_a_proposed_sender_has_signs_that_every_service_takes(name):
    proposed = sms.propose_sender(name)

    assert len(proposed) <= 11
    assert all(sign.isascii() and sign.isalnum() for sign in proposed)


def test_the_price_is_the_services_own_or_the_default_one(settings):
    settings.SMS_PART_COST = {"ovh": "0.061", "default": "0.08"}

    assert (sms.part_cost("ovh"), sms.part_cost("twilio"), sms.part_cost()) == (
        Decimal("0.061"), Decimal("0.08"), Decimal("0.08"),
    )  # fmt: skip


def test_without_settings_a_price_is_still_told(settings):
    settings.SMS_PART_COST = {}

    assert sms.part_cost("ovh") == Decimal("0.07")
