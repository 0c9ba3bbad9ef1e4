"""E-mails as pages: the house's page around a text, styles in the tags, Handlebars tags untouched, a text part."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from notifications.models import Contact, MessageTemplate
from notifications.services import letters, templates
from notifications.templating import render

GUEST = Contact(first_name="Anaïs", last_name="Le Goff")
MISSION = (
    "<h1>Notre nouveau menu est arrivé !</h1><p>Découvrez nos nouvelles créations.</p>{{#each menu_items}}<p>"
    "<strong>{{this.name}}</strong> - {{this.price}}€<br>{{this.description}}</p>{{/each}}"
)


def letter(body_html, data=None, **fields):
    template = MessageTemplate(slug="essai", subject="Objet", body_html=body_html, **fields)
    return templates.render_for(template, "email", GUEST, data or {})[0]


def test_a_piece_of_html_gets_the_houses_page_with_who_writes_and_the_way_out():
    html = letter("<p>Bonjour {{customer.first_name}}</p>").html

    assert html.lower().count("<html") == html.lower().count("<body") == 1
    assert ">Bonjour Anaïs</p>" in html
    assert "Le Vieux Moulin, Vensac (Gironde)" in html
    assert "Se désinscrire</a>" in html
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "max-width: 600px" in html


def test_styles_are_in_the_tags():
    html = letter('<h1>A</h1><p><a class="button" href="https://moulin.example">B</a></p>').html

    assert '<h1 style="' in html
    assert 'class="button" href="https://moulin.example" style="' in html


def test_the_mission_s_own_template_is_laid_out_and_filled():
    data = {"menu_items": [{"name": "Magret", "price": "23,90", "description": "Miel & noix"}]}

    made = letter(MISSION, data)

    assert ">Magret</strong> - 23,90€<br>Miel &amp; noix</p>" in made.html
    assert "Magret - 23,90€\nMiel & noix" in made.text


def test_a_service_message_offers_no_way_out_and_says_why_it_came():
    made = letter("<p>Votre table</p>", purpose="transactional")

    assert "désinscri" not in made.html.lower()
    assert "désinscri" not in made.text.lower()
    assert "n'est pas de la publicité" in made.html


def test_the_line_after_the_subject_is_hidden_in_the_page_and_absent_from_the_text():
    made = letter('{{#> layout preheader="Vite, avant lundi"}}<p>Corps</p>{{/layout}}')

    assert made.html.count("Vite, avant lundi") == 1
    assert "Vite" not in made.text
    assert "Corps" in made.text


def test_an_authors_own_page_keeps_its_words_and_gets_its_styles_inlined_and_a_way_out():
    page = "<!doctype html><html><head><style>p{color:red}@media (max-width:480px){p{color:blue}}</style></head><body><p>A</p></body></html>"

    html = letter(page).html

    assert '<p style="color: red;">A</p>' in html
    assert "@media (max-width:480px)" in html
    assert html.lower().count("<html") == 1
    assert "Se désinscrire</a></p></body>" in html


def test_style_sheets_elsewhere_are_never_fetched(tmp_path):
    sheet = tmp_path / "a.css"
    sheet.write_text("p { color: green }")

    done = letters.inlined(
        f'<html><head><link rel="stylesheet" href="file://{sheet}"></head><body><p>A</p></body></html>'
    )

    assert "green" not in done


@pytest.mark.parametrize(
    "source",
    [
        "<table><tr><th>Plat</th></tr>{{#each plats}}<tr><td>{{nom}}</td><td>{{prix cents}}</td></tr>{{/each}}</table>",
        "<ul>{{#each plats}}<li>{{nom}}</li>{{else}}<li>Fermé</li>{{/each}}</ul>",
        '<p><a href="{{#if lien}}{{lien}}{{else}}https://a.example{{/if}}">x</a></p>',
        "<p>{{!-- <b>non</b> --}}{{#if a}}<em>{{a}}</em>{{/if}} 5 < 6 &amp; 7</p>",
        "<p>a</p>\n{{#each plats}}\n<p>{{nom}}</p>\n{{/each}}\n<p>b</p>",
        "<a href={{lien}}>x</a>",
        "<p title=\"{{nom}} 'x'\">{{lookup plats 0}}</p>",
    ],
)
def test_what_is_said_is_the_same_once_inlined(source):
    data = {
        "plats": [{"nom": "A & B", "cents": 1250}, {"nom": "C", "cents": 900}],
        "lien": "https://b.example",
        "nom": "n",
    }
    source = source.replace("{{lookup plats 0}}", "{{lookup nom 'length'}}")

    done = letters.inlined(source, sheet=letters.sheet())

    assert "style=" in done
    assert letters._skeleton(render(done, data)) == letters._skeleton(render(source, data))


@pytest.mark.parametrize(
    "source",
    [
        '{{#if a}}<div class="card">{{else}}<div>{{/if}}x</div>',
        '<p {{#if a}}class="quiet"{{/if}}>x</p>',
        "<{{balise}}>x</{{balise}}>",
        "<p>\ue0000\ue001</p>",
    ],
)
def test_what_reading_html_again_would_break_is_left_as_it_is(source):
    assert letters.inlined(source, sheet=letters.sheet()) == source


PIECES = st.lists(
    st.sampled_from(
        ["<p>", "</p>", "<div>", "</div>", "<table>", "<tr>", "<td>", "</td>", "</tr>", "</table>", "<b>", "</b>", "<br>",
         '<a href="{{lien}}">', "</a>", "{{nom}}", "{{#if a}}", "{{/if}}", "texte ", "&amp;", "<!-- c -->", "\n", "'", '"']
    ),
    max_size=25,
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(PIECES)
def test_tags_of_handlebars_are_never_lost_nor_moved(pieces):
    source = "".join(pieces)

    done = letters.inlined(source, sheet=letters.sheet())

    assert letters._TAG.findall(done) == letters._TAG.findall(source)


def test_raw_html_of_the_data_is_read_off_each_message_for_its_text():
    made = letter("<p>Avant</p>{{{corps}}}", {"corps": "<p>Dedans <b>gras</b></p>"})

    assert "Dedans <b>gras</b>" in made.html
    assert "Dedans gras" in made.text


def test_text_is_not_escaped_where_the_page_is():
    made = letter("<p>{{nom}}</p>", {"nom": "Chez L'Ami & <fils>"})

    assert "Chez L&#x27;Ami &amp; &lt;fils&gt;" in made.html
    assert made.text.startswith("Chez L'Ami & <fils>")


def test_a_text_of_the_authors_own_is_kept_and_told_how_to_leave():
    made = letter("<p>A</p>", body_text="Bonjour {{customer.first_name}}")

    assert made.text.startswith("Bonjour Anaïs\n\nSe désinscrire : http")


def test_the_work_on_a_text_is_done_once(monkeypatch):
    done = []
    real = letters.inlined
    monkeypatch.setattr(letters, "inlined", lambda source, **options: done.append(source) or real(source, **options))

    for number in range(50):
        letter("<p>Une fois pour toutes {{n}}</p>", {"n": number})

    assert done == ["<p>Une fois pour toutes {{n}}</p>"]


def test_styles_are_given_up_rather_than_the_text_where_they_would_make_it_too_long():
    source = "<p>é</p>" * 7000

    made = letters.letter(source)

    assert len(source.encode()) < 65_536 < len(letters.inlined(source, sheet=letters.sheet()).encode())
    assert letter(source).html.count("<p>é</p>") == 7000
    assert made.html.startswith("{{#> layout}}<p>é</p>")
