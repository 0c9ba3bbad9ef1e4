"""The card on paper: what the law wants is on it, no sign stops it, its mark proves which card it is."""

from io import BytesIO

import pypdf
import pytest
from hypothesis import given, settings

from integrations.errors import SyncError
from menus.connectors import registry
from menus.connectors._pdf_page import printable
from menus.connectors.base import Target, compare
from menus.connectors.pdf import file_name, render
from menus.document import content_hash
from tests.menus.documents import documents, full

PDF = registry["pdf"]()


@pytest.fixture(autouse=True)
def shelf(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


def text_of(document):
    reader = pypdf.PdfReader(BytesIO(render(document)))
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def test_what_the_law_wants_to_be_read_is_there():
    text = text_of(full())

    for said in (
        "Magret de canard 23,90 €",
        "Volaille, origine : France.",
        "Allergènes : lait, sulfites.",
        "Peut contenir : fruits à coque.",
        "Sans allergène à déclaration obligatoire.",
        "Allergènes : renseignez-vous auprès de l'équipe.",
        "25 cl 4,50 €",
        "Boisson comprise.",
        "Sauces : Béarnaise (œufs, lait) + 1,50 €",
        "Servi vendredi de 19:00 à 22:00.",
        "Prix service compris (15 %), en euros, toutes taxes comprises.",
        "Les plats « faits maison » sont élaborés sur place à partir de produits bruts.",
        "L'abus d'alcool est dangereux pour la santé. À consommer avec modération.",
    ):
        assert said in text


def test_what_is_withdrawn_or_for_other_places_is_not():
    text = text_of(full())

    assert "Gibier" not in text
    assert "Truffe" not in text
    assert "Ardoise en salle" in text


def test_without_alcohol_there_is_no_warning_and_all_homemade_is_said_once():
    document = full()
    document["categories"][0]["items"] = document["categories"][0]["items"][:1]
    del document["categories"][1], document["formulas"]

    text = text_of(document)

    assert "abus d'alcool" not in text
    assert "Tous nos plats sont « faits maison »" in text


def test_pictures_markup_and_foreign_signs_do_not_stop_a_page():
    document = full()
    document["categories"][0]["items"][0]["name"] = "<b>Œuf</b> & Cie 🥚🇫🇷"
    document["categories"][0]["items"][1]["name"] = "🥗"
    document["categories"][0]["items"][1]["description"] = "Riz 米饭 ḍāl \x08 " + "très long " * 500

    text = text_of(document)

    assert "<b>Œuf</b> & Cie 23,90 €" in text
    assert "(sans nom) 14,90 €" in text
    assert "Riz ?? dal" in text


def test_signs_without_a_drawing_are_replaced_by_the_nearest():
    assert printable("Crème brûlée à la ‘fève’, fin ụ") == "Crème brûlée à la ‘fève’, fin u"
    assert printable("e\u0301") == "é"
    assert printable("🥚") == ""


def test_a_page_is_drawn_for_three_hundred_dishes():
    document = full()
    item = document["categories"][0]["items"][0]
    document["categories"][0]["items"] += [{**item, "id": f"plat-{rank}"} for rank in range(300)]

    reader = pypdf.PdfReader(BytesIO(render(document)))

    assert len(reader.pages) > 15
    assert all("Prix service compris" in page.extract_text() for page in reader.pages)


def test_the_same_card_gives_the_same_bytes_under_a_name_of_its_content():
    assert render(full()) == render(full())
    assert file_name(full()) == f"carte-{content_hash(full())[7:19]}.pdf"
    assert content_hash(full()) in pypdf.PdfReader(BytesIO(render(full()))).metadata["/Keywords"]


def test_the_file_is_written_read_back_and_replaces_the_former(shelf):
    changed = full()
    changed["categories"][0]["items"][0]["price_cents"] = 2500
    PDF.push(full(), Target())
    PDF.push(full(), Target())

    pushed = PDF.push(changed, Target())

    assert [path.name for path in (shelf / "cartes").iterdir()] == [file_name(changed)] == [pushed.reference]
    found = PDF.normalise(PDF.read(Target()))
    assert compare(PDF.project(changed), found) == []
    assert [one.path for one in compare(PDF.project(full()), found)] == ["fingerprint"]


def test_a_dish_withdrawn_since_makes_another_file():
    hidden = full()
    hidden["categories"][0]["items"][0]["availability"] = {"status": "hidden"}
    PDF.push(full(), Target())

    assert content_hash(hidden) == content_hash(full())
    assert compare(PDF.project(hidden), PDF.normalise(PDF.read(Target()))) != []


def test_half_a_file_is_not_the_card(shelf):
    PDF.push(full(), Target())
    (path,) = (shelf / "cartes").iterdir()
    path.write_bytes(path.read_bytes()[:-200])

    assert compare(PDF.project(full()), PDF.normalise(PDF.read(Target()))) != []


def test_a_lost_file_is_said_so():
    with pytest.raises(SyncError, match="n'existe plus"):
        PDF.read(Target())


@settings(max_examples=25, deadline=None)
@given(document=documents())
def test_any_card_is_drawn_and_says_which_it_is(document):
    content = render(document)

    assert compare(PDF.project(document), PDF.normalise({"content": content})) == []
    assert len(pypdf.PdfReader(BytesIO(content)).pages) >= 1
