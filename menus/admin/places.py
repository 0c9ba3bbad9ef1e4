"""Screens of the places where the card is shown, and of what was found there otherwise than it should."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
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
    boolean_column,
    date_column,
    json_column,
    label,
    link,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, operation
from menus.admin import embedding
from menus.admin.differences import difference_table
from menus.connectors import registry
from menus.models import Destination, Drift
from menus.services import confirmations, verifying

DRIFT_COLOURS = {"open": BAD, "repairing": MOVING, "repaired": GOOD, "kept": CARE}
WHOLE = 100


@admin.register(Destination)
class DestinationAdmin(BackofficeAdmin):
    """The places where the card is shown."""

    list_display = ("name", "platform", "coherence", "active", "read", "credential")
    actions_detail = ("listen", "look_now")
    readonly_fields = ("coherence", "read", "held_reason", "elsewhere")
    read = date_column("checked_at", gettext_lazy("relue le"))
    list_filter = (("is_active", admin.BooleanFieldListFilter),)
    search_fields = ("name", "platform")
    list_select_related = ("credential",)
    active = boolean_column("is_active", gettext_lazy("active"))
    fieldsets = (
        (None, {"fields": ("platform", "name", "credential", "is_active", "keeps_edits")}),
        (gettext_lazy("Ce qui y est montré"), {"fields": ("coherence", "read", "held_reason")}),
        (gettext_lazy("Réglages avancés"), {"classes": ["collapse"], "fields": ("settings",)}),
    )

    def get_fieldsets(self, request: HttpRequest, obj: Destination | None = None) -> Any:
        """Our own page also says how to show it on another site."""
        if obj is None or obj.platform != "website":
            return self.fieldsets
        return (
            *self.fieldsets[:2],
            (gettext_lazy("Sur un autre site"), {"fields": ("elsewhere",)}),
            *self.fieldsets[2:],
        )

    @display(description=gettext_lazy("ligne à copier"))
    def elsewhere(self, place: Destination) -> Any:
        return embedding.lines_to_copy()

    @display(description=gettext_lazy("cohérence"), ordering="score")
    def coherence(self, place: Destination) -> Any:
        if place.is_held:
            return label(_("attend une décision"), CARE)
        if place.score is None:
            return NOTHING
        return label(f"{place.score} %", GOOD if place.score == WHOLE else CARE)

    @operation(
        title=gettext_lazy("Recevoir ses retours…"),
        icon="settings_input_antenna",
        question=gettext_lazy("La plateforme nous dira quand la carte est en ligne, et si elle y change."),
        when=lambda place: registry[place.platform].has_webhook,
    )
    def listen(self, request: HttpRequest, place: Destination, form: DialogForm) -> str:
        confirmations.subscribe(place)
        return _("C'est fait : ses retours arrivent ici.")

    @operation(
        title=gettext_lazy("Relire maintenant"),
        icon="visibility",
        question=gettext_lazy("Ce qui est montré là-bas est relu et comparé à la carte en vigueur."),
        when=lambda place: place.is_active and registry[place.platform].is_verifiable,
    )
    def look_now(self, request: HttpRequest, place: Destination, form: DialogForm) -> str:
        verifying.ask_for_a_look(place)
        return _("La relecture est demandée : son résultat sera ici dans un instant.")


@admin.register(Drift)
class DriftAdmin(HistoryAdmin):
    """What was found elsewhere than it should, and what a person decides of it."""

    list_display = ("destination", "badge", "score_text", "seen", "closed", "closed_by")
    list_filter = (("status", ChoicesDropdownFilter), ("destination", RelatedDropdownFilter))
    list_select_related = ("destination", "revision__menu")
    search_fields = ("destination__name",)
    actions_detail = ("write_over", "keep")
    fields = ("destination_link", "badge", "score_text", "seen", "difference_table", "closed", "closed_by", "copy")
    badge = status_column(DRIFT_COLOURS)
    seen = date_column("found_at", gettext_lazy("vu le"))
    closed = date_column("closed_at", gettext_lazy("réglé le"))
    copy = json_column("found", gettext_lazy("ce qui y était"), gettext_lazy("Voir la copie"))

    @display(description=gettext_lazy("cohérence"), ordering="score")
    def score_text(self, drift: Drift) -> str:
        return f"{drift.score} %"

    @display(description=gettext_lazy("destination"))
    def destination_link(self, drift: Drift) -> Any:
        return link(drift.destination)

    @display(description=gettext_lazy("différences"))
    def difference_table(self, drift: Drift) -> Any:
        return difference_table(drift.differences, drift.revision.document)

    @operation(
        title=gettext_lazy("Remettre notre carte"),
        icon="published_with_changes",
        question=gettext_lazy("Notre carte remplace ce qui est montré là-bas ; la copie de ce qui y était reste ici."),
        variant=ActionVariant.PRIMARY,
        when=lambda drift: drift.status in verifying.OPEN,
    )
    def write_over(self, request: HttpRequest, drift: Drift, form: DialogForm) -> str:
        verifying.write_over(drift, by=request.user.get_username())
        return _("Notre carte y repart.")

    @operation(
        title=gettext_lazy("Garder ce qui est là-bas"),
        icon="pan_tool",
        question=gettext_lazy("Rien n'y est écrit jusqu'à la prochaine publication de la carte."),
        when=lambda drift: drift.status in verifying.OPEN,
    )
    def keep(self, request: HttpRequest, drift: Drift, form: DialogForm) -> str:
        verifying.keep(drift, by=request.user.get_username())
        return _("C'est noté : rien n'y sera écrit jusqu'à la prochaine publication.")
