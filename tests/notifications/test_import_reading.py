"""Files of guests made into lines: encodings, separators, workbooks, and the words for what cannot be read."""

import io
import zipfile
from datetime import date, datetime

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.errors import ContentRejected
from integrations.tables import sheets, texts
from notifications.services.importing import lines, mapping, reading
from notifications.services.importing.table import LINE, Line, lines_of, packed, unpacked

TEXT = "Prénom;E-mail\nZoé;zoe@example.com\nJosé;jose@example.com\n"


def read(content, **more):
    content = content.encode() if isinstance(content, str) else content
    return reading.read(io.BytesIO(content), size=len(content), **more)


def cells(table):
    return [line.cells for line in lines_of(table.packs)]


def refusal(content, **more):
    with pytest.raises(ContentRejected) as caught:
        read(content, **more)
    return str(caught.value)


def outcome(content):
    """Whether a file was read, or refused in whole sentences; any other end is an error."""
    try:
        table = read(content)
    except ContentRejected as error:
        return "told" if str(error).endswith((".", ")")) else str(error)
    return "read" if table.count == len(cells(table)) > 0 else "lines were lost"


def workbook(*rows, title="Clients", others=()):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for name in others:
        book.create_sheet(name).append(["E-mail"])
        book[name].append([f"{name.lower()}@example.com"])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("separator", [";", ",", "\t"])
def test_every_usual_encoding_and_separator_is_read(encoding, separator):
    content = TEXT.replace(";", separator).encode(encoding)

    table = read(content)

    assert table.columns == ["Prénom", "E-mail"]
    assert cells(table) == [["Zoé", "zoe@example.com"], ["José", "jose@example.com"]]


def test_the_separator_that_excel_announces_is_obeyed():
    table = read("sep=,\nE-mail,Nom\na@example.com,Durand; Martin\n")

    assert cells(table) == [["a@example.com", "Durand; Martin"]]
    assert [line.number for line in lines_of(table.packs)] == [3]


def test_a_text_with_line_breaks_is_one_cell_and_lines_are_numbered_as_in_a_spreadsheet():
    table = read('E-mail;Note\na@example.com;"bonjour\nà tous"\n\nb@example.com;x\n')

    found = [(line.number, line.cells) for line in lines_of(table.packs)]
    assert found == [(2, ["a@example.com", "bonjour\nà tous"]), (4, ["b@example.com", "x"])]


def test_names_in_every_script_are_kept():
    table = read("E-mail;Nom\na@example.com;محمد \u200f🎉\n")

    assert cells(table) == [["a@example.com", "محمد \u200f🎉"]]
    assert lines.tidy("محمد \u200f🎉") == "محمد \u200f🎉"


def test_a_file_without_header_is_taken_from_its_first_line():
    table = read("Zoé;zoe@example.com;0612345678;33590\nJosé;jose@example.com;0612345679;33000\n")

    assert table.has_header is False
    assert table.columns == ["Colonne 1", "Colonne 2", "Colonne 3", "Colonne 4"]
    assert table.count == 2
    assert table.remarks[0].startswith("Pas d'en-tête")
    guessed = mapping.guess(table.columns, list(lines_of(table.packs)), has_header=False)
    assert guessed == ["", "email", "phone", "postcode"]


def test_two_columns_of_one_name_are_told_apart():
    table = read("E-mail;Tel;Tel\na@example.com;1;2\n")

    assert table.columns == ["E-mail", "Tel", "Tel (2)"]
    assert table.remarks == ["Deux colonnes s'appellent « Tel » : la suivante est nommée « Tel (2) »."]
    assert mapping.guess(table.columns, [], has_header=True) == ["email", "phone", ""]


def test_a_cell_that_no_field_could_hold_is_a_fault_of_that_cell():
    table = read(f"E-mail;Nom\na@example.com;{'x' * 5000}\n")

    (line,) = lines_of(table.packs)
    assert line.cells == ["a@example.com", ""]
    assert line.faults == {1: "Cellule de 5000 signes : 2000 au plus. Raccourcissez-la, ou ignorez cette colonne."}


def test_a_line_with_too_many_cells_is_refused_alone():
    table = read("E-mail;Nom\na@example.com;Durand;Paul\nb@example.com;Martin\n")

    first, second = lines_of(table.packs)
    assert first.faults == {LINE: reading.SHIFTED}
    assert second.faults == {}


def test_badly_closed_quotes_cost_their_line_alone():
    table = read('E-mail;Nom\na@example.com;"Jo"seph"\nb@example.com;Martin\n')

    first, second = lines_of(table.packs)
    assert (first.number, first.faults) == (2, {LINE: texts.QUOTES})
    assert second.cells == ["b@example.com", "Martin"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "Ce fichier est vide."),
        (b"\r\n \r\n", "Ce fichier est vide."),
        (b";;\n;;\n", "Ce fichier ne contient que des lignes vides."),
        (b"E-mail;Nom\n", "aucune ligne en dessous"),
        (b"%PDF-1.7\n\x00\x01\x02 abc", "ni un fichier CSV ni un classeur"),
        (b"\xd0\xcf\x11\xe0" + b"x" * 100, "ancien classeur Excel (.xls)"),
        (b"PK\x03\x04" + b"x" * 100, "Ce classeur ne peut pas être lu"),
        (b'E-mail;Nom\na@example.com;"Durand\nb@example.com;Martin\n', "Ligne 2 : un guillemet ouvert"),
        (";".join(f"c{rank}" for rank in range(101)).encode() + b"\nx\n", "101 colonnes : 100 au plus."),
    ],
)
def test_what_cannot_be_read_is_told_with_its_cure(content, said):
    assert said in refusal(content)


def test_a_file_too_heavy_is_refused_before_it_is_read():
    with pytest.raises(ContentRejected, match=r"pèse 21 Mo : 20 Mo au plus"):
        reading.read(io.BytesIO(b"x"), size=21 * 1024 * 1024)


def test_a_file_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(reading, "MOST_LINES", 1000)

    assert "Plus de 1 000 lignes" in refusal("E-mail\n" + "a@example.com\n" * 1001)


# --- Workbooks ---------------------------------------------------------------------------------------------------------


def test_a_workbook_gives_back_what_excel_did_to_numbers_and_dates():
    content = workbook(
        ["E-mail", "Mobile", "Anniversaire", "Habitué"],
        ["a@example.com", 612345678, datetime(1985, 7, 14), True],
        ["b@example.com", 33612345679.0, date(1990, 3, 2), None],
    )

    table = read(content)

    assert cells(table) == [
        ["a@example.com", "612345678", "1985-07-14", "oui"],
        ["b@example.com", "33612345679", "1990-03-02", ""],
    ]
    assert lines.phone_of("612345678") == "+33612345678"
    assert lines.phone_of("33612345679") == "+33612345679"


def test_a_formula_and_an_error_are_refused_as_values():
    content = workbook(["E-mail", "Nom"], ["=A1&B1", "Durand"], ["b@example.com", "#N/A"])

    first, second = lines_of(read(content).packs)

    assert (first.cells[0], first.faults) == ("", {0: sheets.FORMULA})
    assert (second.cells[1], second.faults) == ("", {1: sheets.FAULTY})


def test_the_first_sheet_is_read_or_the_one_that_is_named_or_numbered():
    content = workbook(["E-mail"], ["a@example.com"], others=["Anciens", "Presse"])

    assert cells(read(content)) == [["a@example.com"]]
    assert cells(read(content, sheet="presse")) == [["presse@example.com"]]
    assert cells(read(content, sheet="2")) == [["anciens@example.com"]]
    assert "Ses feuilles : « Clients », « Anciens », « Presse »." in refusal(content, sheet="Nulle")


def test_a_workbook_that_unpacks_to_too_much_is_refused_before_it_is_unpacked():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        archive.writestr("xl/sharedStrings.xml", b"\0" * (sheets.MOST_TEXTS + 1))
    content = file.getvalue()

    assert len(content) < 200_000
    assert "beaucoup trop gros" in refusal(content)


def test_a_workbook_that_hides_entities_is_refused():
    content = workbook(["E-mail"], ["a@example.com"])
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><workbook>&a;</workbook>'
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(file, "w") as target:
        for part in source.infolist():
            target.writestr(part, bomb if part.filename == "xl/workbook.xml" else source.read(part))

    assert refusal(file.getvalue()) == sheets.UNREADABLE


def test_another_archive_is_no_workbook():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("content.xml", "<office/>")

    assert "Ce n'est pas un classeur Excel" in refusal(file.getvalue())


def test_the_models_are_read_back_and_every_column_is_known():
    table = read("\n".join(";".join(row) for row in mapping.model_rows()))

    assert mapping.guess(table.columns, [], has_header=True) == list(mapping.FIELDS)
    for line in lines_of(table.packs):
        assert lines.guest_of(line, list(mapping.FIELDS), table.columns).refusals == []


# --- Columns and cells -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Adresse e-mail", "email"), ("EMAIL", "email"), ("Courriel", "email"), ("Téléphone portable", "phone"),
        ("Mobile phone", "phone"), ("N° client", ""), ("Prénom", "first_name"), ("First Name", "first_name"),
        ("Nom", "last_name"), ("Surname", "last_name"), ("Date de naissance", "birthday"), ("Birthday", "birthday"),
        ("CP", "postcode"), ("Zip code", "postcode"), ("Langue", "language"), ("Tags", "tags"),
        ("Attribut : table_preferee", "attribute"),
    ],
)  # fmt: skip
def test_headers_are_guessed_in_french_and_in_english(header, field):
    assert mapping.guess([header], [], has_header=True) == [field]


def test_a_column_of_unknown_name_is_guessed_by_what_it_holds():
    sample = [Line(2, ["a@example.com", "06 12 34 56 78"]), Line(3, ["b@example.com", "0612345679"])]

    assert mapping.guess(["Contact 1", "Contact 2"], sample, has_header=True) == ["email", "phone"]


def test_a_mapping_needs_a_way_to_find_people_and_each_field_once():
    assert mapping.check(["first_name", ""])[0].startswith("Dites quelle colonne est l'e-mail ou le mobile")
    assert mapping.check(["email", "email"]) == [
        "2 colonnes sont dites « E-mail » : gardez-en une, ignorez les autres."
    ]
    assert mapping.check(["email", "attribute", "attribute", ""]) == []


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("06 12 34 56 78", "+33612345678"), ("06.12.34.56.78", "+33612345678"), ("+33 6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"), ("00 44 7911 123456", "+447911123456"),
    ],
)  # fmt: skip
def test_numbers_come_in_the_forms_that_people_write(text, number):
    assert lines.phone_of(text) == number


@pytest.mark.parametrize(
    ("read_cell", "text", "said"),
    [
        (lines.phone_of, "6,12E+08", "Le tableur a abrégé ce numéro"),
        (lines.phone_of, "05 56 00 00 00", "pas un mobile valable. Corrigez la cellule"),
        (lines.email_of, "zoe@", "pas une adresse e-mail valable"),
        (lines.birthday_of, "14/07/85", "écrivez jj/mm/aaaa"),
        (lines.birthday_of, "07/14/1985", "le jour d'abord"),
        (lines.birthday_of, "01/01/2999", "pas celle d'une naissance"),
        (lines.language_of, "klingon", "Langue inconnue"),
    ],
)
def test_a_refused_cell_says_why_and_never_what_it_held(read_cell, text, said):
    with pytest.raises(lines.Wrong) as caught:
        read_cell(text)

    assert said in str(caught.value)
    assert text not in str(caught.value)


@pytest.mark.parametrize("text", ["14/07/1985", "14-07-1985", "14.7.1985", "1985-07-14", "1985-07-14 00:00:00"])
def test_birthdays_come_day_first_or_as_iso(text):
    assert lines.birthday_of(text) == date(1985, 7, 14)


@given(st.lists(st.lists(st.text(), max_size=5), max_size=10))
def test_packs_give_back_their_lines(rows):
    made = [Line(number, cells, {0: "faute"} if number % 2 else {}) for number, cells in enumerate(rows)]

    assert unpacked(packed(made)) == made


@given(st.binary(max_size=400))
def test_no_bytes_make_reading_fail_otherwise_than_by_saying_so(content):
    assert outcome(content) in ("told", "read")


SOUND = workbook(["E-mail", "Mobile", "Anniversaire"], ["a@example.com", 612345678, datetime(1985, 7, 14)])


@given(at=st.integers(0, len(SOUND) - 1), byte=st.integers(0, 255), ends=st.booleans())
def test_no_damage_makes_a_workbook_fail_otherwise_than_by_saying_so(at, byte, ends):
    damaged = SOUND[:at] if ends else SOUND[:at] + bytes([byte]) + SOUND[at + 1 :]

    assert outcome(damaged) in ("told", "read")
