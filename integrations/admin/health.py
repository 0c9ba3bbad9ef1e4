"""How outside services and our own workers feel."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import (
    BAD,
    GOOD,
    date_column,
    label,
    short,
)
from integrations.models import (
    Heartbeat,
    ServiceHealth,
)


@admin.register(ServiceHealth)
class ServiceHealthAdmin(HistoryAdmin):
    """How each outside service answered last."""

    list_display = ("slug", "feels", "success", "failure", "problem")
    search_fields = ("slug",)
    fields = ("slug", "feels", "success", "failure", "last_error")
    success = date_column("last_success_at", gettext_lazy("dernier succès"))
    failure = date_column("last_failure_at", gettext_lazy("dernier échec"))

    @display(description=gettext_lazy("état"), ordering="is_up")
    def feels(self, service: ServiceHealth) -> Any:
        return label(_("répond"), GOOD) if service.is_up else label(_("en panne"), BAD)

    @display(description=gettext_lazy("dernière erreur"))
    def problem(self, service: ServiceHealth) -> Any:
        return short(service.last_error)


@admin.register(Heartbeat)
class HeartbeatAdmin(HistoryAdmin):
    """The pulse of our own workers."""

    list_display = ("name", "seen")
    fields = ("name", "seen")
    seen = date_column("seen_at", gettext_lazy("vu à"))
