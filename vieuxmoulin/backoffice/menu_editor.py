"""The card on one page: names and prices in place, dishes dragged, allergens in three states, « épuisé ».

Every edit is a small POST of its own, which answers with the piece of page that it changed.
"""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from menus import queries
from menus.document import ALLERGENS
from menus.models import Category, Formula, Item, Menu, OptionGroup
from menus.services import editing
from menus.services.editing import ChangedMeanwhile
from menus.words import allergens as allergen_words
from vieuxmoulin.backoffice import menu_publishing, menu_rows
from vieuxmoulin.backoffice.menu_answers import DECLARED, NONE, UNKNOWN, in_order
from vieuxmoulin.backoffice.menu_pieces import EDIT, SEE, address, answer, reload_page
from vieuxmoulin.backoffice.menu_reader import cents_of
from vieuxmoulin.backoffice.menu_rows import CATEGORY, CHOICE, ITEM, SET_MENU, Field
from vieuxmoulin.backoffice.pages import guarded, show

KINDS: dict[str, type[Category] | type[Item] | type[Formula]] = {ITEM: Item, CATEGORY: Category, SET_MENU: Formula}
# What has an order and may leave the card; a choice is written in its sheet alone.
PLACED: dict[str, Any] = {**KINDS, CHOICE: OptionGroup}


@guarded(SEE)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """The card that guests see now, else the latest; a page that begins one when there is none."""
    revision = queries.revision_in_force()
    menu = revision.menu if revision else Menu.objects.order_by("-updated_at").first()
    if menu is not None:
        return HttpResponseRedirect(address(menu))
    may_add = request.user.has_perm("menus.add_menu")
    return show(request, "backoffice/menu_none.html", _("La carte"), may_add=may_add)


@guarded(SEE)
@require_safe
def editor(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """The page of a card."""
    menu = get_object_or_404(Menu, pk=menu_id)
    board = menu_rows.board(menu)
    context = {
        "menu": menu,
        "board": board,
        "menus": Menu.objects.order_by("name").values_list("pk", "name")[:50],
        "unknown": board.count("inconnu"),
        "out": board.count("epuise"),
        "to_review": board.count("revoir"),
        "may_edit": request.user.has_perms(EDIT),
        "is_read": not request.user.has_perms(EDIT),
        "may_add": request.user.has_perm("menus.add_menu"),
        **menu_publishing.freshness(request, menu),
    }
    return show(request, "backoffice/menu_editor.html", menu.name, **context)


@guarded(*EDIT)
@require_POST
def change_field(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Keep a name or a price typed in place; what is refused stays as it was typed, with its reason."""
    row = _row(kind, pk)
    name, value = request.POST.get("field", ""), request.POST.get("value", "")
    was: Any = editing.ANYTHING if "force" in request.POST else request.POST.get("was", "")
    make = menu_rows.price_field if name == "price" else menu_rows.name_field
    try:
        if name == "price":
            known = was if was is editing.ANYTHING else int(was) if was.isdigit() else None
            row = editing.set_price(row, cents_of(value), was=known)
        else:
            row = editing.rename(row, value, was=was)
    except ChangedMeanwhile as error:
        if error.current is None:
            return _field(request, row, _typed(make(kind, row), value, str(error)))
        row.refresh_from_db()
        field = make(kind, row)
        field.current, field.value, field.fault = field.value, value, str(error)
        return _field(request, row, field)
    except CommunicationError as error:
        return _field(request, row, _typed(make(kind, row), value, " ".join(sentences(error))))
    except ValidationError as error:
        return _field(request, row, _typed(make(kind, row), value, " ".join(error.messages)))
    return _field(request, row, make(kind, row), is_saved=True)


@guarded(*EDIT)
@require_http_methods(["GET", "POST"])
def change_allergens(request: HttpRequest, item_id: int) -> HttpResponse:
    """Declare the allergens of a dish from its line, without opening its page."""
    item = get_object_or_404(Item.objects.select_related("category__menu"), pk=item_id)
    if request.method == "GET":
        return _allergens(request, item) if "fermer" not in request.GET else _line(request, item)
    state, listed = request.POST.get("state", UNKNOWN), in_order(request.POST.getlist("allergens"))
    if state == DECLARED and not listed:
        fault = _("Cochez ceux que le plat contient, ou choisissez « aucun » ou « je ne sais pas ».")
        return _allergens(request, item, fault, state, listed)
    codes = None if state == UNKNOWN else [] if state == NONE else listed
    was = request.POST.get("was", "")
    if was != allergen_words(item.allergens):
        fault = _(
            "Quelqu'un d'autre vient de les changer : ils sont maintenant « %(now)s ». Vérifiez, puis enregistrez."
        )
        return _allergens(request, item, fault % {"now": allergen_words(item.allergens)}, state, listed)
    try:
        item.allergens = editing.set_allergens(item, codes, was=item.allergens).allergens
    except CommunicationError as error:
        return _allergens(request, item, " ".join(sentences(error)), state, listed)
    return _line(request, item)


@guarded(*EDIT)
@require_POST
def move(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Put something before something else; the page has already shown it there."""
    row = _row(kind, pk, PLACED)
    asked = request.POST.get("before", "")
    before = int(asked) if asked.isdigit() else None
    try:
        if isinstance(row, Item):
            place = request.POST.get("category", "")
            category = get_object_or_404(Category, pk=int(place) if place.isdigit() else 0)
            editing.move_item(row, category, before)
        else:
            editing.move_row(row, before)
    except CommunicationError as error:
        messages.error(request, str(error))
        return reload_page()
    return answer(request)


@guarded(*EDIT)
@require_POST
def remove(request: HttpRequest, kind: str, pk: int) -> HttpResponse:
    """Take something off the card. It stays in the published versions."""
    row = _row(kind, pk, PLACED)
    try:
        editing.remove(row)
    except CommunicationError as error:
        messages.error(request, " ".join(sentences(error)))
        return answer(request, reswap="none")
    messages.success(request, _("« %(name)s » n'est plus sur la carte.") % {"name": row.name})
    return answer(request)


@guarded(*EDIT)
@require_POST
def add_item(request: HttpRequest, category_id: int) -> HttpResponse:
    """One more dish at the end of a part; answers with the part."""
    category = get_object_or_404(Category.objects.select_related("menu"), pk=category_id)
    typed = {"name": request.POST.get("name", ""), "price": request.POST.get("price", "")}
    fault = ""
    try:
        item = editing.add_item(category, typed["name"], cents_of(typed["price"]))
        messages.success(request, _("« %(name)s » ajouté. Dites maintenant ses allergènes.") % {"name": item.name})
    except CommunicationError as error:
        fault = " ".join(sentences(error))
    except ValidationError as error:
        fault = " ".join(error.messages)
    part = menu_rows.part_of(category)
    context = {"part": part, "may_edit": True, "fault": fault, "typed": typed if fault else {}, "is_added": not fault}
    return answer(request, "backoffice/menu_part.html", context, is_changed=not fault)


@guarded(*EDIT)
@require_POST
def add_category(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """One more part at the end of the card."""
    menu = get_object_or_404(Menu, pk=menu_id)
    try:
        category = editing.add_category(menu, request.POST.get("name", ""))
    except CommunicationError as error:
        messages.error(request, " ".join(sentences(error)))
        return answer(request, reswap="none")
    context = {"part": menu_rows.part_of(category), "may_edit": True}
    return answer(request, "backoffice/menu_part.html", context)


@guarded(*EDIT, "menus.add_menu")
@require_POST
def duplicate(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """A copy to prepare the next season on."""
    menu = editing.duplicate(get_object_or_404(Menu, pk=menu_id))
    messages.success(request, _("Copie faite : donnez-lui son nom et ses dates, elle n'est publiée nulle part."))
    return HttpResponseRedirect(address(menu))


def _row(kind: str, pk: int, kinds: Mapping[str, Any] = KINDS) -> Any:
    """Raises Http404 for what is not there."""
    if kind not in kinds:
        raise Http404("Rien de cette sorte sur la carte.")
    return get_object_or_404(kinds[kind]._default_manager.select_related("menu"), pk=pk)


def _field(request: HttpRequest, row: Any, field: Field, *, is_saved: bool = False) -> HttpResponse:
    context: dict[str, Any] = {"field": field, "is_saved": is_saved}
    if is_saved and field.kind == ITEM:
        context |= {"line": menu_rows.line_of(row), "is_beside": True}
    return answer(request, "backoffice/menu_field.html", context, is_changed=is_saved)


def _typed(field: Field, value: str, fault: str) -> Field:
    field.value, field.fault = value, fault
    return field


def _allergens(
    request: HttpRequest, item: Item, fault: str = "", state: str | None = None, listed: list[str] | None = None
) -> HttpResponse:
    known = item.allergens
    context = {
        "item": item,
        "fault": fault,
        "state": state or (UNKNOWN if known is None else DECLARED if known else NONE),
        "listed": listed if listed is not None else known or [],
        "all": ALLERGENS.items(),
        "was": allergen_words(known),
    }
    response = render(request, "backoffice/menu_allergens.html", context)
    if fault:
        # The form takes its own place again instead of that of the line.
        response["HX-Retarget"], response["HX-Reswap"] = f"#declare-{item.pk}", "outerHTML"
    return response


def _line(request: HttpRequest, item: Item) -> HttpResponse:
    context = {"line": menu_rows.line_of(item), "may_edit": True}
    return answer(request, "backoffice/menu_line.html", context, is_changed=request.method == "POST")
