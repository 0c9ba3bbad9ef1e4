"""Screens of what each place was sent, and of what a person is asked to change there by hand."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    CARE,
    GOOD,
    MOVING,
    NOTHING,
    answer_column,
    date_column,
    error_column,
    label,
    link,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, batch, counted, operation
from menus.admin.differences import difference_table
from menus.models import ManualTask, MenuSync
from menus.services import syncing

SYNC_COLOURS = {
    "coherent": GOOD,
    "failed": BAD,
    "drifted": CARE,
    "pending": MOVING,
    "pushing": MOVING,
    "confirming": MOVING,
    "verifying": MOVING,
}
RETRIED = (MenuSync.Status.FAILED, MenuSync.Status.DRIFTED)


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
