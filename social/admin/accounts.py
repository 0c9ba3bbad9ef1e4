"""The accounts we speak from, and how each is connected again."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminPasswordWidget

from integrations.admin_tools.base import BackofficeAdmin
from integrations.admin_tools.display import BAD, GOOD, boolean_column, date_column, short, status_column
from integrations.admin_tools.operations import DialogForm, operation
from social.models import Account
from social.services import accounts


class ReconnectForm(DialogForm):
    """A new token, or none to try the one we have."""

    token = forms.CharField(
        label=gettext_lazy("Nouveau jeton d'accès"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Laissez vide pour essayer avec le jeton enregistré."),
    )


@admin.register(Account)
class AccountAdmin(BackofficeAdmin):
    """The accounts we speak from."""

    list_display = ("name", "platform", "badge", "primary", "username", "reason")
    list_filter = (("platform", ChoicesDropdownFilter), ("status", ChoicesDropdownFilter))
    search_fields = ("name", "username", "external_id")
    list_select_related = ("credential",)
    readonly_fields = ("badge", "status_reason", "created")
    fieldsets = (
        (None, {"fields": ("platform", "name", "external_id", "username", "credential", "is_primary")}),
        (gettext_lazy("État"), {"fields": ("badge", "status_reason", "created")}),
        (gettext_lazy("Réglages avancés"), {"classes": ["collapse"], "fields": ("settings",)}),
    )
    actions_detail = ("reconnect",)

    badge = status_column({"connected": GOOD, "disconnected": BAD})
    primary = boolean_column("is_primary", gettext_lazy("principal"))
    created = date_column("created_at", gettext_lazy("ajouté le"))

    @display(description=gettext_lazy("raison"))
    def reason(self, account: Account) -> Any:
        return short(account.status_reason)

    @operation(
        title=gettext_lazy("Vérifier ou reconnecter…"),
        icon="link",
        question=gettext_lazy(
            "Nous demandons à la plateforme si elle nous reconnaît. Si oui, le compte peut publier de nouveau."
        ),
        form=ReconnectForm,
        button=gettext_lazy("Vérifier"),
        variant=ActionVariant.PRIMARY,
    )
    def reconnect(self, request: HttpRequest, account: Account, form: ReconnectForm) -> str:
        name = accounts.reconnect(account, token=form.cleaned_data["token"])
        return _("Connexion vérifiée : %(platform)s nous connaît sous le nom « %(name)s ».") % {
            "platform": account.get_platform_display(),
            "name": name,
        }
