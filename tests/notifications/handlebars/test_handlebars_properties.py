"""What holds for any text, any value and any heap of tags."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.handlebars import TemplateError, compile, variables

ENTITY = re.compile("&[^;]*;")
SIGNS = {"&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#x27;": "'", "&#x60;": "`", "&#x3D;": "="}
WORDS = [
    "{{",
    "}}",
    "{{{",
    "}}}",
    "{{#",
    "{{/",
    "{{^",
    "{{>",
    "{{!",
    "{{else}}",
    "{{~",
    "~}}",
    "{{&",
    "{{#each ",
    "{{/each}}",
]
WORDS += [
    "{{#if ",
    "{{/if}}",
    "{{#with ",
    "{{/with}}",
    "{{#*inline ",
    "{{/inline}}",
    "{{else if ",
    "{{> p}}",
    "{{> @partial-block}}",
]
WORDS += [
    "a",
    "b",
    "l",
    "this",
    "..",
    ".",
    "/",
    "@index",
    "@root",
    "[",
    "]",
    "(",
    ")",
    '"',
    "'",
    "|",
    " as |x|",
    "=",
    "1",
    "true",
]
WORDS += [
    "lookup ",
    "prix ",
    "date ",
    "pluriel ",
    "log ",
    " ",
    "\n",
    "\\",
    "é",
    "<",
    "\ud800",
    "\x00",
    "-1.5",
    "length",
]
soup = st.lists(st.sampled_from(WORDS), max_size=25).map("".join)
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.decimals()
    | st.dates()
    | st.datetimes(),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["a", "b", "l", "1"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def said(call):
    """What a call gives, or the text of the engine's own error; any other error fails the test."""
    try:
        return call()
    except TemplateError as error:
        return str(error)


@given(st.text().filter(lambda text: "{{" not in text))
def test_text_without_tags_comes_out_as_it_is(text):
    assert compile(text).render({}) == text


@given(st.text())
def test_value_is_escaped_once(text):
    shown = compile("{{x}}").render({"x": text})

    assert not set("<>\"'`=") & set(shown)
    assert ENTITY.sub(lambda entity: SIGNS[entity[0]], shown) == text


@settings(max_examples=400, deadline=None)
@given(soup, plain, st.booleans())
def test_any_heap_of_tags_renders_or_says_why(template, value, html):
    context = {"a": value, "b": "x", "l": [value, {"a": 1}]}

    text = said(lambda: compile(template, html=html).render(context, {"p": template}))
    names = said(lambda: variables(template))

    assert isinstance(text, str)
    assert all(names)


@settings(max_examples=200, deadline=None)
@given(plain)
def test_any_plain_value_goes_through_every_construct(value):
    template = compile(
        "{{x}}{{{x}}}{{x.a.b}}{{lookup x 'a'}}{{#if x}}{{this}}{{/if}}{{#each x}}{{this}}{{@key}}{{../x}}{{/each}}"
        "{{#with x}}{{this}}{{/with}}{{#x}}{{this}}{{else}}-{{/x}}{{#each (lookup x 'a') as |y z|}}{{y}}{{z}}{{/each}}"
    )

    assert isinstance(template.render({"x": value}), str)
