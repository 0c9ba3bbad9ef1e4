"""Screens of the places where the card is shown: what each was sent, and what it shows."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.html import format_html
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
    json_column,
    label,
    link,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, batch, counted, operation
from menus.admin import embedding
from menus.connectors import registry
from menus.document import ALLERGENS, DIETS
from menus.models import Destination, Drift, ManualTask, MenuSync
from menus.services import confirmations, syncing, verifying

SYNC_COLOURS = {
    "coherent": GOOD,
    "failed": BAD,
    "drifted": CARE,
    "pending": MOVING,
    "pushing": MOVING,
    "confirming": MOVING,
    "verifying": MOVING,
}
DRIFT_COLOURS = {"open": BAD, "repairing": MOVING, "repaired": GOOD, "kept": CARE}
WHOLE = 100
# As `menus.verification` names them; a reading that an older version kept may still hold the first.
PRICES = ("price_cents", "price", "prices")
RETRIED = (MenuSync.Status.FAILED, MenuSync.Status.DRIFTED)
# What a destination shows, in the words of the card.
DIFFERENCE_WORDS = {
    "name": gettext_lazy("nom"),
    "description": gettext_lazy("description"),
    "price": gettext_lazy("prix"),
    "availability": gettext_lazy("disponibilité"),
    "hours": gettext_lazy("horaires"),
    "allergens": gettext_lazy("allergènes"),
    "diets": gettext_lazy("régimes"),
    "section": gettext_lazy("catégorie"),
    "image_url": gettext_lazy("photo"),
    "options": gettext_lazy("choix"),
}


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


@admin.register(MenuSync)
class MenuSyncAdmin(HistoryAdmin):
    """What each destination was sent, and whether it shows it."""

    list_display = ("destination", "revision", "badge", "differences_number", "problem", "asked", "verified")
    list_filter = (("status", ChoicesDropdownFilter), ("destination", RelatedDropdownFilter))
    search_fields = ("destination__name", "revision__menu__name")
    list_select_related = ("destination", "revision__menu")
    actions = ("send_again_many",)
    actions_detail = ("send_again", "done_by_hand")
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "badge",
                    "meaning",
                    "destination_link",
                    "revision_link",
                    "problem_text",
                    "by_hand",
                    "difference_table",
                )
            },
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
        if is_asked(sync):
            return _("C'est à vous : faites là-bas ce qui est écrit plus bas, puis dites « C'est fait ».")
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
        return difference_table(sync.differences, sync.revision.document)

    @display(description=gettext_lazy("à changer à la main"))
    def by_hand(self, sync: MenuSync) -> Any:
        task = ManualTask.objects.filter(sync=sync).first()
        if task is None:
            return NOTHING
        done = _("Fait par %(who)s.") % {"who": task.done_by} if task.done_at else ""
        if sync.status == MenuSync.Status.SUPERSEDED:
            done = _("Une demande plus récente l'a remplacée : suivez celle-là.")
        return format_html('<pre class="bo-post">{}</pre>{}', task.instructions, done)

    @operation(
        title=gettext_lazy("C'est fait"),
        icon="task_alt",
        question=gettext_lazy("Vous confirmez que la carte a été changée là-bas comme il est écrit."),
        variant=ActionVariant.SUCCESS,
        when=lambda sync: is_asked(sync),
    )
    def done_by_hand(self, request: HttpRequest, sync: MenuSync, form: DialogForm) -> str:
        task = ManualTask.objects.get(sync=sync)
        if not syncing.done_by_hand(task, by=request.user.get_username()):
            return _("C'était déjà noté, ou une demande plus récente l'a remplacée.")
        return _("Merci : c'est noté.")

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


def is_asked(sync: MenuSync) -> bool:
    """Whether a person is to change something there."""
    return sync.status == MenuSync.Status.CONFIRMING and ManualTask.objects.filter(sync=sync, done_at=None).exists()


def difference_table(differences: list[dict[str, Any]], document: dict[str, Any]) -> Any:
    """Differences, dish by dish, in the words of the card."""
    if not differences:
        return NOTHING
    names = {item["id"]: item["name"] for category in document.get("categories", []) for item in category["items"]}
    lines = [difference_line(difference, names) for difference in differences]
    return render_to_string("backoffice/differences.html", {"lines": lines})


def difference_line(difference: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """One difference in the words of the card: dish, field, what we want, what is shown."""
    ref, _dot, rest = str(difference.get("path", "")).partition(".")
    ref = difference.get("ref") or ref
    # Which part of the dish, then what of it: « sizes.grand.price » is the price of a size.
    inside, _dot, field = rest.rpartition(".")
    words_of = DIFFERENCE_WORDS.get(field, field) or gettext_lazy("plat")
    return {
        "dish": names.get(ref, ref),
        "field": f"{words_of} ({inside})" if inside else words_of,
        "expected": _in_words(difference.get("expected"), field),
        "found": _in_words(difference.get("found"), field),
    }


def _in_words(value: Any, field: str) -> Any:
    if value in (None, ""):
        return gettext_lazy("rien")
    if isinstance(value, int) and field in PRICES:
        return in_euros(value)
    if isinstance(value, list):
        words = {**ALLERGENS, **DIETS}
        return ", ".join(words.get(item, str(item)) for item in value) or gettext_lazy("aucun")
    return value
