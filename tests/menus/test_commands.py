"""What operators type: a card imported whole or not at all, and what each destination would get of it."""

import copy
import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from menus.connectors import registry
from menus.models import Item, Menu, MenuRevision, MenuSync
from menus.services import files, writing
from menus.services.documents import document_of
from tests import factories
from tests.menus.documents import FULL

pytestmark = pytest.mark.django_db


@pytest.fixture
def menu():
    return Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)


@pytest.fixture
def put(tmp_path):
    """A file with this content; returns its path."""

    def write(content, name="carte.json"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return path

    return write


def run(*args, **more):
    out, err = StringIO(), StringIO()
    call_command(*args, stdout=out, stderr=err, **more)
    return out.getvalue(), err.getvalue()


def dearer():
    card = copy.deepcopy(FULL)
    card["categories"][0]["items"][0]["price_cents"] = 2490
    return card


def test_a_new_card_is_imported(put):
    out, err = run("import_menu", put(FULL))

    assert Menu.objects.get().name == "La carte"
    assert "+ plat « Magret de canard » : 23,90 € ; allergènes : lait, sulfites" in out
    assert "allergènes inconnus" in err
    assert not MenuRevision.objects.exists()


def test_differences_are_printed_and_written(menu, put):
    out, _err = run("import_menu", put(dearer()))

    assert "* plat « Magret de canard », prix : 23,90 € → 24,90 €" in out
    assert Item.objects.get(ref="magret").price_cents == 2490


def test_a_rehearsal_writes_nothing(menu, put):
    out, _err = run("import_menu", put(dearer()), dry_run=True)

    assert "1 changement(s), rien d'écrit." in out
    assert Item.objects.get(ref="magret").price_cents == 2390


def test_an_import_is_published_everywhere(menu, put):
    factories.DestinationFactory()

    out, _err = run("import_menu", put(dearer()), publish=True)

    assert "Version n° 1 publiée ; elle part vers : HubRise." in out
    assert MenuSync.objects.get().revision.document["categories"][0]["items"][0]["price_cents"] == 2490


def test_a_faulty_file_writes_nothing_and_says_where(menu, put):
    card = dearer()
    card["categories"][0]["items"][1]["price_cents"] = -1

    with pytest.raises(CommandError, match=r"categories\[0\].items\[1\].price_cents : -1 est inférieur à 0."):
        run("import_menu", put(card), publish=True)

    assert Item.objects.get(ref="magret").price_cents == 2390
    assert not MenuRevision.objects.exists()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_sheet_goes_to_the_card_that_is_named(menu, put, form):
    document = document_of(menu)
    content = "".join(files.as_csv(document)).encode() if form == "csv" else files.as_workbook(document).read()
    factories.MenuFactory(name="Une autre")

    out, _err = run("import_menu", put(content, f"carte.{form}"), menu="La carte")

    assert "« La carte » : 0 changement(s) écrit(s)." in out


def test_a_sheet_for_no_card_in_particular_is_asked_which(menu, put):
    factories.MenuFactory(name="Une autre")

    with pytest.raises(CommandError, match="dites laquelle avec --menu"):
        run("import_menu", put("catégorie;nom;prix\nPlats;Un;1".encode(), "carte.csv"))


def test_a_sheet_begins_a_card(put):
    run("import_menu", put("catégorie;nom;prix\nPlats;Un;1".encode(), "Été.csv"))

    assert Menu.objects.get().name == "Été"
    assert Item.objects.get().price_cents == 100


def test_an_absent_file_is_told(tmp_path):
    with pytest.raises(CommandError, match="ne peut pas être lu"):
        run("import_menu", tmp_path / "rien.json")


def without_unknown():
    card = copy.deepcopy(FULL)
    for category in card["categories"]:
        for item in category["items"]:
            item["allergens"] = item["allergens"] or []
    return card


def test_the_body_of_a_destination_is_printed(put):
    out, _err = run("convert_menu", put(without_unknown()), to="hubrise")

    assert json.loads(out)["name"] == "La carte"


def test_a_destination_that_is_not_set_up_is_converted_for_all_the_same(put):
    out, _err = run("convert_menu", put(without_unknown()), to="deliveroo")

    assert json.loads(out)["site_ids"] == ["<identifiant du site>"]


def test_what_is_kept_from_a_destination_is_told_beside(put):
    _out, err = run("convert_menu", put(FULL), to="uber_eats")

    assert "Plat mystère" in err


def test_a_file_at_fault_is_converted_for_nobody(put):
    card = copy.deepcopy(FULL)
    card["formulas"][0]["steps"][0]["choices"][0]["item_id"] = "absent"

    with pytest.raises(CommandError, match="absent"):
        run("convert_menu", put(card), to="hubrise")


def test_an_unknown_destination_is_told_with_the_known_ones(put):
    with pytest.raises(CommandError, match="Destination inconnue « minitel ». Connues : .*hubrise"):
        run("convert_menu", put(FULL), to="minitel")


@pytest.mark.parametrize("slug", sorted(registry))
def test_every_destination_answers_without_writing(put, slug):
    try:
        out, _err = run("convert_menu", put(without_unknown()), to=slug)
    except CommandError as refusal:
        out = str(refusal)

    assert out
    assert not Menu.objects.exists()


def test_a_card_that_says_only_what_it_must_is_converted_and_not_kept(put):
    lean = {
        "name": "La carte",
        "type": "regular",
        "start_date": "2026-09-22T00:00:00+02:00",
        "categories": [
            {"id": "plats", "name": "Plats", "items": [
                {"id": "magret", "name": "Magret", "price_cents": 2390, "allergens": []}
            ]}
        ],
    }  # fmt: skip

    out, _err = run("convert_menu", put(lean), to="hubrise")

    assert '"23.90 EUR"' in out
    assert not Menu.objects.exists()
