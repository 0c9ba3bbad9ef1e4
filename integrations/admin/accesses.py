"""Accesses to vendors, and the keys that seal them: typed once, never shown."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin
from integrations.admin_tools.display import (
    date_column,
)
from integrations.models import (
    Credential,
    EncryptionCheck,
)


@admin.register(Credential)
class CredentialAdmin(BackofficeAdmin):
    """What platforms gave us to speak in our name: typed once, sealed, never shown."""

    list_display = ("platform", "name", "expires", "changed")
    search_fields = ("platform", "name")
    readonly_fields = ("changed",)
    fields = ("platform", "name", "secrets", "expires_at", "changed")
    expires = date_column("expires_at", gettext_lazy("expire le"))
    changed = date_column("updated_at", gettext_lazy("modifié le"))

    def get_form(self, request: HttpRequest, obj: Credential | None = None, **kwargs: Any) -> Any:
        kwargs["help_texts"] = {
            "platform": gettext_lazy("Identifiant de la plateforme, en minuscules : facebook, sendgrid…"),
            "secrets": gettext_lazy('Clés données par la plateforme, en JSON, comme {"access_token": "…"}.'),
        }
        return super().get_form(request, obj, **kwargs)


@admin.register(EncryptionCheck)
class EncryptionCheckAdmin(HistoryAdmin):
    """The keys that this database was sealed with, by name."""

    list_display = ("key_id", "made")
    fields = ("key_id", "made")
    made = date_column("created_at", gettext_lazy("créé le"))
