"""Accesses to vendors, and the keys that seal them: typed once, never shown."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from integrations.admin_tools.audited import journal_of
from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin
from integrations.admin_tools.display import NOTHING, date_column, short_date
from integrations.models import Credential, EncryptionCheck
from integrations.services import credentials


@admin.register(Credential)
class CredentialAdmin(BackofficeAdmin):
    """What platforms gave us to speak in our name: typed once, sealed, never shown."""

    list_display = ("platform", "name", "expires", "changed")
    search_fields = ("platform", "name")
    readonly_fields = ("changed", "made", "maker", "usage")
    fields = ("platform", "name", "secrets", "expires_at", "changed")
    actions_detail = ("journal",)
    expires = date_column("expires_at", gettext_lazy("expire le"))
    changed = date_column("updated_at", gettext_lazy("modifié le"))
    made = date_column("created_at", gettext_lazy("créé le"))

    def get_fields(self, request: HttpRequest, obj: Credential | None = None) -> Any:
        return (*self.fields, "made", "maker", "usage") if obj else self.fields

    @display(description=gettext_lazy("créé par"))
    def maker(self, credential: Credential) -> str:
        return credential.created_by or NOTHING

    @display(description=gettext_lazy("utilisation"))
    def usage(self, credential: Credential) -> str:
        """« Servi 412 fois en 30 jours, refusé 2 fois ; la dernière fois le 22 nov. 10:12. »"""
        told = credentials.usage(credential)
        if told.last_at is None:
            return _("Jamais utilisé.")
        return _("Servi %(used)s fois en %(days)s jours, refusé %(refused)s fois ; la dernière fois le %(last)s.") % {
            "used": told.used, "days": credentials.SHOWN_DAYS, "refused": told.refused, "last": short_date(told.last_at),
        }  # fmt: skip

    @action(
        description=gettext_lazy("Son journal"),
        url_path="journal",
        icon="policy",
        permissions=["read_journal"],
    )
    def journal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Who changed it, and when it was refused."""
        return HttpResponseRedirect(journal_of(Credential, object_id))

    def save_model(self, request: HttpRequest, obj: Credential, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user.get_username()
        super().save_model(request, obj, form, change)

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
