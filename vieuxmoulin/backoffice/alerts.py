"""What waits for a person: the list, and the way to close what was dealt with."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import NOTHING, date_column
from integrations.admin_tools.operations import batch, counted, operation
from vieuxmoulin import alerts
from vieuxmoulin.models import Alert

SHOWN_AT_HOME = 5


def alert_lines(user: Any) -> list[Alert]:
    """The open alerts of the home page; a disconnected account has a line of its own there, with its button."""
    return list(alerts.open_alerts(user).exclude(key__startswith="account:")[:SHOWN_AT_HOME])


class IsOpenFilter(admin.SimpleListFilter):
    """Open alerts, or those that are dealt with."""

    title = gettext_lazy("état")
    parameter_name = "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("ouvertes", _("Ouvertes")), ("reglees", _("Réglées"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        if self.value() is None:
            return queryset
        return queryset.filter(resolved_at__isnull=self.value() == "ouvertes")


class AlertAdmin(HistoryAdmin):
    """Alertes: open ones first."""

    list_display = ("what", "level", "times", "since", "seen", "told", "closed")
    list_filter = (IsOpenFilter, "is_urgent")
    search_fields = ("title", "message")
    actions = ("close_ticked",)
    actions_detail = ("close",)
    fields = ("what", "message", "page", "level", "times", "since", "seen", "told", "closed")
    since = date_column("first_at", gettext_lazy("depuis"))
    seen = date_column("last_at", gettext_lazy("vue la dernière fois"))
    told = date_column("mailed_at", gettext_lazy("e-mail"))
    closed = date_column("resolved_at", gettext_lazy("réglée"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        found = super().get_queryset(request)
        mine = found if request.user.is_superuser else found.filter(permission__in=self._permissions(request))
        return mine.order_by("resolved_at", "-is_urgent", "-last_at")

    @display(description=gettext_lazy("ce qui se passe"), ordering="title")
    def what(self, alert: Alert) -> str:
        return alert.title

    @display(description=gettext_lazy("urgence"), label={_("urgente"): "danger", _("à voir"): "info"})
    def level(self, alert: Alert) -> str:
        return _("urgente") if alert.is_urgent else _("à voir")

    @display(description=gettext_lazy("page qui permet d'y remédier"))
    def page(self, alert: Alert) -> str:
        return format_html('<a href="{}">{}</a>', alert.address, _("Ouvrir")) if alert.address else NOTHING

    @operation(
        title=gettext_lazy("Clore"),
        icon="check",
        question=gettext_lazy("L'alerte se rouvrira si la même chose arrive encore."),
        when=lambda alert: alert.resolved_at is None,
    )
    def close(self, request: HttpRequest, alert: Alert, form: Any) -> str:
        alerts.resolve(alert.key)
        return _("Alerte close.")

    @batch(title=gettext_lazy("Clore"))
    def close_ticked(self, request: HttpRequest, rows: QuerySet[Alert]) -> str:
        number = alerts.resolve(*rows.values_list("key", flat=True))
        return counted(number, _("1 alerte close."), _("{} alertes closes."), _("Aucune alerte n'était ouverte."))

    @staticmethod
    def _permissions(request: HttpRequest) -> list[str]:
        return ["", *request.user.get_all_permissions()]
