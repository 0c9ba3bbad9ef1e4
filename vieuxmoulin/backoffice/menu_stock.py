"""« Épuisé » from the kitchen: two taps for everything that may run out, on a telephone."""

from dataclasses import dataclass, field
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from integrations.admin_tools.display import short_date
from menus import queries
from menus.models import Availability, Formula, Item, Menu, Option
from menus.services import availability
from vieuxmoulin.backoffice import menu_rows, menu_spread
from vieuxmoulin.backoffice.menu_pieces import EDIT, SEE, address, answer
from vieuxmoulin.backoffice.pages import guarded, show

DISH, SIZE, SET_MENU, OPTION = "plat", "taille", "formule", "option"


@dataclass(frozen=True)
class Stock:
    """One thing that may run out. size: of a dish that comes in several; why: the reason given, or who said so."""

    kind: str
    pk: Any
    name: str
    status: str
    size: str = ""
    until: str = ""
    why: str = ""

    @property
    def is_out(self) -> bool:
        return self.status == Availability.UNAVAILABLE


@dataclass
class Shelf:
    """What runs out, under its heading."""

    title: str
    rows: list[Stock] = field(default_factory=list)


@guarded(SEE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The page of the card that guests see now: one tap from the menu, in the middle of a service."""
    revision = queries.revision_in_force()
    return HttpResponseRedirect(address(revision.menu, "menu_stock") if revision else reverse("backoffice:menu_home"))


@guarded(SEE)
@require_safe
def page(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """Everything that may run out, what is out first."""
    menu = get_object_or_404(Menu, pk=menu_id)
    shelves = shelves_of(menu)
    out = [row for shelf in shelves for row in shelf.rows if row.is_out]
    context = {
        "menu": menu,
        "out": out,
        "shelves": [shelf for shelf in shelves if shelf.rows],
        "may_edit": request.user.has_perms(EDIT),
        "editor": address(menu),
        **menu_spread.context(),
    }
    return show(request, "backoffice/menu_stock.html", _("Épuisé ? · %(name)s") % {"name": menu.name}, **context)


def shelves_of(menu: Menu) -> list[Shelf]:
    """The dishes by part of the card, their sizes, the set menus, the options; what is withdrawn is left out."""
    parts = {category.pk: Shelf(category.name) for category in menu.categories.all()}
    for item in menu.items.exclude(availability=Availability.HIDDEN).order_by("position", "pk"):
        rows = parts[item.category_id].rows
        until = short_date(item.unavailable_until) if item.unavailable_until else ""
        rows.append(Stock(DISH, item.pk, item.name, item.availability, until=until, why=item.unavailable_reason))
        for size in item.variants:
            status = size.get("availability", {}).get("status", Availability.AVAILABLE)
            if status != Availability.HIDDEN:
                rows.append(Stock(SIZE, item.pk, f"{item.name}, {size['name']}", status, size["id"]))
    formulas = menu.formulas.exclude(availability=Availability.HIDDEN)
    shown = Option.objects.filter(group__menu=menu).exclude(availability=Availability.HIDDEN)
    options = shown.select_related("group").order_by("group__position", "group", "position", "pk")
    return [
        *parts.values(),
        Shelf(_("Formules"), [Stock(SET_MENU, one.pk, one.name, one.availability) for one in formulas]),
        Shelf(
            _("Options"),
            [Stock(OPTION, one.pk, f"{one.group.name} : {one.name}", one.availability) for one in options],
        ),
    ]


@guarded(*EDIT)
@require_POST
def switch(request: HttpRequest, menu_id: Any, kind: str, pk: int) -> HttpResponse:
    """Say what the button said: that it has run out, or that it is back. Told to every place at once."""
    menu = get_object_or_404(Menu, pk=menu_id)
    to = Availability.UNAVAILABLE if request.POST.get("to") == "out" else Availability.AVAILABLE
    row = _switched(menu, kind, pk, request.POST.get("size", ""), to)
    sentence = _("« %(name)s » noté épuisé.") if row.is_out else _("« %(name)s » est de retour.")
    messages.success(request, sentence % {"name": row.name})
    context = {"row": row, "menu": menu, "may_edit": True}
    return answer(request, "backoffice/menu_stock_row.html", context)


@guarded(*EDIT)
@require_POST
def toggle(request: HttpRequest, item_id: int) -> HttpResponse:
    """The same from the line of a dish in the editor."""
    item = get_object_or_404(Item.objects.select_related("category__menu"), pk=item_id)
    is_out = item.availability == Availability.UNAVAILABLE
    wanted = request.POST.get("to", "back" if is_out else "out")
    _mark(Item.objects.filter(pk=item.pk), Availability.AVAILABLE if wanted == "back" else Availability.UNAVAILABLE)
    sentence = _("« %(name)s » est de retour.") if wanted == "back" else _("« %(name)s » noté épuisé.")
    messages.success(request, sentence % {"name": item.name})
    fresh = Item.objects.select_related("category__menu").get(pk=item.pk)
    context = {"line": menu_rows.line_of(fresh), "may_edit": True}
    return answer(request, "backoffice/menu_line.html", context)


def _switched(menu: Menu, kind: str, pk: int, size: str, to: str) -> Stock:
    """Change it, and read it again. Raises Http404 for what is not on this card."""
    if kind == DISH:
        item = get_object_or_404(Item, menu=menu, pk=pk)
        _mark(Item.objects.filter(pk=pk), to)
        item.refresh_from_db()
        return Stock(DISH, pk, item.name, item.availability)
    if kind == SIZE:
        item = get_object_or_404(Item, menu=menu, pk=pk)
        availability.change_size(item, size, to)
        name = next((one["name"] for one in item.variants if one["id"] == size), None)
        if name is None:
            raise Http404("Ce plat n'a pas cette taille.")
        return Stock(SIZE, pk, f"{item.name}, {name}", to, size)
    if kind == SET_MENU:
        formula = get_object_or_404(Formula, menu=menu, pk=pk)
        availability.change_formulas(Formula.objects.filter(pk=pk), to)
        return Stock(SET_MENU, pk, formula.name, to)
    if kind == OPTION:
        option = get_object_or_404(Option.objects.select_related("group"), group__menu=menu, pk=pk)
        availability.change_options(Option.objects.filter(pk=pk), to)
        return Stock(OPTION, pk, f"{option.group.name} : {option.name}", to)
    raise Http404("Rien de cette sorte ne s'épuise.")


def _mark(rows: Any, to: str) -> None:
    if to == Availability.UNAVAILABLE:
        availability.mark_sold_out(rows)
    else:
        availability.bring_back(rows)
