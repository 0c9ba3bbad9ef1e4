"""The sheets of the editor: a dish, a set menu, a choice, a part, the card itself, each with all that it says."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from integrations.errors import CommunicationError
from integrations.media import own_file
from menus import queries, words
from menus.document import ALLERGENS, DIETS, SPECIES
from menus.models import Category, Formula, Item, Menu, OptionGroup
from menus.schema import CHANNELS
from menus.services import editing, editing_whole
from menus.services.documents import document_of, item_document
from menus.services.editing_locks import version_of
from vieuxmoulin.backoffice import menu_answers, menu_photos, menu_reading, menu_rows
from vieuxmoulin.backoffice.menu_pieces import CHANGED, EDIT, told
from vieuxmoulin.backoffice.menu_rows import ITEM
from vieuxmoulin.backoffice.pages import guarded

Document = dict[str, Any]


@guarded(*EDIT)
@require_http_methods(["GET", "POST"])
def dish(request: HttpRequest, item_id: int) -> HttpResponse:
    """All that a dish says."""
    item = get_object_or_404(Item.objects.select_related("menu", "category__menu"), pk=item_id)
    shown = item_document(item)
    version = version_of(shown)
    context = {"item": item, "kind": ITEM, "groups": item.menu.option_groups.all()}
    if request.method == "GET":
        return _sheet(request, "dish", menu_answers.of_item(shown), version, context)

    def keep(answers: Document) -> None:
        said = menu_reading.item_of(answers, shown)
        editing_whole.save_item(item, said, version=request.POST.get("version", ""))

    def saved() -> tuple[Document, str, str]:
        fresh = Item.objects.select_related("menu", "category__menu").get(pk=item.pk)
        line = {"line": menu_rows.line_of(fresh), "may_edit": True, "is_beside": True}
        beside = render_to_string("backoffice/menu_line.html", line, request)
        now = item_document(fresh)
        return menu_answers.of_item(now), version_of(now), beside

    return _kept(request, "dish", keep, saved, version, context)


@guarded(*EDIT)
@require_http_methods(["GET", "POST"])
def formula(request: HttpRequest, menu_id: Any, ref: str = "") -> HttpResponse:
    """A set menu: its price, its steps, what may be chosen at each; a new one when no reference is given."""
    menu = get_object_or_404(Menu, pk=menu_id)
    labels = dish_labels(menu)
    found = _entry(document_of(menu).get("formulas", []), ref)
    version = version_of(found) if ref else ""
    context = {"menu": menu, "ref": ref, "labels": labels.values(), "categories": menu.categories.all()}
    if request.method == "GET":
        answers = menu_answers.of_formula(found, labels)
        if not ref:
            answers |= {"steps": [{"id": "", "name": "", "min": "1", "max": "1", "choices": []}]}
        return _sheet(request, "formula", answers, version, context)
    kept: list[Formula] = []

    def keep(answers: Document) -> None:
        base = found or {"id": editing.free_ref(answers["name"], editing.sold_refs(menu))}
        said = menu_reading.formula_of(answers, base, _named(labels))
        kept.append(editing_whole.save_formula(menu, ref, said, version=request.POST.get("version", "")))

    def saved() -> tuple[Document, str, str]:
        now = _entry(document_of(menu).get("formulas", []), kept[0].ref)
        context["ref"] = kept[0].ref
        return menu_answers.of_formula(now, labels), version_of(now), _formulas_beside(request, menu)

    return _kept(request, "formula", keep, saved, version, context)


@guarded(*EDIT)
@require_http_methods(["GET", "POST"])
def group(request: HttpRequest, menu_id: Any, ref: str = "") -> HttpResponse:
    """A choice that guests make with a dish, and its options."""
    menu = get_object_or_404(Menu, pk=menu_id)
    found = _entry(document_of(menu).get("option_groups", []), ref)
    version = version_of(found) if ref else ""
    context = {"menu": menu, "ref": ref}
    if request.method == "GET":
        return _sheet(request, "group", menu_answers.of_group(found), version, context)
    kept: list[OptionGroup] = []

    def keep(answers: Document) -> None:
        taken = menu.option_groups.values_list("ref", flat=True)
        base = found or {"id": editing.free_ref(answers["name"], taken)}
        said = menu_reading.group_of(answers, base)
        kept.append(editing_whole.save_group(menu, ref, said, version=request.POST.get("version", "")))

    def saved() -> tuple[Document, str, str]:
        now = _entry(document_of(menu).get("option_groups", []), kept[0].ref)
        context["ref"] = kept[0].ref
        beside = render_to_string("backoffice/menu_groups.html", {"menu": menu, "is_beside": True, "may_edit": True})
        return menu_answers.of_group(now), version_of(now), beside

    return _kept(request, "group", keep, saved, version, context)


@guarded(*EDIT)
@require_http_methods(["GET", "POST"])
def category(request: HttpRequest, category_id: int) -> HttpResponse:
    """A part of the card: its words, and the part that it is in."""
    row = get_object_or_404(Category.objects.select_related("menu", "parent"), pk=category_id)
    shown = {**_entry(document_of(row.menu)["categories"], row.ref), "items": []}
    version = version_of(shown)
    context = {"category": row, "others": row.menu.categories.exclude(pk=row.pk)}
    if request.method == "GET":
        return _sheet(request, "category", menu_answers.of_category(shown), version, context)

    def keep(answers: Document) -> None:
        said = menu_reading.category_of(answers, shown)
        editing_whole.save_category(row, said, version=request.POST.get("version", ""))

    def saved() -> tuple[Document, str, str]:
        now = {**_entry(document_of(row.menu)["categories"], row.ref), "items": []}
        field = {"field": menu_rows.name_field(menu_rows.CATEGORY, row), "is_beside_field": True}
        return menu_answers.of_category(now), version_of(now), render_to_string("backoffice/menu_field.html", field)

    return _kept(request, "category", keep, saved, version, context)


@guarded(*EDIT)
@require_http_methods(["GET", "POST"])
def card(request: HttpRequest, menu_id: Any) -> HttpResponse:
    """The card itself: its name, its dates, its hours of service, what the law wants at its foot."""
    menu = get_object_or_404(Menu, pk=menu_id)
    shown = editing_whole.about(document_of(menu))
    version = version_of(shown)
    context = {"menu": menu, "types": Menu.Type.choices}
    if request.method == "GET":
        return _sheet(request, "card", menu_answers.of_menu(shown), version, context)

    def keep(answers: Document) -> None:
        said = menu_reading.menu_of(answers, shown)
        editing_whole.save_menu(menu, said, version=request.POST.get("version", ""))

    def saved() -> tuple[Document, str, str]:
        now = editing_whole.about(document_of(Menu.objects.get(pk=menu.pk)))
        return menu_answers.of_menu(now), version_of(now), ""

    return _kept(request, "card", keep, saved, version, context)


@guarded(*EDIT)
@require_POST
def photo(request: HttpRequest, item_id: int) -> HttpResponse:
    """Take a photo from the telephone; the sheet shows it, and keeps it once it is saved."""
    item = get_object_or_404(Item, pk=item_id)
    answers = {"photo": request.POST.get("photo", ""), "photo_alt": request.POST.get("photo_alt", "")}
    fault = ""
    file = request.FILES.get("file")
    try:
        answers["photo"] = menu_photos.keep(file) if file else answers["photo"]
    except CommunicationError as error:
        fault = str(error)
    context = {"item": item, "answers": answers, "photo_fault": fault, "photo_is_ours": own_file(answers["photo"])}
    return render(request, "backoffice/menu_photo.html", context)


def dish_labels(menu: Menu) -> dict[tuple[str, str], str]:
    """How the sheet of a set menu calls each dish, and each size of those that have some."""
    found = {}
    for ref, name, sizes in menu.items.values_list("ref", "name", "variants"):
        if not sizes:
            found[ref, ""] = f"{name[:80]} — {ref}"
        for size in sizes:
            found[ref, size["id"]] = f"{name[:80]}, {size['name'][:40]} — {ref}/{size['id']}"
    return found


def _named(labels: dict[tuple[str, str], str]) -> dict[str, tuple[str, str]]:
    """What may be written for a dish: its label, its reference at the end of a label, or a name that only one has."""
    found: dict[str, tuple[str, str]] = {}
    names = [label.rpartition(" — ")[0] for label in labels.values()]
    for key, label in labels.items():
        name, _dash, ref = label.rpartition(" — ")
        found |= {label: key, ref: key} | ({name: key} if names.count(name) == 1 else {})
    return found


def channels(answers: Document) -> list[tuple[str, str]]:
    """The destinations that a sheet speaks of: those in use, and those already named."""
    used = set(queries.active_destinations().values_list("platform", flat=True))
    used |= set(answers.get("prices", {})) | set(answers.get("channels", []))
    used |= {slug for size in answers.get("sizes", []) for slug in size["prices"]}
    return [(slug, words.channel(slug)) for slug in CHANNELS if slug in used]


def _entry(rows: list[Document], ref: str) -> Document:
    return next((one for one in rows if one["id"] == ref), {})


def _kept(
    request: HttpRequest,
    sheet: str,
    keep: Callable[[Document], None],
    saved: Callable[[], tuple[Document, str, str]],
    version: str,
    context: Document,
) -> HttpResponse:
    """Keep what was typed, or show it again with what is wrong."""
    answers = menu_answers.typed(request.POST)
    try:
        keep(answers)
    except editing.ChangedMeanwhile as error:
        # Whoever saves again has been told: the sheet is on the present state from now on.
        return _sheet(request, sheet, answers, version, {**context, "faults": [str(error)]})
    except CommunicationError as error:
        problems = getattr(error, "problems", []) or [{"message": str(error), "field": ""}]
        faults = [one["message"].removeprefix(f"{one['field']} : ") for one in problems]
        return _sheet(request, sheet, answers, request.POST.get("version", ""), {**context, "faults": faults})
    shown, now, beside = saved()
    messages.success(request, _("Enregistré."))
    response = _sheet(request, sheet, shown, now, {**context, "is_saved": True})
    response.write(beside + told(request))
    response["HX-Trigger"] = CHANGED
    return response


def _sheet(request: HttpRequest, sheet: str, answers: Document, version: str, context: Document) -> HttpResponse:
    places, taxes = channels(answers), answers.get("tax", {})
    shown = {
        "answers": answers,
        "photo_is_ours": bool(own_file(answers.get("photo", ""))),
        "version": version,
        "allergens": ALLERGENS.items(),
        "diets": DIETS.items(),
        "species": SPECIES.items(),
        "days": words.DAYS.items(),
        "services": [(service, name, taxes.get(service, "")) for service, name in words.SERVICES.items()],
        "channels": places,
        "places": _priced(places, answers.get("prices", {})),
        "blank_places": _priced(places, {}),
        "has_prices": any(answers.get("prices", {}).values()),
        "has_taxes": any(taxes.values()),
        "sizes": [{**size, "places": _priced(places, size["prices"])} for size in answers.get("sizes", [])],
    }
    return render(request, f"backoffice/menu_sheet_{sheet}.html", {**shown, **context})


def _priced(places: list[tuple[str, str]], prices: dict[str, str]) -> list[tuple[str, str, str]]:
    return [(slug, name, prices.get(slug, "")) for slug, name in places]


def _formulas_beside(request: HttpRequest, menu: Menu) -> str:
    told_of = menu_rows.remarks(document_of(menu))
    rows = menu.formulas.all()
    lines = [menu_rows.Line(one, menu_rows.SET_MENU, told_of[menu_rows.SET_MENU, one.ref]) for one in rows]
    context = {"menu": menu, "formulas": lines, "may_edit": True, "is_beside": True}
    return render_to_string("backoffice/menu_formulas.html", context, request)
