"""The rules of safety: plain data only, limits, no second rendering, links."""

import pytest

from notifications.handlebars import LimitError, UnsafeValue, compile


class Guest:
    name = "secret"

    def __call__(self):
        raise AssertionError("called")

    def __str__(self):
        raise AssertionError("printed")

    def __bool__(self):
        raise AssertionError("tested")


class Tricky(dict):
    def get(self, *_):
        raise AssertionError("own get")

    def __missing__(self, key):
        raise AssertionError("own missing")

    def items(self):
        raise AssertionError("own items")


def render(template, context=None, partials=None, html=True):
    return compile(template, html=html).render({} if context is None else context, partials)


@pytest.mark.parametrize(
    "template",
    [
        "{{g}}",
        "{{{g}}}",
        "{{g.name}}",
        "{{g.__class__}}",
        "{{#g}}x{{/g}}",
        "{{#if g}}x{{/if}}",
        "{{#unless g}}x{{/unless}}",
        "{{#each g}}x{{/each}}",
        "{{#with g}}x{{/with}}",
        "{{lookup g 'name'}}",
        "{{l}}",
        "{{#each l}}{{this}}{{/each}}",
        "{{> p g}}",
    ],
)
@pytest.mark.parametrize("thing", [Guest(), Guest, len, object(), set(), b"octets"])
def test_object_or_callable_in_the_context_is_refused(template, thing):
    with pytest.raises(UnsafeValue) as caught:
        render(template, {"g": thing, "l": [thing]}, {"p": "{{name}}"})

    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("name", ["__class__", "keys", "upper", "append", "__len__", "real", "year"])
def test_no_attribute_is_read(name):
    context = {"d": {"a": 1}, "s": "texte", "l": [1], "n": 3}

    assert render(f"[{{{{d.{name}}}}}{{{{s.{name}}}}}{{{{l.{name}}}}}{{{{n.{name}}}}}]", context) == "[]"


def test_methods_of_dict_subclasses_are_not_run():
    context = Tricky(a=Tricky(b=1))

    assert render("{{a.b}}{{a.c}}{{#each a}}{{@key}}{{/each}}", context) == "1b"


def test_value_never_becomes_template_text():
    context = {"a": "{{b}}", "b": "{{#each x}}", "p": "{{> autre}}"}

    assert render("{{a}}{{{b}}}{{> q}}", context, {"q": "{{p}}"}, html=False) == "{{b}}{{#each x}}{{> autre}}"


def test_exactly_seven_signs_are_escaped():
    assert render("{{x}}", {"x": "&<>\"'`= /\\é"}) == "&amp;&lt;&gt;&quot;&#x27;&#x60;&#x3D; /\\é"


def test_a_text_that_calls_itself_safe_is_escaped_all_the_same():
    class Safe(str):
        __slots__ = ()

        def __html__(self):
            return self

    assert render("{{x}}", {"x": Safe("<b>")}) == "&lt;b&gt;"


def test_template_above_64_kib_is_refused():
    assert len(render("é" * 32 * 1024)) == 32 * 1024

    with pytest.raises(LimitError, match="64 Kio"):
        render("é" * 32 * 1024 + "a")


@pytest.mark.parametrize(
    ("opening", "closing"), [("{{#if a}}", "{{/if}}"), ("{{#a}}", "{{/a}}"), ("{{#each a}}", "{{/each}}")]
)
def test_nesting_stops_at_100(opening, closing):
    assert render(opening * 100 + "x" + closing * 100, {"a": {"a": 1}}) is not None

    with pytest.raises(LimitError, match="100 blocs imbriqués"):
        render(opening * 101 + "x" + closing * 101)


def test_else_if_chain_stops_at_100():
    with pytest.raises(LimitError, match="sinon si"):
        render("{{#if a}}" + "{{else if a}}" * 101 + "{{/if}}")


def test_parentheses_stop_at_100():
    with pytest.raises(LimitError, match="parenthèses"):
        render("{{lookup " + "(lookup " * 101 + "a b" + ") b" * 101 + "}}")


def test_partial_calling_itself_stops_at_20():
    with pytest.raises(LimitError, match="20 modèles partiels"):
        render("{{> p}}", {}, {"p": "{{> p}}"})


def test_tree_of_partials_renders_down_to_20_levels():
    tree = {"n": "x"}
    for _ in range(19):
        tree = {"n": "x", "below": [tree]}

    assert render("{{> p}}", tree, {"p": "{{n}}{{#each below}}{{> p}}{{/each}}"}) == "x" * 20


def test_blocks_around_and_inside_partials_count_together():
    partial = "{{#if a}}" * 60 + "{{> q}}" + "{{/if}}" * 60
    inner = "{{#if a}}" * 60 + "x" + "{{/if}}" * 60

    with pytest.raises(LimitError, match="modèles partiels compris"):
        render("{{> p}}", {"a": 1}, {"p": partial, "q": inner})


def test_100_000_loop_turns_and_no_more():
    context = {"l": [0] * 316, "r": [0] * 317}

    assert render("{{#each l}}{{#each ../l}}x{{/each}}{{/each}}", {"l": [0] * 300}) == "x" * 90_000
    with pytest.raises(LimitError, match="100000 tours"):
        render("{{#each l}}{{#each ../r}}x{{/each}}{{/each}}", context)


def test_partials_that_double_at_each_level_are_stopped():
    partials = {f"p{level}": f"{{{{> p{level + 1}}}}}" * 10 for level in range(15)} | {"p15": ""}

    with pytest.raises(LimitError, match="100000 tours"):
        render("{{> p0}}", {}, partials)


@pytest.mark.parametrize(
    "template",
    [
        "{{#each l}}" + "x" * 2000 + "{{/each}}",
        "{{#each l}}{{../long}}{{/each}}",
        "{{#each l}}{{> p}}{{/each}}",
        "{{long}}" * 600,
    ],
)
def test_output_stops_at_one_mebibyte(template):
    context = {"l": [0] * 1000, "long": "y" * 2000}

    with pytest.raises(LimitError, match="1 Mio"):
        render(template, context, {"p": "z" * 2000})


def test_output_of_exactly_one_mebibyte_passes():
    assert len(render("{{#each l}}{{this}}{{/each}}", {"l": ["y" * 1024] * 1024})) == 1024 * 1024

    with pytest.raises(LimitError):
        render("{{#each l}}{{this}}{{/each}}z", {"l": ["y" * 1024] * 1024})


def test_list_holding_itself_is_refused():
    loop = []
    loop.append(loop)

    with pytest.raises(LimitError, match="listes imbriquées"):
        render("{{x}}", {"x": loop})


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        " JavaScript:x",
        "java\nscript:x",
        "\x01javascript:x",
        "data:text/html,x",
        "vbscript:x",
        "file:///etc",
        "java\u200bscript:x",
    ],
)
@pytest.mark.parametrize(
    "template",
    [
        '<a href="{{x}}">',
        "<a HREF = '{{x}}'>",
        "<img src={{x}}>",
        '<a href="{{{x}}}">',
        '<a href="{{#if x}}{{x}}{{/if}}">',
        '<a href="{{#if y}}https://a{{else}}{{x}}{{/if}}">',
        '<a href="{{vide}}{{x}}">',
    ],
)
def test_link_of_refused_scheme_is_refused(template, link):
    with pytest.raises(UnsafeValue) as caught:
        render(template, {"x": link})

    assert "https://" in str(caught.value)
    assert link.strip() not in str(caught.value)


def test_entity_in_a_raw_link_hides_no_scheme():
    with pytest.raises(UnsafeValue):
        render('<a href="{{{x}}}">', {"x": "&#106;avascript&colon;alert(1)"})


@pytest.mark.parametrize(
    "link",
    [
        "https://a.fr/b?c:d",
        "HTTP://a.fr",
        "tel:+33556000000",
        "mailto:a@b.fr",
        "/carte?h=12:30",
        "#haut",
        "carte/a:b",
        "",
    ],
)
def test_ordinary_links_pass(link):
    assert render('<a href="{{{x}}}">', {"x": link}) == f'<a href="{link}">'


def test_colon_outside_links_is_free():
    assert render('<p title="{{x}}">{{x}}</p>', {"x": "Note: ok"}) == '<p title="Note: ok">Note: ok</p>'
