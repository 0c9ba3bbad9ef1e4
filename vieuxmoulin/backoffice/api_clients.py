"""Programs that may call the API: named, given their rights, and their secret shown once."""

from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from oauth2_provider.models import get_access_token_model
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminTextInputWidget

from integrations.admin_tools.base import BackofficeAdmin, secret_page
from integrations.admin_tools.display import date_column, page_of, short
from integrations.admin_tools.operations import DialogForm, operation
from vieuxmoulin.api import clients
from vieuxmoulin.models import ApiClient


class ApiClientForm(forms.ModelForm):
    """A program's name and what it may do."""

    name = forms.CharField(label=gettext_lazy("Nom"), max_length=255, widget=UnfoldAdminTextInputWidget)
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("Droits"),
        choices=list(settings.API_SCOPES.items()),
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = ApiClient
        fields = ("scopes",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not self.instance._state.adding and "name" in self.fields:
            self.initial["name"] = self.instance.application.name
            self.fields["name"].disabled = True

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        if self.instance._state.adding and clients.exists(name):
            raise forms.ValidationError(_("Un client de ce nom existe déjà : ouvrez-le pour changer ses droits."))
        return name


class ApiClientAdmin(BackofficeAdmin):
    """The programs that we let in."""

    form = ApiClientForm
    list_display = ("name", "client_id", "rights", "made")
    list_select_related = ("application",)
    search_fields = ("application__name", "application__client_id")
    actions_detail = ("new_secret",)
    made = date_column("created_at", gettext_lazy("créé le"))

    def get_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> Any:
        if obj is None:
            return ("name", "scopes")
        if not self.has_change_permission(request, obj):
            return ("client_id", "rights", "made")
        return ("name", "client_id", "scopes", "made")

    def get_readonly_fields(self, request: HttpRequest, obj: ApiClient | None = None) -> Any:
        return ("client_id", "made", "rights") if obj else ()

    @display(description=gettext_lazy("nom"), ordering="application__name")
    def name(self, client: ApiClient) -> str:
        return client.application.name

    @display(description=gettext_lazy("identifiant"))
    def client_id(self, client: ApiClient) -> str:
        return client.application.client_id

    @display(description=gettext_lazy("droits"))
    def rights(self, client: ApiClient) -> Any:
        return short(", ".join(client.scopes))

    def save_model(self, request: HttpRequest, obj: ApiClient, form: ApiClientForm, change: bool) -> None:
        if change:
            if "scopes" in form.changed_data:
                # A token given before would keep the rights that have just been taken away.
                get_access_token_model().objects.filter(application=obj.application).delete()
            super().save_model(request, obj, form, change)
            return
        made = clients.create_client(form.cleaned_data["name"], form.cleaned_data["scopes"])
        saved = ApiClient.objects.select_related("application").get(application__client_id=made["client_id"])
        obj.pk, obj.application, obj.created_at = saved.pk, saved.application, saved.created_at
        # For the page that comes next, and nothing else: it is not kept.
        request.new_secret = made["client_secret"]  # type: ignore[attr-defined]

    def delete_model(self, request: HttpRequest, obj: ApiClient) -> None:
        """The program itself goes, and with it every token that it holds."""
        obj.application.delete()

    def delete_queryset(self, request: HttpRequest, queryset: Any) -> None:
        for client in queryset.select_related("application"):
            client.application.delete()

    def response_add(self, request: HttpRequest, obj: ApiClient, *args: Any, **kwargs: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            "title": _("Secret du client"),
            "secret": request.new_secret,  # type: ignore[attr-defined]
            "owner": f"{obj.application.name} · {obj.application.client_id}",
            "next": page_of(obj),
            "opts": self.opts,
        }
        return secret_page(request, "backoffice/secret_once.html", context)

    @operation(
        title=gettext_lazy("Changer le secret…"),
        icon="key",
        question=gettext_lazy("L'ancien secret et ses jetons n'ouvrent plus rien dès maintenant."),
        button=gettext_lazy("Changer le secret"),
        variant=ActionVariant.DANGER,
    )
    def new_secret(self, request: HttpRequest, client: ApiClient, form: DialogForm) -> HttpResponse:
        known = {"client_id": client.application.client_id}
        made = clients.create_client(client.application.name, client.scopes, known=known)
        context = {"secret": made["client_secret"], "next": page_of(client)}
        return secret_page(request, "backoffice/secret_dialog.html", context)
