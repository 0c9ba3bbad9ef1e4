"""The canonical menu's hash: what reads alike is alike, and nothing else."""

import pytest

from menus.document import allergen_sentence, content_hash, level

# The reference vector of the format: its hash was published with it.
VECTOR = {
    "schema_version": "1.0",
    "id": "11111111-2222-4333-8444-555555555555",
    "name": "Carte\u00a0d’été ",
    "type": "seasonal",
    "start_date": "2026-06-21T00:00:00+02:00",
    "end_date": None,
    "currency": "EUR",
    "default_language": "fr",
    "timezone": "Europe/Paris",
    "categories": [
        {
            "id": "entrees",
            "name": "Entrées",
            "items": [
                {
                    "id": "gaspacho",
                    "name": "Gaspacho",
                    "price_cents": 850,
                    "allergens": [],
                    "diets": ["vegetarian", "vegan"],
                    "tax": {"eat_in": "10.0"},
                    "availability": {"status": "unavailable"},
                    "homemade": False,
                },
                {
                    "id": "oeuf",
                    "name": "Œuf mayo",
                    "description": "",
                    "price_cents": 0,
                    "allergens": ["mustard", "eggs"],
                },
            ],
        }
    ],
    "metadata": {"x": 1},
}


def test_the_published_vector_has_its_hash():
    assert content_hash(VECTOR) == "sha256:c59f36f199d2b53e5579cf3f7964c9c55e2d6c414d6dee69308482fe659d7d3a"


def test_a_float_has_no_place_in_a_menu():
    with pytest.raises(ValueError, match="float"):
        content_hash({"categories": [{"price": 1.5}]})


def test_the_three_states_of_allergens_are_three_hashes():
    hashes = {content_hash({"categories": [{"allergens": state}]}) for state in (None, [], ["milk"])}

    assert len(hashes) == 3


def test_the_three_states_of_allergens_are_three_sentences():
    assert allergen_sentence(["milk", "eggs"]) == "Allergènes : œufs, lait."
    assert allergen_sentence([]) == "Sans allergène à déclaration obligatoire."
    assert allergen_sentence(None) == "Allergènes : renseignez-vous auprès de l'équipe."


def test_what_the_eye_does_not_see_is_levelled():
    assert level(" Carte\u200b \u00a0d'e\u0301te\u0301\n") == "Carte d'été"
