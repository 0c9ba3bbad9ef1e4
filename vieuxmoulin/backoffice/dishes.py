"""Dishes: prices in euros, allergens in three states, and « épuisé » in two taps from the kitchen's telephone."""

from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminRadioSelectWidget

from integrations.admin_tools.base import BackofficeAdmin
from integrations.admin_tools.display import BAD, CARE, GOOD, label, short_date
from integrations.admin_tools.fields import EurosField
from integrations.admin_tools.operations import DialogForm, batch, button, counted, operation
from menus.document import ALLERGENS, DIETS, content_hash
from menus.models import HIGHEST_PRICE_CENTS, Item, Menu
from menus.services import availability
from menus.services.documents import document_of

AVAILABLE, SOLD_OUT = Item.Availability.AVAILABLE, Item.Availability.UNAVAILABLE
DECLARED, NONE, UNKNOWN = "declared", "none", "unknown"
ALLERGEN_STATES = (
    (DECLARED, gettext_lazy("renseignés : ceux cochés ci-dessous")),
    (NONE, gettext_lazy("aucun : le plat n'en contient pas")),
    (UNKNOWN, gettext_lazy("inconnu : à demander en cuisine")),
)
# The column keeps cents, the field takes euros: the heading must say what is typed. Only the words change, not the
# column, so migrations see nothing of it.
Item._meta.get_field("price_cents").verbose_name = gettext_lazy("prix (€ TTC)")


class PriceForm(forms.ModelForm):
    """The price of a line of the list."""

    price_cents = EurosField(label=gettext_lazy("Prix (€ TTC)"), highest_cents=HIGHEST_PRICE_CENTS, required=False)

    def clean_price_cents(self) -> int | None:
        """One price, or the prices of the sizes: never both, never neither."""
        cents = self.cleaned_data["price_cents"]
        if self.instance.variants:
            if cents is not None:
                raise forms.ValidationError(_("Ce plat se vend en plusieurs tailles : leurs prix sont dans sa fiche."))
        elif cents is None:
            raise forms.ValidationError(_("Écrivez un prix en euros, comme 12,50."))
        return cents


class ItemForm(PriceForm):
    """A dish. Unknown allergens are never taken for none."""

    allergen_state = forms.ChoiceField(
        label=gettext_lazy("Allergènes"),
        choices=ALLERGEN_STATES,
        initial=UNKNOWN,
        widget=UnfoldAdminRadioSelectWidget,
    )
    allergen_list = forms.MultipleChoiceField(
        label=gettext_lazy("Contient"),
        choices=list(ALLERGENS.items()),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    diets = forms.MultipleChoiceField(
        label=gettext_lazy("Régimes"),
        choices=list(DIETS.items()),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Item
        fields = (
            "menu", "category", "name", "ref", "description", "price_cents", "diets", "availability",
            "unavailable_until", "photo_url", "option_groups", "position",
        )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding:
            known = self.instance.allergens
            self.initial.setdefault("allergen_state", UNKNOWN if known is None else DECLARED if known else NONE)
            self.initial.setdefault("allergen_list", known or [])
            if "option_groups" in self.fields:
                self.fields["option_groups"].queryset = self.instance.menu.option_groups.all()

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        state, listed = data.get("allergen_state"), data.get("allergen_list")
        if state == DECLARED and not listed:
            self.add_error("allergen_list", _("Cochez au moins un allergène, ou choisissez « aucun » ou « inconnu »."))
        if state in (NONE, UNKNOWN) and listed:
            self.add_error(
                "allergen_state", _("Des allergènes sont cochés : choisissez « renseignés », ou décochez-les.")
            )
        category, menu = data.get("category"), data.get("menu")
        if category and menu and category.menu_id != menu.pk:
            self.add_error("category", _("Cette catégorie est celle d'un autre menu."))
        return data

    def _post_clean(self) -> None:
        super()._post_clean()
        if "allergen_state" in self.cleaned_data:
            listed = [code for code in ALLERGENS if code in self.cleaned_data.get("allergen_list", [])]
            self.instance.allergens = None if self.cleaned_data["allergen_state"] == UNKNOWN else listed


class ItemAdmin(BackofficeAdmin):
    """The dishes and the drinks."""

    form = ItemForm
    list_display = ("name", "quick", "price_cents", "allergen_badge", "category", "menu")
    list_editable = ("price_cents",)
    list_filter = (
        ("availability", ChoicesDropdownFilter),
        ("menu", RelatedDropdownFilter),
        ("category", RelatedDropdownFilter),
    )
    list_select_related = ("category", "menu")
    search_fields = ("name", "ref", "description")
    actions = ("sold_out_many", "back_many")
    actions_detail = ("sold_out", "back")
    fieldsets = (
        (None, {"fields": ("menu", "category", "name", "ref", "description", "price_cents")}),
        (gettext_lazy("Allergènes et régimes"), {"fields": ("allergen_state", "allergen_list", "diets")}),
        (gettext_lazy("Disponibilité"), {"fields": ("availability", "unavailable_until")}),
        (gettext_lazy("Présentation"), {"classes": ["collapse"], "fields": ("photo_url", "option_groups", "position")}),
    )

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> type[forms.ModelForm]:
        return super().get_changelist_form(request, **{**kwargs, "form": PriceForm})

    def get_list_display(self, request: HttpRequest) -> Any:
        shown = super().get_list_display(request)
        if self.has_change_permission(request):
            return shown
        return tuple("state" if name == "quick" else name for name in shown)

    @display(description=gettext_lazy("disponibilité"), ordering="availability")
    def state(self, item: Item) -> Any:
        colour = {AVAILABLE: GOOD, SOLD_OUT: BAD}.get(item.availability, "")
        text = item.get_availability_display()
        if item.unavailable_until:
            text = _("%(state)s jusqu'au %(date)s") % {"state": text, "date": short_date(item.unavailable_until)}
        return label(text, colour)

    @display(description=gettext_lazy("disponibilité"), ordering="availability")
    def quick(self, item: Item) -> Any:
        """The state and, beside it, the one thing that the kitchen does about it."""
        if item.availability == AVAILABLE:
            return button(self, item, "sold_out", _("Épuisé ?"))
        if item.availability == SOLD_OUT:
            return format_html("{} {}", self.state(item), button(self, item, "back", _("De retour ?"), is_strong=True))
        return self.state(item)

    @display(description=gettext_lazy("allergènes"))
    def allergen_badge(self, item: Item) -> Any:
        if item.allergens is None:
            return label(_("inconnu"), CARE)
        return ", ".join(ALLERGENS.get(code, code) for code in item.allergens) or _("aucun")

    @operation(
        title=gettext_lazy("Épuisé"),
        icon="block",
        question=gettext_lazy(
            "Le plat est noté épuisé, les plateformes en sont prévenues, et les publications qui le citent sont retenues."
        ),
        variant=ActionVariant.DANGER,
        when=lambda item: item.availability == AVAILABLE,
    )
    def sold_out(self, request: HttpRequest, item: Item, form: DialogForm) -> str:
        return self._mark_sold_out(request, Item.objects.filter(pk=item.pk))

    @operation(
        title=gettext_lazy("De retour"),
        icon="check_circle",
        question=gettext_lazy("Le plat peut de nouveau être commandé."),
        variant=ActionVariant.SUCCESS,
        when=lambda item: item.availability == SOLD_OUT,
    )
    def back(self, request: HttpRequest, item: Item, form: DialogForm) -> str:
        return self._bring_back(request, Item.objects.filter(pk=item.pk))

    @batch(title=gettext_lazy("Épuisé"))
    def sold_out_many(self, request: HttpRequest, rows: QuerySet[Item]) -> str:
        return self._mark_sold_out(request, rows)

    @batch(title=gettext_lazy("De retour"))
    def back_many(self, request: HttpRequest, rows: QuerySet[Item]) -> str:
        return self._bring_back(request, rows)

    def _mark_sold_out(self, request: HttpRequest, rows: QuerySet[Item]) -> str:
        number = availability.mark_sold_out(rows)
        return counted(number, _("1 plat noté épuisé."), _("{} plats notés épuisés."), _("Rien n'a changé."))

    def _bring_back(self, request: HttpRequest, rows: QuerySet[Item]) -> str:
        number = availability.bring_back(rows)
        return counted(number, _("1 plat de retour."), _("{} plats de retour."), _("Rien n'a changé."))


def has_unpublished_changes(menu: Menu) -> bool:
    """Whether the card, availability apart, says something else than its last revision."""
    last = menu.revisions.order_by("-number").first()
    return last is None or content_hash(document_of(menu)) != last.content_hash
