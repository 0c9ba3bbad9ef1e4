"""Errors tell staff, in French, the tag, its place and the cure."""

import pickle

import pytest

from notifications.handlebars import (
    HelperError,
    MissingPartial,
    TemplateError,
    TemplateSyntaxError,
    UnknownHelper,
    compile,
)


@pytest.mark.parametrize(
    ("template", "line", "column", "words"),
    [
        ("Bonjour {{prenom", 1, 9, ["{{prenom", "pas refermée", "}}"]),
        ("a\n  {{#if x}}b", 2, 3, ["{{#if x}}", "pas refermé", "{{/if}}"]),
        ("{{#if x}}\n{{/each}}", 2, 1, ["{{/each}}", "{{#if x}}", "ligne 1", "{{/if}}"]),
        ("é {{/if}}", 1, 3, ["{{/if}}", "pas de début"]),
        ("\n\n{{else}}", 3, 1, ["{{else}}", "{{#if …}}"]),
        ("{{#if x}}a{{else}}b{{else}}c{{/if}}", 1, 20, ["{{else}}", "un seul"]),
        ("{{}}", 1, 1, ["{{}}", "manque un nom"]),
        ("{{! jamais fini", 1, 1, ["commentaire", "pas refermé"]),
        ("{{{x}}", 1, 1, ["{{{x}}", "accolades"]),
        ("{{a/../b}}", 1, 1, ["a/..", "impossible"]),
        ("{{a.}}", 1, 1, ["a.", "pas fini"]),
        ('{{prix "a}}', 1, 1, ["signe", "guillemets"]),
        ("{{lookup (lookup a b c}}", 1, 1, ["parenthèse"]),
        ("{{#if}}a{{/if}}", 1, 1, ["{{#if}}", "un argument"]),
        ("{{#each a b}}a{{/each}}", 1, 1, ["exactement un argument"]),
        ("{{if x}}", 1, 1, ["en bloc", "{{#if …}}"]),
        ("{{#prix x}}a{{/prix}}", 1, 1, ["sans #", "{{prix total_cents}}"]),
        ("{{prix}}{{prix a b}}", 1, 9, ["{{prix a b}}", "{{prix total_cents}}"]),
        ("{{#each l as |x}}a{{/each}}", 1, 1, ["as |", "incomplète"]),
        ("{{log a=1 b}}", 1, 1, ["options", "après"]),
        ("{{> p a b}}", 1, 1, ["un seul contexte"]),
        ("{{{{brut}}}}", 1, 1, ["quatre accolades"]),
        ("{{*deco}}", 1, 1, ["astérisque"]),
        ("{{#> p}}a{{else}}b{{/p}}", 1, 10, ["pas de « sinon »"]),
        ("{{#*autre 'x'}}{{/autre}}", 1, 1, ["inline"]),
    ],
)
def test_syntax_error_names_tag_place_and_cure(template, line, column, words):
    with pytest.raises(TemplateSyntaxError) as caught:
        compile(template)

    error = caught.value
    assert (error.line, error.column) == (line, column)
    assert str(error).startswith(f"Ligne {line}, colonne {column} : ")
    assert [word for word in words if word not in str(error)] == []


def test_unknown_helper_is_found_before_any_rendering():
    with pytest.raises(UnknownHelper) as caught:
        compile("{{#if jamais}}\n {{pirx total}}{{/if}}")

    assert (caught.value.line, caught.value.column) == (2, 2)
    assert "{{pirx total}}" in str(caught.value)
    assert "prix" in caught.value.message_fr.split("connues")[1]


@pytest.mark.parametrize(
    "template",
    [
        "{{a.b c}}",
        "{{#foo bar}}x{{/foo}}",
        "{{prix (foo)}}",
        "{{#each l as |prix|}}{{prix 3}}{{/each}}",
        "{{helperMissing}}",
    ],
)
def test_arguments_to_what_is_no_helper(template):
    with pytest.raises(UnknownHelper):
        compile(template)


def test_missing_partial():
    with pytest.raises(MissingPartial, match="Ligne 2, colonne 1 : {{> pied}}") as caught:
        compile("a\n{{> pied}}").render({})

    assert "Créez-le" in str(caught.value)


def test_error_inside_a_partial_names_the_partial():
    with pytest.raises(TemplateSyntaxError) as caught:
        compile("{{> pied}}").render({}, {"pied": "a\n {{/if}}"})

    assert str(caught.value).startswith("Ligne 2, colonne 2 du modèle partiel « pied » : {{/if}}")


def test_error_text_holds_no_guests_data():
    with pytest.raises(HelperError) as caught:
        compile("{{prix montant}}").render({"montant": "Mme Dupont"})

    assert str(caught.value) == (
        "Ligne 1, colonne 1 : {{prix montant}} : prix attend un nombre entier de centimes, par exemple 1250 pour 12,50 €."
    )


def test_partial_named_by_data_is_not_named_in_the_error():
    with pytest.raises(MissingPartial) as caught:
        compile("{{> (lookup . 'q')}}").render({"q": "Mme Dupont"})

    assert "Dupont" not in str(caught.value)


def test_long_tag_is_quoted_in_part():
    with pytest.raises(TemplateError) as caught:
        compile("{{inconnu " + "a" * 500 + "}}")

    assert len(caught.value.message_fr) < 250


def test_error_survives_pickling():
    with pytest.raises(TemplateSyntaxError) as caught:
        compile("\n {{/if}}")

    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy), copy.line) == (TemplateSyntaxError, str(caught.value), 2)
