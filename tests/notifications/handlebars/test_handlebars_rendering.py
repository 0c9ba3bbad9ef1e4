"""What the language means, beyond the recorded cases."""

import math
from datetime import date
from decimal import Decimal

import pytest

from notifications.handlebars import compile

PROMOTION = """<h1>{{titre}}</h1>
<p>Cher(e) {{client.prenom}},</p>
<p>{{texte}} Valable jusqu'au {{date fin}}.</p>
<p><a href='{{lien}}'>Réserver</a></p>"""
MENU = """<h1>La carte change</h1>
{{#each plats}}
<p><strong>{{this.nom}}</strong> - {{this.prix}}€<br>{{this.texte}}</p>
{{/each}}"""


def render(template, context=None, partials=None, html=True):
    return compile(template, html=html).render(context or {}, partials)


def test_promotional_mail():
    context = {
        "titre": "Fête du gibier & des cèpes",
        "client": {"prenom": "Anaïs"},
        "texte": "Un verre offert.",
        "fin": "2026-11-27",
        "lien": "https://moulin.example/r?t=1",
    }

    text = render(PROMOTION, context)

    assert text == (
        "<h1>Fête du gibier &amp; des cèpes</h1>\n<p>Cher(e) Anaïs,</p>\n"
        "<p>Un verre offert. Valable jusqu'au vendredi 27 novembre 2026.</p>\n"
        "<p><a href='https://moulin.example/r?t&#x3D;1'>Réserver</a></p>"
    )


def test_menu_mail_loops_over_dishes():
    context = {"plats": [{"nom": "Magret", "prix": 24.0, "texte": "Grillé"}, {"nom": "Île <flottante>", "prix": 8.5}]}

    text = render(MENU, context)

    assert text == (
        "<h1>La carte change</h1>\n<p><strong>Magret</strong> - 24€<br>Grillé</p>\n"
        "<p><strong>Île &lt;flottante&gt;</strong> - 8.5€<br></p>\n"
    )


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (True, "true"),
        (False, "false"),
        (None, ""),
        (12.0, "12"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.30000000000000004"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (1.5e-6, "0.0000015"),
        (1.5e-7, "1.5e-7"),
        (math.nan, "NaN"),
        (-math.inf, "-Infinity"),
        (10**22, "1e+22"),
        pytest.param(10**5000, "Infinity", id="huge"),
        (Decimal("12.50"), "12.50"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 11, 27), "2026-11-27"),
        ([1, None, [True, "x"]], "1,,true,x"),
        (("a", "b"), "a,b"),
        ({"a": 1}, "[object Object]"),
    ],
)
def test_values_print_as_in_javascript(value, expected):
    assert render("{{x}}", {"x": value}, html=False) == expected


@pytest.mark.parametrize("value", [None, False, "", [], 0, 0.0, math.nan, Decimal(0), Decimal("NaN"), ()])
def test_if_takes_these_for_false(value):
    assert render("{{#if x}}oui{{else}}non{{/if}}{{#unless x}}non{{else}}oui{{/unless}}", {"x": value}) == "nonnon"


@pytest.mark.parametrize("value", [True, "0", {}, [0], 1, -1.5, Decimal("0.1"), date(2026, 1, 1)])
def test_if_takes_these_for_true(value):
    assert render("{{#if x}}oui{{else}}non{{/if}}{{#unless x}}non{{else}}oui{{/unless}}", {"x": value}) == "ouioui"


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "[0]"), ("", "rien"), ([], "rien"), (False, "rien"), ({}, "[[object Object]]")]
)
def test_with_accepts_zero(value, expected):
    assert render("{{#with x}}[{{this}}]{{else}}rien{{/with}}", {"x": value}, html=False) == expected


@pytest.mark.parametrize(
    ("value", "expected"), [(0, "[0]"), ("", "[]"), ([], "rien"), (None, "rien"), (True, "[racine]")]
)
def test_section_by_kind_of_value(value, expected):
    template = "{{#x}}[{{#if nom}}{{nom}}{{else}}{{this}}{{/if}}]{{else}}rien{{/x}}"

    assert render(template, {"x": value, "nom": "racine"}) == expected


@pytest.mark.parametrize("value", ["abc", 3, 0, None, [], {}, date(2026, 1, 1)])
def test_each_of_what_is_no_list_takes_else(value):
    assert render("{{#each x}}tour{{else}}rien{{/each}}", {"x": value}) == "rien"


def test_if_adds_no_level_but_with_and_each_do():
    context = {"nom": "haut", "p": {"nom": "bas", "l": [1]}}

    text = render(
        "{{#with p}}{{#if nom}}{{../nom}}{{#each l}} {{../nom}} {{../../nom}}{{/each}}{{/if}}{{/with}}", context
    )

    assert text == "haut bas haut"


def test_partial_does_not_see_the_callers_parents():
    assert render("{{#with a}}{{> p}}{{/with}}", {"n": "haut", "a": {"b": 1}}, {"p": "[{{../n}}{{b}}]"}) == "[1]"


def test_block_names_stay_visible_in_inner_blocks():
    template = "{{#each l as |plat rang|}}{{#each plat.v as |vin|}}{{rang}}:{{plat.n}}:{{vin}} {{/each}}{{/each}}"

    assert render(template, {"l": [{"n": "a", "v": ["x", "y"]}, {"n": "b", "v": ["z"]}]}) == "0:a:x 0:a:y 1:b:z "


def test_loop_variables_of_the_loop_around():
    template = "{{#each l}}{{#each this}}{{@../index}}{{@index}}{{#if @last}};{{/if}}{{/each}}{{/each}}"

    assert render(template, {"l": [[1, 2], [3]]}) == "0001;10;"


def test_each_over_a_dict_gives_keys():
    assert (
        render(
            "{{#each d}}{{@key}}={{this}}{{#unless @last}}, {{/unless}}{{/each}}", {"d": {"a": 1, "b": 2}}, html=False
        )
        == "a=1, b=2"
    )


def test_else_if_chain_shares_one_closing_tag_and_leaves_no_blank_lines():
    template = "{{#if a}}\n  A\n{{else if b}}\n  B\n{{else}}\n  C\n{{/if}}\nfin"

    assert [render(template, context) for context in ({"a": 1}, {"b": 1}, {})] == ["  A\nfin", "  B\nfin", "  C\nfin"]


def test_blank_after_closing_tag_of_a_chain_is_cut_too():
    assert render("{{#if a}}\nA\n{{else if b}}\nB\n  {{/if}}\nfin", {"b": 1}) == "B\nfin"


def test_tilde_never_strips_values():
    assert render("a {{~x~}} b", {"x": " v "}) == "a v b"


def test_a_list_index_may_be_written_without_brackets():
    assert render("{{l.1}}{{l.0.n}}", {"l": [{"n": "x"}, "y"]}) == "yx"


def test_index_out_of_range_prints_nothing():
    assert render("[{{l.[5]}}{{l.[-1]}}{{l.[01]}}]", {"l": ["a", "b"]}) == "[]"


def test_comment_may_hold_tags():
    assert render("a{{!-- {{x}} --}}b{{! c }}") == "ab"


def test_standalone_partial_indents_each_of_its_lines():
    assert render("<ul>\n  {{> p}}\n</ul>", {}, {"p": "<li>\n<li>\n"}) == "<ul>\n  <li>\n  <li>\n</ul>"


def test_partial_named_by_data():
    assert render('{{> (lookup . "quel") x="1"}}', {"quel": "b"}, {"a": "A", "b": "B{{x}}"}) == "B1"


def test_layout_receives_inline_parts_and_block():
    layout = "<header>{{> titre}}</header>{{> @partial-block}}"

    text = render(
        '{{#> layout}}{{#*inline "titre"}}Bonjour {{nom}}{{/inline}}corps {{nom}}{{/layout}}',
        {"nom": "Léa"},
        {"layout": layout},
    )

    assert text == "<header>Bonjour Léa</header>corps Léa"
