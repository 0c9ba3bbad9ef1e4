"""Screens of the places where the card is shown: what each was sent, and what it shows."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    CARE,
    GOOD,
    MOVING,
    NOTHING,
    answer_column,
    boolean_column,
    date_column,
    error_column,
    in_euros,
    label,
    link,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, batch, counted, operation
from menus.document import ALLERGENS, DIETS
from menus.models import (
    Destination,
    MenuSync,
)
from menus.services import syncing

SYNC_COLOURS = {
    "coherent": GOOD,
    "failed": BAD,
    "drifted": CARE,
    "pending": MOVING,
    "pushing": MOVING,
    "verifying": MOVING,
}
RETRIED = (MenuSync.Status.FAILED, MenuSync.Status.DRIFTED)
# What a destination shows, in the words of the card.
DIFFERENCE_WORDS = {
    "name": gettext_lazy("nom"),
    "description": gettext_lazy("description"),
    "price_cents": gettext_lazy("prix"),
    "allergens": gettext_lazy("allergènes"),
    "diets": gettext_lazy("régimes"),
    "section": gettext_lazy("catégorie"),
    "image_url": gettext_lazy("photo"),
    "options": gettext_lazy("choix"),
}


@admin.register(Destination)
class DestinationAdmin(BackofficeAdmin):
    """The places where the card is shown."""

    list_display = ("name", "platform", "active", "credential")
    list_filter = (("is_active", admin.BooleanFieldListFilter),)
    search_fields = ("name", "platform")
    list_select_related = ("credential",)
    active = boolean_column("is_active", gettext_lazy("active"))
    fieldsets = (
        (None, {"fields": ("platform", "name", "credential", "is_active")}),
        (gettext_lazy("Réglages avancés"), {"classes": ["collapse"], "fields": ("settings",)}),
    )


@admin.register(MenuSync)
class MenuSyncAdmin(HistoryAdmin):
    """What each destination was sent, and whether it shows it."""

    list_display = ("destination", "revision", "badge", "differences_number", "problem", "asked", "verified")
    list_filter = (("status", ChoicesDropdownFilter), ("destination", RelatedDropdownFilter))
    search_fields = ("destination__name", "revision__menu__name")
    list_select_related = ("destination", "revision__menu")
    actions = ("send_again_many",)
    actions_detail = ("send_again",)
    fieldsets = (
        (
            None,
            {"fields": ("badge", "meaning", "destination_link", "revision_link", "problem_text", "difference_table")},
        ),
        (gettext_lazy("Dates"), {"fields": ("asked", "pushed", "verified", "next_try")}),
        (gettext_lazy("Détails techniques"), {"classes": ["collapse"], "fields": ("attempts", "task_id", "answer")}),
    )
    badge = status_column(SYNC_COLOURS)
    asked = date_column("created_at", gettext_lazy("demandée le"))
    pushed = date_column("pushed_at", gettext_lazy("envoyée le"))
    verified = date_column("verified_at", gettext_lazy("relue le"))
    next_try = date_column("next_attempt_at", gettext_lazy("prochain essai"))
    problem_text = error_column()
    answer = answer_column()

    def get_queryset(self, request: HttpRequest) -> QuerySet[MenuSync]:
        return super().get_queryset(request).defer("revision__document")

    @display(description=gettext_lazy("ce que cela veut dire"))
    def meaning(self, sync: MenuSync) -> str:
        return {
            MenuSync.Status.COHERENT: _("La carte a été relue là-bas : elle est identique à la nôtre."),
            MenuSync.Status.DRIFTED: _("La destination montre autre chose que notre carte. Renvoyez-la pour réparer."),
            MenuSync.Status.NOT_VERIFIABLE: _("Envoyée, mais cette destination ne permet pas de relire."),
            MenuSync.Status.FAILED: _("La destination n'a pas pris la carte ; la dernière erreur dit pourquoi."),
            MenuSync.Status.SUPERSEDED: _("Une carte plus récente est partie à sa place."),
        }.get(MenuSync.Status(sync.status), _("En route : rien à faire."))

    @display(description=gettext_lazy("destination"))
    def destination_link(self, sync: MenuSync) -> Any:
        return link(sync.destination)

    @display(description=gettext_lazy("révision"))
    def revision_link(self, sync: MenuSync) -> Any:
        return link(sync.revision)

    @display(description=gettext_lazy("problème"))
    def problem(self, sync: MenuSync) -> Any:
        return short(sync.last_error)

    @display(description=gettext_lazy("différences"))
    def differences_number(self, sync: MenuSync) -> Any:
        return label(len(sync.differences), CARE) if sync.differences else NOTHING

    @display(description=gettext_lazy("différences"))
    def difference_table(self, sync: MenuSync) -> Any:
        if not sync.differences:
            return NOTHING
        names = {
            item["id"]: item["name"]
            for category in sync.revision.document.get("categories", [])
            for item in category["items"]
        }
        lines = [difference_line(difference, names) for difference in sync.differences]
        return render_to_string("backoffice/differences.html", {"lines": lines})

    @operation(
        title=gettext_lazy("Renvoyer la carte"),
        icon="refresh",
        question=gettext_lazy("La carte est envoyée de nouveau, puis relue."),
        variant=ActionVariant.PRIMARY,
        when=lambda sync: sync.status in RETRIED,
    )
    def send_again(self, request: HttpRequest, sync: MenuSync, form: DialogForm) -> str:
        return self._sent(syncing.retry(MenuSync.objects.filter(pk=sync.pk)))

    @batch(title=gettext_lazy("Renvoyer ce qui est en échec ou différent"))
    def send_again_many(self, request: HttpRequest, rows: QuerySet[MenuSync]) -> str:
        return self._sent(syncing.retry(rows))

    @staticmethod
    def _sent(number: int) -> str:
        none = _("Rien à renvoyer : seules repartent les synchronisations en échec ou différentes.")
        return counted(number, _("1 synchronisation repart."), _("{} synchronisations repartent."), none)


def difference_line(difference: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """One difference in the words of the card: dish, field, what we want, what is shown."""
    ref, _dot, field = str(difference.get("path", "")).partition(".")
    return {
        "dish": names.get(ref, ref),
        "field": DIFFERENCE_WORDS.get(field, field) or gettext_lazy("plat"),
        "expected": _in_words(difference.get("expected"), field),
        "found": _in_words(difference.get("found"), field),
    }


def _in_words(value: Any, field: str) -> Any:
    if value in (None, ""):
        return gettext_lazy("rien")
    if isinstance(value, int) and field.endswith("_cents"):
        return in_euros(value)
    if isinstance(value, list):
        words = {**ALLERGENS, **DIETS}
        return ", ".join(words.get(item, str(item)) for item in value) or gettext_lazy("aucun")
    return value
