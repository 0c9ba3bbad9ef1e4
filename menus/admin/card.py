"""Screens of the card's neighbours: parts, choices, published revisions.

The card itself and its dishes are published through the orchestrator: their screens are in `vieuxmoulin/backoffice/`.
"""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, ShortTextsInline
from integrations.admin_tools.display import (
    GOOD,
    MOVING,
    NOTHING,
    date_column,
    json_column,
    label,
)
from integrations.admin_tools.fields import EurosField
from menus import words
from menus.models import (
    Category,
    MenuRevision,
    Option,
    OptionGroup,
)


@admin.register(Category)
class CategoryAdmin(BackofficeAdmin):
    """The parts of the cards."""

    list_display = ("name", "menu", "position", "ref")
    list_filter = (("menu", RelatedDropdownFilter),)
    list_select_related = ("menu",)
    search_fields = ("name", "ref")


class OptionForm(forms.ModelForm):
    """A supplement typed in euros."""

    price_cents = EurosField(label=gettext_lazy("Supplément (€ TTC)"), initial=0)

    class Meta:
        model = Option
        fields = ("name", "ref", "price_cents", "is_default", "position")


class OptionInline(ShortTextsInline):
    """The answers to a choice."""

    model = Option
    form = OptionForm


@admin.register(OptionGroup)
class OptionGroupAdmin(BackofficeAdmin):
    """The choices that guests make with a dish."""

    list_display = ("name", "menu", "min_choices", "max_choices", "ref")
    list_filter = (("menu", RelatedDropdownFilter),)
    list_select_related = ("menu",)
    search_fields = ("name", "ref")
    inlines = (OptionInline,)


@admin.register(MenuRevision)
class MenuRevisionAdmin(HistoryAdmin):
    """The card as it was published."""

    list_display = ("menu", "number_text", "effective", "author", "comment", "state")
    list_filter = (("menu", RelatedDropdownFilter),)
    search_fields = ("menu__name",)
    list_select_related = ("menu", "created_by")
    fields = (
        "menu",
        "number_text",
        "state",
        "effective",
        "published",
        "author",
        "comment",
        "card",
        "content_hash",
        "raw",
    )
    effective = date_column("effective_at", gettext_lazy("en vigueur à partir du"))
    published = date_column("created_at", gettext_lazy("publiée le"))
    raw = json_column("document", gettext_lazy("document"), gettext_lazy("Voir le document"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[MenuRevision]:
        found = super().get_queryset(request)
        # A whole card is too heavy for each line of a list.
        is_list = request.resolver_match is not None and request.resolver_match.url_name.endswith("_changelist")
        return found.defer("document") if is_list else found

    @display(description=gettext_lazy("numéro"), ordering="number")
    def number_text(self, revision: MenuRevision) -> str:
        return f"n° {revision.number}"

    @display(description=gettext_lazy("état"))
    def state(self, revision: MenuRevision) -> Any:
        if revision.is_withdrawn:
            return label(_("annulée"))
        return label(_("prévue"), MOVING) if revision.effective_at > timezone.now() else label(_("publiée"), GOOD)

    @display(description=gettext_lazy("publiée par"))
    def author(self, revision: MenuRevision) -> str:
        user = revision.created_by
        return (user.get_full_name() or user.get_username()) if user else NOTHING

    @display(description=gettext_lazy("carte"))
    def card(self, revision: MenuRevision) -> Any:
        categories = [
            {
                "name": category["name"],
                "items": [{**item, "price": words.price(item)} for item in category["items"]],
            }
            for category in revision.document.get("categories", [])
        ]
        return render_to_string("backoffice/revision_card.html", {"categories": categories})
