"""The front door of message templates: rendering, missing names, and the check at save."""

import pytest

from notifications.handlebars import (
    HelperError,
    LimitError,
    MissingPartial,
    RawRefused,
    TemplateError,
    TemplateSyntaxError,
    UnknownHelper,
    UnsafeValue,
)
from notifications.templating import check, missing_variables, render, render_line, variables

SAMPLE = {"client": {"prenom": "Anaïs"}, "plats": [{"nom": "Magret", "cents": 2400}], "lien": "https://moulin.example"}


def test_html_is_escaped_and_text_is_not():
    assert render("{{x}}", {"x": "<b>&"}) == "&lt;b&gt;&amp;"
    assert render("{{x}}", {"x": "<b>&"}, html=False) == "<b>&"


def test_both_modes_of_one_text_are_kept_apart():
    for _ in range(2):
        assert render("{{x}}'", {"x": "'"}, html=True) == "&#x27;'"
        assert render("{{x}}'", {"x": "'"}, html=False) == "''"


def test_partials_follow_the_mode_and_change_with_their_text():
    assert render("{{> p}}", {"x": "<"}, partials={"p": "{{x}}"}) == "&lt;"
    assert render("{{> p}}", {"x": "<"}, partials={"p": "{{x}}"}, html=False) == "<"
    assert render("{{> p}}", {"x": "<"}, partials={"p": "autre"}) == "autre"


def test_raw_value_is_cleaned_in_html():
    value = '<b>ok</b><script>alert(1)</script><a href="javascript:x" onclick="y">z</a><a href="tel:+33">t</a>'

    text = render("{{{x}}}|{{&x}}", {"x": value})

    clean = '<b>ok</b><a rel="noopener noreferrer">z</a><a href="tel:+33" rel="noopener noreferrer">t</a>'
    assert text == f"{clean}|{clean}"


def test_text_keeps_line_ends_and_loses_control_signs():
    assert render("a\r\n{{x}}\t", {"x": "b\x00\x1b[2J\x85\nc"}, html=False) == "a\r\nb[2J\nc\t"


def test_line_has_no_line_ends_whatever_the_data():
    line = render_line("Bonjour {{x}} & {{y}}\n", {"x": "A\r\nBcc: tous@exemple.fr", "y": "\u2028<é>\x07"})

    assert line == "Bonjour ABcc: tous@exemple.fr & <é>"


@pytest.mark.parametrize(
    ("template", "context", "missing"),
    [
        ("Bonjour {{prenom}} {{client.nom}}", {"prenom": "A", "client": {"nom": "B"}}, []),
        ("{{prenom}} {{client.nom}} {{prenom}}", {}, ["prenom", "client.nom"]),
        ("{{client.nom}}{{client.age}}", {"client": {"nom": "B"}}, ["client.age"]),
        ("{{client.nom}}", {"client": None}, ["client.nom"]),
        ("{{prenom}}", {"prenom": None}, []),
        ("{{prenom}}{{zero}}{{faux}}", {"prenom": "", "zero": 0, "faux": False}, []),
        ("{{#if note}}Note : {{note}}{{/if}}", {}, []),
        ("{{#unless note}}{{autre}}{{/unless}}", {}, ["autre"]),
        ("{{#if a}}{{b}}{{else}}{{c}}{{/if}}", {"a": 1}, ["b"]),
        ("{{#promo}}{{titre}}{{/promo}}{{^promo}}{{rien}}{{/promo}}", {}, ["rien"]),
        ("{{#each plats}}{{nom}}{{/each}}", {}, ["plats"]),
        ("{{#each plats}}{{nom}}{{else}}Fermé{{/each}}", {}, []),
        (
            "{{#each plats}}{{this.nom}}{{prix}}{{../ville}}{{/each}}",
            {"plats": [{"nom": "x", "prix": 1}, {"nom": "y"}]},
            ["ville", "plats[].prix"],
        ),
        ("{{#each plats}}{{nom}}{{../ville}}{{/each}}", {"plats": []}, []),
        ("{{#each plats as |p|}}{{p.nom}}{{/each}}", {"plats": [{}]}, ["plats[].nom"]),
        ("{{#each noms}}{{this}}{{@index}}{{@last}}{{/each}}", {"noms": ["a"]}, []),
        ("{{#with client}}{{nom}}{{/with}}", {"client": {}}, ["client.nom"]),
        ("{{prix total}}{{date jour}}", {"total": 1}, ["jour"]),
        ("{{> pied}}", {}, ["adresse"]),
        ("{{> pied adresse='x'}}", {}, []),
    ],
)
def test_missing_variables(template, context, missing):
    assert missing_variables(template, context, partials={"pied": "{{adresse}}"}) == missing


def test_mission_like_menu_without_its_list_is_refused():
    assert missing_variables("{{#each menu_items}}<p>{{this.name}} - {{this.price}}€</p>{{/each}}", {"menu": []}) == [
        "menu_items"
    ]


def test_variables_from_the_front_door():
    assert variables("{{a.b}}{{#each l}}{{c}}{{/each}}") == {"a.b", "l", "l[].c"}


def test_good_template_passes_without_warning():
    template = "<p>{{client.prenom}}</p>{{#each plats}}{{nom}} {{prix cents}}{{/each}}<a href='{{lien}}'>Voir</a>"

    assert check(template, html=True, sample=SAMPLE) == []


def test_unknown_name_is_a_warning_with_its_place_and_a_suggestion():
    warnings = check("Bonjour\n {{client.prenon}}", html=False, sample=SAMPLE)

    assert warnings == [
        "Ligne 2, colonne 2 : {{client.prenon}} : la variable « client.prenon » n'est pas connue. "
        "Vouliez-vous dire « client.prenom » ?"
    ]


def test_unknown_name_that_resembles_nothing():
    assert check("{{xyz}}", html=False, known=["client"]) == [
        "Ligne 1, colonne 1 : {{xyz}} : la variable « xyz » n'est pas connue. "
        "Vérifiez son orthographe ; sinon rien ne s'affichera à sa place."
    ]


@pytest.mark.parametrize(
    ("known", "name", "is_known"),
    [
        (["client"], "client.nom", True),
        (["client", "client.nom"], "client.age", False),
        (["client.nom"], "client", True),
        (["clients"], "client", False),
        (["plats"], "plats.length", True),
        (["plats", "plats[].nom"], "plats.length", True),
        (["plats"], "plats.[0]", True),
        ([], "x", False),
    ],
)
def test_what_counts_as_known(known, name, is_known):
    assert (check("{{" + name + "}}", html=False, known=known) == []) is is_known


def test_without_sample_or_list_nothing_is_unknown():
    assert check("{{xyz}}", html=True) == []


@pytest.mark.parametrize("template", ["a\n{{{x}}}", "a\n{{&x}}", "a\n{{~{x}~}}"])
def test_raw_needs_the_right(template):
    with pytest.raises(RawRefused) as caught:
        check(template, html=True, sample={"x": ""})

    assert (caught.value.line, caught.value.column) == (2, 1)
    assert "{{nom}}" in str(caught.value)
    assert check(template, html=True, sample={"x": ""}, may_use_raw=True) == []


@pytest.mark.parametrize(
    ("template", "error"),
    [
        ("{{#if x}}", TemplateSyntaxError),
        ("{{pirx x}}", UnknownHelper),
        ("x" * 65_537, LimitError),
        ("{{#if x}}{{> absent}}{{/if}}", MissingPartial),
        ("{{prix nom}}", HelperError),
        ('<a href="{{nom}}">', UnsafeValue),
        ('<a href="javascript:void(0)">', UnsafeValue),
        ("<img src = ' data:image/png;base64,x'>", UnsafeValue),
        ("<a href=&#106;avascript:x>", UnsafeValue),
    ],
)
def test_check_refuses(template, error):
    with pytest.raises(error):
        check(template, html=True, sample={"nom": "javascript:x"})


def test_literal_link_error_gives_its_place():
    with pytest.raises(TemplateError) as caught:
        check('<p>\n<a href="ftp://x/{{y}}">', html=True)

    assert str(caught.value).startswith("Ligne 2, colonne 4 : href=\"ftp://x/ : ce lien n'est pas permis.")


def test_ordinary_literal_links_pass():
    template = (
        '<a href="https://a.fr/?href=x:y">a</a><a href="/carte">b</a><a href="{{lien}}">c</a><img src="cid:logo">'
    )

    assert check(template, html=True, sample=SAMPLE) == []


def test_partial_that_resembles_a_missing_one_is_suggested():
    with pytest.raises(MissingPartial, match="Vouliez-vous dire « signature »"):
        check("{{> signatur}}", html=True, partials={"signature": "x"})


def test_partial_with_a_body_or_defined_on_the_spot_is_not_missing():
    assert check('{{#> absent}}x{{/absent}}{{#*inline "ici"}}y{{/inline}}{{> ici}}', html=True) == []
