"""The names a template reads, seen from the top of its context."""

import pytest

from notifications.handlebars import variables


@pytest.mark.parametrize(
    ("template", "names"),
    [
        ("Bonjour", set()),
        ("{{prenom}} {{client.nom}} {{client/ville}}", {"prenom", "client.nom", "client.ville"}),
        ("{{#if note}}{{note}}{{else}}{{rien}}{{/if}}", {"note", "rien"}),
        (
            "{{#each plats}}{{this.nom}}{{prix}}{{../maison}}{{@index}}{{@root.ville}}{{/each}}",
            {"plats", "plats[].nom", "plats[].prix", "maison", "ville"},
        ),
        (
            "{{#each plats as |p i|}}{{p.nom}}{{i}}{{#each p.vins}}{{this}}{{../../maison}}{{/each}}{{/each}}",
            {"plats", "plats[].nom", "plats[].vins", "plats[].vins[]", "maison"},
        ),
        (
            "{{#with client}}{{nom}}{{#if vip}}{{../salut}}{{/if}}{{/with}}",
            {"client", "client.nom", "client.vip", "salut"},
        ),
        ("{{prix total}} {{pluriel n 'a' 'b'}} {{lookup table (lookup cles 0)}}", {"total", "n", "table", "cles"}),
        ("{{> pied client ville=adresse.ville}}", {"client", "adresse.ville"}),
        ("{{#> cadre}}{{nom}}{{/cadre}}", {"nom"}),
        ("{{^vide}}{{a}}{{/vide}}", {"vide", "a"}),
        ("{{! non }}{{!-- {{non}} --}}\\{{non}}", set()),
    ],
)
def test_names(template, names):
    assert variables(template) == names
