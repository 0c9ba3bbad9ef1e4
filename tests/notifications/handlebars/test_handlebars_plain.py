"""Which templates only print what is a guest's own: only their texts can be shared by a crowd."""

import pytest

from notifications.handlebars import TemplateSyntaxError, compile, only_prints

NAMES = [("customer", "first_name"), ("unsubscribe_url",)]


@pytest.mark.parametrize(
    "source",
    [
        "Bonjour",
        "Bonjour {{customer.first_name}}",
        "{{#if customer.first_name}}Bonjour {{customer.first_name}}{{else}}Bonjour{{/if}}",
        "{{#unless unsubscribe_url}}Sans offre{{/unless}}",
        "{{#if customer}}un client{{/if}}",
        "{{#each plats}}{{nom}} {{prix montant}} pour {{../customer.first_name}}{{/each}}",
        "{{#with offre}}{{titre}}{{/with}}{{majuscules titre}}",
        "{{#> layout titre=titre}}{{customer.first_name}}{{/layout}}",
        "{{customer.language}} {{majuscules customers}}",
        "{{{description}}}",
    ],
)
def test_printing_and_asking_whether_it_is_empty_is_allowed(source):
    assert only_prints(source, NAMES)


@pytest.mark.parametrize(
    "source",
    [
        "{{majuscules customer.first_name}}",
        "{{prix (lookup customer 'first_name')}}",
        "{{{customer.first_name}}}",
        "{{customer.first_name.length}}",
        "{{#if customer.first_name.length}}long{{/if}}",
        "{{#if (lookup customer 'first_name')}}x{{/if}}",
        "{{#if titre includeZero=customer.first_name}}x{{/if}}",
        "{{#with customer}}{{first_name.length}}{{/with}}",
        "{{#customer.first_name}}{{length}}{{/customer.first_name}}",
        "{{#each customer}}{{this}}{{/each}}",
        "{{#each this}}{{this}}{{/each}}",
        "{{#each plats}}{{#with ..}}{{customer.first_name.length}}{{/with}}{{/each}}",
        "{{lookup @root 'customer'}}",
        "{{@root.customer.first_name}}",
        "{{> layout customer}}",
        "{{> layout prenom=customer.first_name}}",
        "{{> (lookup customer 'first_name')}}",
        "{{#> layout this}}x{{/layout}}",
        "{{#*inline 'p'}}{{majuscules unsubscribe_url}}{{/inline}}",
        "{{#each plats}}{{majuscules ../customer.first_name}}{{/each}}",
        "{{#unless titre}}x{{else}}{{majuscules customer.first_name}}{{/unless}}",
    ],
)
def test_any_other_use_is_not(source):
    assert not only_prints(source, NAMES)


def test_a_template_that_does_not_compile_says_so_here_too():
    with pytest.raises(TemplateSyntaxError):
        compile("{{#if x}}")
    with pytest.raises(TemplateSyntaxError):
        only_prints("{{#if x}}", NAMES)
