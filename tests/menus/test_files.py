"""The card in and out by file: what goes out comes back the same, and each fault is named by its line and column."""

import copy
import io
import json

import openpyxl
import pytest
from hypothesis import HealthCheck, assume, given, settings

from integrations.errors import ContentRejected
from integrations.tables.opening import opened
from menus import changes, rules
from menus.document import content_hash
from menus.models import Item, Menu
from menus.services import files, files_cells, files_columns, files_reading, writing
from menus.services.documents import document_of
from menus.services.editing_locks import ChangedMeanwhile
from tests.menus.documents import FULL, documents


@pytest.fixture
def menu(db):
    return Menu.objects.get(pk=writing.replace(copy.deepcopy(FULL)).pk)


def csv_of(document):
    return "".join(files.as_csv(document)).encode()


def read(content, base, **more):
    """What a sheet makes of a card, without a database."""
    document, _places = files._from_sheet(content, base, is_partial=more.get("is_partial", False))
    return document


def sheet(*lines):
    return "\n".join(lines).encode()


def faults(content, menu):
    with pytest.raises(ContentRejected) as caught:
        files.propose(content, "carte.csv", menu)
    return [problem["message"] for problem in caught.value.problems]


def is_valid(document):
    try:
        rules.check(document)
    except ContentRejected:
        return False
    return True


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents())
def test_a_csv_that_comes_back_changes_nothing(document):
    assume(is_valid(document))

    back = read(csv_of(document), document)

    assert changes.between(document, back) == []
    assert content_hash(back) == content_hash(document)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents())
def test_a_workbook_that_comes_back_changes_nothing(document):
    assume(is_valid(document))

    back = read(files.as_workbook(document).read(), document)

    assert content_hash(back) == content_hash(document)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(document=documents())
def test_a_part_of_a_card_that_comes_back_changes_nothing(document):
    assume(is_valid(document))
    part = {**document, "categories": document["categories"][:1]}

    back = read(csv_of(part), document, is_partial=True)

    assert content_hash(back) == content_hash(document)


@pytest.mark.parametrize("form", ["json", "csv", "xlsx"])
def test_each_form_comes_back_as_it_went(menu, form):
    document = document_of(menu)
    content = {
        "json": files.as_json(document),
        "csv": csv_of(document),
        "xlsx": files.as_workbook(document).read(),
    }[form]

    proposal = files.propose(content, f"carte.{form}", menu)

    assert proposal.changes == []


def test_changes_are_proposed_then_written(menu):
    content = csv_of(document_of(menu)).decode().replace(";23,90;", ";24,90 €;").replace("lait, sulfites", "aucun")

    proposal = files.propose(content.encode(), "carte.csv", menu)
    before = Item.objects.get(ref="magret").price_cents
    files.accept(proposal.document, menu, based_on=proposal.based_on)

    assert [(one.field, one.before, one.after) for one in proposal.changes] == [
        ("prix", "23,90 €", "24,90 €"),
        ("allergènes", "lait, sulfites", "aucun"),
    ]
    magret = Item.objects.get(ref="magret")
    assert (before, magret.price_cents, magret.allergens) == (2390, 2490, [])


def test_a_card_that_changed_since_the_preview_is_not_written_over(menu):
    proposal = files.propose(csv_of(document_of(menu)), "carte.csv", menu)
    Item.objects.filter(ref="magret").update(price_cents=3000)

    with pytest.raises(ChangedMeanwhile):
        files.accept(proposal.document, menu, based_on=proposal.based_on)

    assert Item.objects.get(ref="magret").price_cents == 3000


def test_what_ran_out_stays_out(menu):
    document = document_of(menu)
    Item.objects.filter(ref="magret").update(availability="unavailable")
    content = files.as_json({**document, "name": "Autre nom"})

    proposal = files.propose(content, "carte.json", menu)
    files.accept(proposal.document, menu, based_on=proposal.based_on)

    assert Item.objects.get(ref="magret").availability == "unavailable"
    assert Menu.objects.get(pk=menu.pk).name == "Autre nom"


def test_a_sheet_written_by_hand_is_understood(menu):
    content = sheet(
        "Rubrique;Plat;Prix TTC;Allergènes;Fait maison;Origine;Prix Uber Eats;Nom anglais",
        "Plats;Magret de canard;25;lait, Sulfites;oui;volaille : FR;27,5;Duck",
        "Desserts;Tarte aux noix;8.5 €;œuf, Fruits à coque, blé;x;;;Walnut tart",
        "Desserts;Sorbet;6;aucun;;;;",
        "Desserts;Surprise;7;;;;;",
    )

    document = files.propose(content, "carte.csv", menu, is_partial=True).document

    desserts = document["categories"][2]
    magret = document["categories"][0]["items"][0]
    assert desserts["id"] == "desserts"
    assert [(one["id"], one["price_cents"], one["allergens"]) for one in desserts["items"]] == [
        ("tarte-aux-noix", 850, ["gluten", "eggs", "nuts"]),
        ("sorbet", 600, []),
        ("surprise", 700, None),
    ]
    assert (magret["id"], magret["price_cents"], magret["channel_prices"]["uber_eats"]) == ("magret", 2500, 2750)
    assert magret["meat_origins"] == [{"species": "poultry", "born": "FR", "raised": ["FR"], "slaughtered": "FR"}]
    assert magret["translations"]["en"]["name"] == "Duck"
    assert magret["tax"] == {"eat_in": "10.0", "delivery": "10.0"}


def test_sizes_take_a_line_each(menu):
    content = sheet("catégorie;nom;taille;prix", "Boissons;Cidre;25 cl;4", ";Cidre;50 cl;7,50")

    document = files.propose(content, "carte.csv", menu, is_partial=True).document

    cider = document["categories"][1]["items"][1]
    assert cider["variants"] == [
        {"id": "25-cl", "name": "25 cl", "price_cents": 400, "channel_prices": {}},
        {"id": "50-cl", "name": "50 cl", "price_cents": 750, "channel_prices": {}},
    ]


def test_each_fault_is_named_by_its_line_and_column(menu):
    content = sheet(
        "catégorie;nom;prix;allergènes;fait maison;origine",
        "Plats;Steak;douze;lait;oui;",
        ";Orphelin;12;;;",
        "Plats;Poulet;12;kiwi;peut-être;poulet",
        "Plats;Cher;2390;;;",
        "Plats;Sans prix;;;;",
    )

    said = faults(content, menu)

    assert [text.split(" : ")[0] for text in said] == [
        "Ligne 2, colonne « prix »",
        "Ligne 3, colonne « catégorie »",
        "Ligne 4, colonne « allergènes »",
        "Ligne 4, colonne « fait maison »",
        "Ligne 4, colonne « origine »",
        "Ligne 5, colonne « prix »",
        "Ligne 6, colonne « prix »",
    ]
    assert "« kiwi » n'est pas l'un des 14 allergènes" in said[2] + said[3]
    assert Item.objects.count() == 6


def test_a_reference_given_twice_is_refused(menu):
    said = faults(sheet("catégorie;référence;nom;prix", "Plats;a;Un;1", "Plats;a;Deux;2"), menu)

    assert said[0] == "Ligne 3, colonne « référence » : « a » est déjà à la ligne 2 : donnez-lui une autre référence."


def test_a_fault_of_the_whole_card_is_told_at_its_line(menu):
    said = faults(sheet("catégorie;référence;nom;prix", "Plats;é à;Un;1"), menu)

    assert any(text.startswith("Ligne 2 : forme inattendue") for text in said)


def test_a_dish_of_a_formula_is_not_lost_by_a_file(menu):
    said = faults(sheet("catégorie;nom;prix", "Plats;Un;1"), menu)

    assert any("Plat et bière" in text for text in said)


@pytest.mark.parametrize(
    ("content", "name", "told"),
    [
        (b"", "carte.csv", "Ce fichier est vide."),
        (b"a;b\n1;2", "carte.csv", "La première ligne doit nommer les colonnes"),
        (b"{", "carte.json", "Ce fichier n'est pas du JSON"),
        (b"[1]", "carte.json", "un objet est attendu"),
        (b"{}", "carte.json", "champ obligatoire absent"),
        (b'{"categories": 3, "name": "x"}', "carte.json", "categories : type inattendu"),
        (b"PK\x03\x04zz", "carte.xlsx", "Ce classeur ne peut pas être lu"),
        (b"%PDF-1.4", "carte.pdf", "envoyez un fichier .json, .csv ou .xlsx"),
    ],
)
def test_what_is_no_card_is_refused_with_a_cure(menu, content, name, told):
    with pytest.raises(ContentRejected) as caught:
        files.propose(content, name, menu)

    assert told in str(caught.value)


def test_a_name_that_a_spreadsheet_would_run_is_only_text(menu):
    Item.objects.filter(ref="magret").update(name="=HYPERLINK(A1)")
    document = document_of(menu)

    text = csv_of(document).decode()
    book = openpyxl.load_workbook(files.as_workbook(document)).active
    back = read(csv_of(document), document)

    assert "'=HYPERLINK(A1)" in text
    assert {cell.data_type for row in book.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert back["categories"][0]["items"][0]["name"] == "=HYPERLINK(A1)"


@pytest.mark.parametrize(
    ("cell", "state"),
    [
        ("", None),
        ("inconnu", None),
        ("Inconnus", None),
        ("?", None),
        ("aucun", []),
        ("Néant", []),
        ("milk, gluten", ["gluten", "milk"]),
        ("Lait ; Crustacés / œufs", ["crustaceans", "eggs", "milk"]),
        ("cacahuètes", ["peanuts"]),
    ],
)
def test_allergens_have_three_states_in_a_cell(cell, state):
    assert files_cells.allergens(cell) == state


@pytest.mark.parametrize(
    ("cell", "cents"),
    [("23,90", 2390), ("23.90 €", 2390), ("23.9", 2390), ("1 000,00", 100_000), ("0", 0), ("12 EUR", 1200)],
)
def test_prices_are_written_many_ways(cell, cents):
    assert files_cells.cents(cell) == cents


@pytest.mark.parametrize("cell", ["gratuit", "-3", "12,505", "1e3", "2 390", "12,50,00", "NaN"])
def test_what_is_no_price_is_refused(cell):
    with pytest.raises(files_cells.Wrong):
        files_cells.cents(cell)


def test_headings_are_understood_whatever_their_dress():
    told = files_columns.understood(["CATÉGORIE", "Réf.", "Nom (EN)", "Prix (Uber Eats)", "Stock", "prix", "Prix"])

    assert told == ["category", "ref", ("name", "en"), ("at", "uber_eats"), None, "price", None]


def test_five_hundred_dishes_are_read_at_once(menu):
    document = document_of(menu)
    document["categories"][0]["items"] += [
        {"id": f"p{rank}", "name": f"Plat {rank}", "price_cents": 1000, "allergens": None} for rank in range(500)
    ]
    content = csv_of(document)

    with opened(io.BytesIO(content), size=len(content)) as file:
        found = files_reading.read(file.lines, document)

    assert len(found.places) == 506
    assert json.loads(files.as_json(document))["id"] == str(menu.pk)
