"""How outside services and our own workers feel."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    GOOD,
    NOTHING,
    date_column,
    label,
    short,
)
from integrations.models import Heartbeat, ServiceHealth
from integrations.services import pulse


@admin.register(ServiceHealth)
class ServiceHealthAdmin(HistoryAdmin):
    """How each outside service answered last."""

    list_display = ("slug", "feels", "latency", "uptime", "success", "failure", "problem")
    search_fields = ("slug",)
    fields = ("slug", "feels", "latency", "uptime", "success", "failure", "last_error")
    success = date_column("last_success_at", gettext_lazy("dernier succès"))
    failure = date_column("last_failure_at", gettext_lazy("dernier échec"))

    @display(description=gettext_lazy("état"), ordering="is_up")
    def feels(self, service: ServiceHealth) -> Any:
        return label(_("répond"), GOOD) if service.is_up else label(_("en panne"), BAD)

    @display(description=gettext_lazy("délai de réponse"), ordering="latency_ms")
    def latency(self, service: ServiceHealth) -> str:
        return _("%(n)d ms") % {"n": service.latency_ms} if service.latency_ms is not None else NOTHING

    @display(description=gettext_lazy("disponibilité sur 30 jours"))
    def uptime(self, service: Any) -> str:
        return NOTHING if service.share is None else f"{service.share:.2f} %".replace(".", ",")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ServiceHealth]:
        return pulse.with_uptime(super().get_queryset(request))

    @display(description=gettext_lazy("dernière erreur"))
    def problem(self, service: ServiceHealth) -> Any:
        return short(service.last_error)


@admin.register(Heartbeat)
class HeartbeatAdmin(HistoryAdmin):
    """The pulse of our own workers."""

    list_display = ("name", "seen")
    fields = ("name", "seen")
    seen = date_column("seen_at", gettext_lazy("vu à"))
