"""How the texts of a card are written in its public page."""

from typing import Any

from django import template
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from menus.languages import Said
from menus.page.card import Group

register = template.Library()


@register.filter
def said(text: Said) -> SafeString | str:
    """A text; one in another language than the page's says which, for browsers that read aloud."""
    return format_html('<span lang="{}">{}</span>', text.language, text.words) if text.language else text.words


@register.simple_tag(takes_context=True)
def choices(context: Any, group: Group) -> SafeString:
    """A choice to make with a dish, drawn once a page however many dishes have it: `drawn` of the context keeps it."""
    drawn = context["drawn"]
    if id(group) not in drawn:
        drawn[id(group)] = get_template("menus/_choices.html").render({"group": group, "words": context["words"]})
    return drawn[id(group)]
