"""The task of a person: what to change since it was last done, and nothing else."""

import pytest
from hypothesis import given, settings

from integrations.errors import PermanentError
from menus.connectors import registry
from menus.connectors.base import Target
from menus.connectors.manual import NOTHING, instructions
from tests.menus.documents import documents, full

MANUAL = registry["manual"]()


def changed(change):
    document = full()
    change(document["categories"], document)
    return document


CHANGES = {
    "price": (
        lambda parts, _: parts[0]["items"][0].update(price_cents=2500),
        "- « Magret de canard » : prix 23,90 € → 25,00 €.",
    ),
    "size": (
        lambda parts, _: parts[1]["items"][0]["variants"][1].update(price_cents=900),
        "- « Bière blonde », la taille « 50 cl » : prix 8,00 € → 9,00 €.",
    ),
    "allergens": (
        lambda parts, _: parts[0]["items"][0].update(allergens=["eggs", "milk"]),
        "- « Magret de canard » : Allergènes : œufs, lait. (avant : lait, sulfites)",
    ),
    "none": (
        lambda parts, _: parts[0]["items"][0].update(allergens=[]),
        "- « Magret de canard » : Sans allergène à déclaration obligatoire. (avant : lait, sulfites)",
    ),
    "added": (
        lambda parts, _: parts[1]["items"].append({"id": "n", "name": "Cidre", "price_cents": 400, "allergens": None}),
        "- Ajouter « Cidre », 4,00 €. Allergènes : renseignez-vous auprès de l'équipe.",
    ),
    "removed": (lambda parts, _: parts[0]["items"].pop(2), "- Retirer « Plat mystère »."),
    "option": (
        lambda _, document: document["option_groups"][0]["options"].pop(),
        "- « Magret de canard » : retirer l'option « Bleu » dans le choix « Cuisson ».",
    ),
    "name": (
        lambda parts, _: parts[0]["items"][2].update(name="Plat du jour"),
        "- « Plat du jour » : nom « Plat mystère » → « Plat du jour ».",
    ),
    "moved": (
        lambda parts, _: parts[1]["items"].append(parts[0]["items"].pop(2)),
        "- « Plat mystère » : déplacer de « Plats » vers « Boissons ».",
    ),
    "part": (
        lambda parts, _: parts[1].update(name="À boire"),
        "- Partie « À boire » : nom « Boissons » → « À boire ».",
    ),
    "order": (
        lambda parts, _: parts.reverse(),
        "- Carte : nouvel ordre : Boissons, Plats, Formules.",
    ),
    "out": (
        lambda parts, _: parts[0]["items"][2].update(availability={"status": "unavailable"}),
        "- « Plat mystère » est épuisé : le retirer de la vente.",
    ),
    "back": (
        lambda parts, _: parts[0]["items"][1].pop("availability"),
        "- « Lentilles du Puy » est de nouveau disponible.",
    ),
    "bounds": (
        lambda _, document: document["option_groups"][0].update(min=0),
        "- « Magret de canard », le choix « Cuisson » : nombre minimal de choix « 1 » → « 0 ».",
    ),
}


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_a_change_is_one_line_that_a_person_can_do(name):
    change, line = CHANGES[name]

    assert line in instructions(changed(change), full()).splitlines()


def test_the_first_time_the_whole_card_is_to_be_typed():
    lines = instructions(full(), None).splitlines()

    assert lines[:3] == [
        "Saisir toute la carte :",
        "Plats :",
        "- « Magret de canard », 23,90 € – Miel et poivre. Fait maison. Volaille, origine : France. Peut contenir : "
        "fruits à coque. Cuisson : Rosé, Bleu (épuisé). Sauces : Béarnaise (œufs, lait) + 1,50 €. Allergènes : lait, sulfites.",
    ]


def test_the_task_names_the_place_and_waits_for_a_person():
    target = Target(settings={"place": "TheFork", "url": "https://thefork.example"}, last_confirmed=full())

    pushed = MANUAL.push(changed(CHANGES["price"][0]), target)

    assert not pushed.is_confirmed
    assert pushed.detail.splitlines() == [
        "Mettre à jour la carte sur TheFork (https://thefork.example).",
        "- « Magret de canard » : prix 23,90 € → 25,00 €.",
    ]


def test_an_unchanged_card_asks_nobody_anything():
    pushed = MANUAL.push(full(), Target(last_confirmed=full()))

    assert pushed.is_confirmed
    assert pushed.detail.endswith(NOTHING)


def test_what_a_person_did_is_never_said_to_be_read():
    assert not MANUAL.is_verifiable
    with pytest.raises(PermanentError):
        MANUAL.read(Target())


@settings(max_examples=40, deadline=None)
@given(before=documents(), after=documents())
def test_any_two_cards_give_orders(before, after):
    assert instructions(after, before)
    assert instructions(after, after) == NOTHING
    assert instructions(after, None).startswith("Saisir toute la carte :")
