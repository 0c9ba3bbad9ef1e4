"""What JSON allows and no row can hold is refused, with its place."""

import tracemalloc

import pytest

from integrations.strict_json import JsonFault, loads


def test_a_plain_document_is_read():
    assert loads('{"a": [1, 2.5, "é", null, true]}'.encode()) == {"a": [1, 2.5, "é", None, True]}


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "ligne 1, colonne 1 : une valeur est attendue"),
        (b'{"a": 1,\n "b" 2}', "ligne 2, colonne 6 : « : » est attendu"),
        (b"{'a': 1}", "ligne 1, colonne 2 : un nom de champ entre guillemets doubles est attendu"),
        (b"[1] 2", "ligne 1, colonne 5 : rien n'est attendu après la fin du document"),
        (b"\xff\xfe", "ce n'est pas de l'UTF-8 (octet 0)"),
        (b"[NaN]", "« NaN » n'est pas un nombre en JSON"),
        (b"[-Infinity]", "« -Infinity » n'est pas un nombre en JSON"),
        (b"[1e999]", "nombre trop grand (1e999)"),
        (b"[" + b"9" * 5000 + b"]", "nombre trop grand (99999999999999999999)"),
        (b"[-9223372036854775808]", "nombre trop grand (-9223372036854775808)"),
        (b'{"a": 1, "a": 2}', "le champ « a » est donné deux fois"),
        (b"[" * 50 + b"]" * 50, "plus de 40 niveaux imbriqués"),
        (b"[" * 200_000, "plus de 40 niveaux imbriqués"),
    ],
)
def test_a_fault_says_what_and_where(body, said):
    with pytest.raises(JsonFault) as caught:
        loads(body)

    assert str(caught.value) == said


def test_the_widest_number_is_read():
    assert loads(b"[9223372036854775807, -9223372036854775807]") == [9223372036854775807, -9223372036854775807]


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"content": {"tags": ["ok", "a\\u0000b"]}}', "content.tags[1]"),
        (b'{"content": {"title": "\\ud800"}}', "content.title"),
        (b'{"content": {"a\\u0000": 1}}', "content"),
    ],
)
def test_a_text_that_no_row_can_hold_is_named_by_its_path(body, path):
    with pytest.raises(JsonFault) as caught:
        loads(body)

    assert caught.value.path == path


def test_a_long_list_below_a_long_name_costs_no_memory():
    tracemalloc.start()
    body = b'{"' + b"a" * 400_000 + b'": [' + b",".join([b"1"] * 200_000) + b"]}"

    loads(body)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 100_000_000


def test_many_names_and_one_of_them_twice_are_refused_at_once():
    body = "{" + ",".join(f'"{rank}": 1' for rank in range(60_000)) + ', "59999": 2}'

    with pytest.raises(JsonFault, match="« 59999 » est donné deux fois"):
        loads(body.encode())
