"""The card as a whole: its parts, what is not published yet, and the button that sends it everywhere."""

from typing import Any

from django import forms
from django.db.models import Count, Max, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from integrations.admin_tools.base import BackofficeAdmin, HistoryInline, ShortTextsInline
from integrations.admin_tools.display import CARE, GOOD, date_column, label, link, short_date
from integrations.admin_tools.operations import DialogForm, operation
from menus import queries, words
from menus.document import ALLERGENS
from menus.models import Category, Item, Menu
from vieuxmoulin.backoffice.dishes import has_unpublished_changes
from vieuxmoulin.backoffice.menu_pieces import address
from vieuxmoulin.orchestrator import Requester
from vieuxmoulin.orchestrator.menus import update_menu


class PublishCardForm(DialogForm):
    """Where the card goes."""

    destinations = forms.MultipleChoiceField(
        label=gettext_lazy("Destinations"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        places = list(queries.active_destinations().values_list("platform", "name"))
        self.fields["destinations"].choices = places
        self.fields["destinations"].initial = [platform for platform, _name in places]
        self.fields["destinations"].required = bool(places)
        if not places:
            self.fields["destinations"].help_text = _(
                "Aucune destination active : la carte sera publiée sur notre page « /carte/ » seulement."
            )


class CategoryInline(ShortTextsInline):
    """The parts of the card, in order."""

    model = Category
    fields = ("name", "ref", "description", "position")
    show_change_link = True


class DishesInline(HistoryInline):
    """The dishes at a glance; each has its page."""

    model = Item
    fields = ("dish", "category", "price", "allergen_names", "state")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("Plats")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Item]:
        return super().get_queryset(request).select_related("category")

    @display(description=gettext_lazy("plat"))
    def dish(self, item: Item) -> Any:
        return link(item)

    @display(description=gettext_lazy("prix"))
    def price(self, item: Item) -> str:
        return words.price({"price_cents": item.price_cents, "variants": item.variants})

    @display(description=gettext_lazy("allergènes"))
    def allergen_names(self, item: Item) -> Any:
        if item.allergens is None:
            return label(_("inconnu"), CARE)
        return ", ".join(ALLERGENS.get(code, code) for code in item.allergens) or _("aucun")

    @display(description=gettext_lazy("disponibilité"))
    def state(self, item: Item) -> str:
        return item.get_availability_display()


class MenuAdmin(BackofficeAdmin):
    """The cards."""

    list_display = ("name", "type", "starts", "ends", "dishes", "published", "editor")
    list_filter = (("type", ChoicesDropdownFilter),)
    search_fields = ("name", "description")
    inlines = (CategoryInline, DishesInline)
    actions_detail = ("publish_card",)
    readonly_fields = ("freshness", "editor")
    starts = date_column("start_date", gettext_lazy("à partir du"))
    ends = date_column("end_date", gettext_lazy("jusqu'au"))
    fieldsets = (
        (None, {"fields": ("freshness", "editor", "name", "description", "type", "start_date", "end_date")}),
        (gettext_lazy("Avancé"), {"classes": ["collapse"], "fields": ("metadata",)}),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Menu]:
        return (
            super()
            .get_queryset(request)
            .annotate(dish_total=Count("items", distinct=True), published_at=Max("revisions__created_at"))
        )

    def get_inlines(self, request: HttpRequest, obj: Menu | None) -> Any:
        return self.inlines if obj else self.inlines[:1]

    def get_fieldsets(self, request: HttpRequest, obj: Menu | None = None) -> Any:
        if obj:
            return self.fieldsets
        first, *others = self.fieldsets
        return ((first[0], {"fields": first[1]["fields"][2:]}), *others)

    def has_publish_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("menus.add_menurevision")

    @display(description=gettext_lazy("plats"), ordering="dish_total")
    def dishes(self, menu: Menu) -> int:
        return menu.dish_total

    @display(description=gettext_lazy("publiée le"), ordering="published_at")
    def published(self, menu: Menu) -> str:
        return short_date(menu.published_at)

    @display(description=gettext_lazy("publication"))
    def freshness(self, menu: Menu) -> Any:
        if not menu.published_at:
            return label(_("jamais publiée"), CARE)
        if has_unpublished_changes(menu):
            said = label(_("modifications à publier"), CARE)
        else:
            said = label(_("à jour"), GOOD)
        return format_html(
            "{} {}", said, _("dernière publication : %(date)s") % {"date": short_date(menu.published_at)}
        )

    @display(description=gettext_lazy("éditeur"))
    def editor(self, menu: Menu) -> Any:
        return format_html('<a class="text-link" href="{}">{}</a>', address(menu), _("Ouvrir la carte"))

    @operation(
        title=gettext_lazy("Publier la carte…"),
        permission="publish",
        icon="publish",
        question=gettext_lazy("La carte est vérifiée, figée sous un numéro, envoyée puis relue à chaque destination."),
        form=PublishCardForm,
        button=gettext_lazy("Publier la carte"),
        variant=ActionVariant.PRIMARY,
    )
    def publish_card(self, request: HttpRequest, menu: Menu, form: PublishCardForm) -> Any:
        chosen = form.cleaned_data["destinations"]
        made = update_menu(menu, chosen or None, requester=Requester(user=request.user))
        said = _("Carte publiée (n° %(number)s) ; %(places)s.") % {
            "number": made.revision.number,
            "places": _("elle part vers : %(names)s") % {"names": ", ".join(s.destination.name for s in made.syncs)}
            if made.syncs
            else _("aucune destination"),
        }
        return format_html("{} {}", said, link(made.task, _("Suivre la tâche")))
