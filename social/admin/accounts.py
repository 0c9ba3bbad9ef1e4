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
from social.connectors import registry
from social.models import Account
from social.services import accounts, tokens


class ReconnectForm(DialogForm):
    """A new token, or none to try the one we have."""

    token = forms.CharField(
        label=gettext_lazy("Nouveau jeton d'accès"),
        required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "off"}),
        help_text=gettext_lazy("Laissez vide pour essayer avec le jeton enregistré."),
    )


def connectable() -> list[tuple[str, str]]:
    """The networks with a page of agreement: one entry for those that share it (Facebook and Instagram)."""
    labels: dict[str, list[str]] = {}
    for slug, connector in registry.items():
        if connector.can_connect:
            labels.setdefault(connector.app_slug or slug, []).append(connector.label)
    return [(slug, " et ".join(sorted(names))) for slug, names in sorted(labels.items())]


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
    actions_detail = ("reconnect", "disconnect")
    list_before_template = "social/connect_buttons.html"

    badge = status_column({"connected": GOOD, "disconnected": BAD})
    primary = boolean_column("is_primary", gettext_lazy("principal"))
    created = date_column("created_at", gettext_lazy("ajouté le"))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Name the networks that a person connects by agreeing on the network's own page."""
        context = {"connectable": connectable(), **(extra_context or {})}
        return super().changelist_view(request, context)

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

    @operation(
        title=gettext_lazy("Déconnecter…"),
        icon="link_off",
        question=gettext_lazy(
            "L'accès est rendu à la plateforme et oublié ici. Les publications prévues de ce compte seront retenues."
        ),
        button=gettext_lazy("Déconnecter"),
        variant=ActionVariant.DANGER,
        when=lambda account: account.status_reason != tokens.LEFT,
    )
    def disconnect(self, request: HttpRequest, account: Account, form: DialogForm) -> str:
        return tokens.leave(account) or _("Compte déconnecté : son accès a été rendu.")
