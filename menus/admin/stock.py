"""What dishes are made of: when an ingredient is used up, its dishes run out by themselves."""

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelect2Widget

from integrations.admin_tools.base import BackofficeAdmin, ShortTextsInline
from integrations.admin_tools.display import BAD, NOTHING, date_column, label
from menus.models import Ingredient, Item, RecipeLine


class RecipeLineForm(forms.ModelForm):
    """A dish is chosen by its name; what is kept is the reference that it has on every card."""

    item_ref = forms.ChoiceField(label=gettext_lazy("Plat"), widget=UnfoldAdminSelect2Widget)

    class Meta:
        model = RecipeLine
        fields = ("item_ref", "ingredient", "quantity")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        names = dict(Item.objects.order_by("name").values_list("ref", "name"))
        if self.instance.item_ref:
            # A dish that left the cards keeps its recipe: it may come back next season.
            names.setdefault(self.instance.item_ref, self.instance.item_ref)
        self.fields["item_ref"].choices = [("", "—"), *names.items()]

    def clean_quantity(self) -> Any:
        quantity = self.cleaned_data["quantity"]
        if quantity <= 0:
            raise forms.ValidationError(_("Écrivez combien il en faut pour une portion, comme 0,150."))
        return quantity


class RecipeLineInline(ShortTextsInline):
    """The dishes that take this ingredient."""

    model = RecipeLine
    form = RecipeLineForm
    verbose_name_plural = gettext_lazy("Plats qui en contiennent")


@admin.register(Ingredient)
class IngredientAdmin(BackofficeAdmin):
    """What dishes are made of, as the stock module counts it: when there is none left, they run out by themselves."""

    list_display = ("name", "left", "counted", "dishes", "ref")
    search_fields = ("name", "ref")
    inlines = (RecipeLineInline,)
    fields = ("name", "ref", "unit", "quantity", "counted")
    readonly_fields = ("counted",)
    counted = date_column("counted_at", gettext_lazy("compté le"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Ingredient]:
        return super().get_queryset(request).annotate(dish_total=Count("recipe_lines"))

    @display(description=gettext_lazy("en stock"), ordering="quantity")
    def left(self, ingredient: Ingredient) -> Any:
        if ingredient.quantity is None:
            return NOTHING
        text = f"{ingredient.quantity.normalize():f} {ingredient.unit}".strip().replace(".", ",")
        return label(text, BAD) if ingredient.quantity <= 0 else text

    @display(description=gettext_lazy("plats"), ordering="dish_total")
    def dishes(self, ingredient: Ingredient) -> int:
        return ingredient.dish_total


@admin.register(RecipeLine)
class RecipeLineAdmin(BackofficeAdmin):
    """How much of each ingredient one portion takes."""

    form = RecipeLineForm
    list_display = ("item_ref", "ingredient", "quantity")
    list_select_related = ("ingredient",)
    list_filter = (("ingredient", RelatedDropdownFilter),)
    search_fields = ("item_ref", "ingredient__name")
