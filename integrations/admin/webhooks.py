"""Webhooks in and out: who is told, what was told, what came in, and who was not let in."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import AllValuesCheckboxFilter, ChoicesDropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget, UnfoldAdminSelectWidget

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, secret_page
from integrations.admin_tools.display import (
    BAD,
    GOOD,
    MOVING,
    answer_column,
    boolean_column,
    date_column,
    error_column,
    json_column,
    link,
    page_of,
    short,
    status_column,
)
from integrations.admin_tools.operations import DialogForm, batch, counted, operation
from integrations.errors import CommunicationError
from integrations.guard import check_public_url
from integrations.models import (
    InboundEvent,
    RefusedCall,
    WebhookDelivery,
    WebhookEndpoint,
)
from integrations.services import inbound, outbound

DELIVERY_COLOURS = {"delivered": GOOD, "failed": BAD, "pending": MOVING, "sending": MOVING}
EVENT_COLOURS = {"processed": GOOD, "failed": BAD, "pending": MOVING, "processing": MOVING}
ALL_EVENTS = "*"
REFUSAL_WORDS = {
    "secret": gettext_lazy("secret absent ou faux"),
    "signature": gettext_lazy("signature fausse ou trop vieille"),
    "address": gettext_lazy("adresse IP non admise"),
    "source": gettext_lazy("source non admise"),
    "rate": gettext_lazy("trop d'appels"),
    "shape": gettext_lazy("contenu illisible"),
    "malformed": gettext_lazy("contenu illisible"),
    "size": gettext_lazy("contenu trop long"),
    "contract": gettext_lazy("contraire au contrat de l'événement"),
    "unset": gettext_lazy("rien n'est configuré ici"),
}


class EndpointForm(forms.ModelForm):
    """Where to tell, and what."""

    events = forms.MultipleChoiceField(
        label=gettext_lazy("Événements"),
        choices=[
            (ALL_EVENTS, gettext_lazy("Tous, présents et à venir")),
            *((name, outbound.EVENTS[name]) for name in outbound.SUBSCRIBED),
        ],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = WebhookEndpoint
        fields = ("url", "events", "description", "is_active")

    def clean_url(self) -> str:
        url = self.cleaned_data["url"]
        if not self.instance._state.adding and url == self.instance.url:
            return url
        try:
            check_public_url(url)
        except CommunicationError as error:
            raise ValidationError(str(error)) from error
        return url

    def clean_events(self) -> list[str]:
        chosen = self.cleaned_data["events"]
        return [ALL_EVENTS] if ALL_EVENTS in chosen else chosen


class NewSecretForm(DialogForm):
    """For how long the other side may still check with the old secret."""

    overlap = forms.ChoiceField(
        label=gettext_lazy("L'ancien secret signe encore"),
        choices=[
            ("24", gettext_lazy("24 heures")),
            ("72", gettext_lazy("3 jours")),
            ("168", gettext_lazy("7 jours")),
            ("0", gettext_lazy("plus du tout : il a fuité")),
        ],
        initial="24",
        widget=UnfoldAdminSelectWidget,
    )


@admin.register(WebhookEndpoint)
class WebhookEndpointAdmin(BackofficeAdmin):
    """The programs that want to know."""

    form = EndpointForm
    list_display = ("url", "event_names", "active", "failing", "made")
    search_fields = ("url", "description")
    list_filter = (("is_active", admin.BooleanFieldListFilter),)
    takes_along = (WebhookDelivery,)
    readonly_fields = ("failing", "stopped_reason")
    actions_detail = ("try_out", "resume", "new_secret")
    failing = date_column("failing_since", gettext_lazy("ne répond plus depuis"))
    active = boolean_column("is_active", gettext_lazy("actif"))
    made = date_column("created_at", gettext_lazy("créé le"))

    @display(description=gettext_lazy("événements"))
    def event_names(self, endpoint: WebhookEndpoint) -> Any:
        return _("tous") if ALL_EVENTS in endpoint.events else short(", ".join(endpoint.events))

    def save_model(self, request: HttpRequest, obj: WebhookEndpoint, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.secret = outbound.new_secret()
        super().save_model(request, obj, form, change)

    def response_add(self, request: HttpRequest, obj: WebhookEndpoint, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show the secret now: it will never be shown again."""
        context = {
            **self.admin_site.each_context(request),
            "title": _("Secret de signature"),
            "secret": obj.secret,
            "owner": obj.url,
            "next": page_of(obj),
            "opts": self.opts,
        }
        return secret_page(request, "backoffice/secret_once.html", context)

    @operation(
        title=gettext_lazy("Essayer"),
        icon="send",
        question=gettext_lazy(
            "Un événement « test » lui est envoyé, signé comme les autres. Sa réponse est au journal."
        ),
        variant=ActionVariant.PRIMARY,
        when=lambda endpoint: endpoint.is_active,
    )
    def try_out(self, request: HttpRequest, endpoint: WebhookEndpoint, form: DialogForm) -> str:
        outbound.try_out(endpoint)
        return _("L'essai est parti : sa réponse est dans les envois de webhooks.")

    @operation(
        title=gettext_lazy("Réactiver…"),
        icon="restart_alt",
        question=gettext_lazy("Il est appelé de nouveau, et ce qu'il a manqué lui est renvoyé dans l'ordre."),
        variant=ActionVariant.PRIMARY,
        when=lambda endpoint: bool(endpoint.stopped_reason),
    )
    def resume(self, request: HttpRequest, endpoint: WebhookEndpoint, form: DialogForm) -> str:
        none = _("Il est appelé de nouveau ; il n'avait rien manqué.")
        return counted(outbound.resume(endpoint), _("1 envoi repart."), _("{} envois repartent."), none)

    @operation(
        title=gettext_lazy("Changer le secret…"),
        icon="key",
        form=NewSecretForm,
        question=gettext_lazy("Le nouveau secret est montré une seule fois. L'ancien signe encore le temps choisi."),
        button=gettext_lazy("Changer le secret"),
        variant=ActionVariant.DANGER,
    )
    def new_secret(self, request: HttpRequest, endpoint: WebhookEndpoint, form: NewSecretForm) -> HttpResponse:
        secret = outbound.change_secret(endpoint, overlap=timedelta(hours=int(form.cleaned_data["overlap"])))
        messages.success(request, _("Secret changé."))
        return secret_page(request, "backoffice/secret_dialog.html", {"secret": secret, "next": page_of(endpoint)})


@admin.register(WebhookDelivery)
class WebhookDeliveryAdmin(HistoryAdmin):
    """Each fact told to a program, and its answer."""

    list_display = ("event", "endpoint", "badge", "response_status", "problem", "made", "delivered")
    list_filter = (("status", ChoicesDropdownFilter), ("endpoint", RelatedDropdownFilter))
    search_fields = ("event", "endpoint__url", "fact_key")
    list_select_related = ("endpoint",)
    actions = ("send_again_many",)
    actions_detail = ("send_again",)
    fieldsets = (
        (None, {"fields": ("badge", "event", "endpoint_link", "problem_text", "response_status")}),
        (gettext_lazy("Dates"), {"fields": ("made", "delivered", "next_try", "attempts")}),
        (gettext_lazy("Détails techniques"), {"classes": ["collapse"], "fields": ("fact_key", "content", "answer")}),
    )
    badge = status_column(DELIVERY_COLOURS)
    made = date_column("created_at", gettext_lazy("créé le"))
    delivered = date_column("delivered_at", gettext_lazy("remis le"))
    next_try = date_column("next_attempt_at", gettext_lazy("prochain essai"))
    problem_text = error_column()
    answer = answer_column()
    content = json_column("body", gettext_lazy("contenu envoyé"))

    @display(description=gettext_lazy("destinataire"))
    def endpoint_link(self, delivery: WebhookDelivery) -> Any:
        return link(delivery.endpoint)

    @display(description=gettext_lazy("problème"))
    def problem(self, delivery: WebhookDelivery) -> Any:
        return short(delivery.last_error)

    @operation(
        title=gettext_lazy("Renvoyer"),
        icon="refresh",
        question=gettext_lazy(
            "Le même événement repart, sous le même identifiant : le destinataire sait l'ignorer s'il l'a déjà."
        ),
        variant=ActionVariant.PRIMARY,
        when=lambda delivery: delivery.status in (WebhookDelivery.Status.FAILED, WebhookDelivery.Status.DELIVERED),
    )
    def send_again(self, request: HttpRequest, delivery: WebhookDelivery, form: DialogForm) -> str:
        return self._sent(outbound.retry(WebhookDelivery.objects.filter(pk=delivery.pk)))

    @batch(title=gettext_lazy("Renvoyer ce qui est abandonné"))
    def send_again_many(self, request: HttpRequest, rows: QuerySet[WebhookDelivery]) -> str:
        return self._sent(outbound.retry(rows.filter(status=WebhookDelivery.Status.FAILED)))

    @staticmethod
    def _sent(number: int) -> str:
        none = _("Rien à renvoyer : ils sont déjà en route.")
        return counted(number, _("1 envoi repart."), _("{} envois repartent."), none)


@admin.register(InboundEvent)
class InboundEventAdmin(HistoryAdmin):
    """What other modules told us."""

    personal = gettext_lazy("un événement reçu")
    list_display = ("event", "source", "badge", "problem", "received", "processed")
    list_filter = (("status", ChoicesDropdownFilter), ("source", AllValuesCheckboxFilter))
    search_fields = ("event", "source", "delivery_id")
    actions = ("replay_many",)
    actions_detail = ("replay",)
    fieldsets = (
        (None, {"fields": ("badge", "event", "source", "problem_text", "content")}),
        (gettext_lazy("Dates"), {"fields": ("occurred", "received", "processed", "next_try")}),
        (
            gettext_lazy("Détails techniques"),
            {"classes": ["collapse"], "fields": ("delivery_id", "attempts", "correlation_id")},
        ),
    )
    badge = status_column(EVENT_COLOURS)
    occurred = date_column("occurred_at", gettext_lazy("survenu le"))
    received = date_column("received_at", gettext_lazy("reçu le"))
    processed = date_column("processed_at", gettext_lazy("traité le"))
    next_try = date_column("next_attempt_at", gettext_lazy("prochain essai"))
    problem_text = error_column()
    content = json_column("payload", gettext_lazy("contenu reçu"))

    @display(description=gettext_lazy("problème"))
    def problem(self, event: InboundEvent) -> Any:
        return short(event.last_error)

    @operation(
        title=gettext_lazy("Rejouer"),
        icon="replay",
        question=gettext_lazy("L'événement est traité de nouveau, comme s'il venait d'arriver."),
        variant=ActionVariant.PRIMARY,
        when=lambda event: event.status == InboundEvent.Status.FAILED,
    )
    def replay(self, request: HttpRequest, event: InboundEvent, form: DialogForm) -> str:
        return self._replayed(inbound.retry(InboundEvent.objects.filter(pk=event.pk)))

    @batch(title=gettext_lazy("Rejouer ce qui est en échec"))
    def replay_many(self, request: HttpRequest, rows: QuerySet[InboundEvent]) -> str:
        return self._replayed(inbound.retry(rows))

    @staticmethod
    def _replayed(number: int) -> str:
        none = _("Rien à rejouer : seuls le peuvent les événements en échec.")
        return counted(number, _("1 événement rejoué."), _("{} événements rejoués."), none)


@admin.register(RefusedCall)
class RefusedCallAdmin(HistoryAdmin):
    """Who knocked and was not let in."""

    list_display = ("door", "why", "address", "source", "times", "latest")
    list_filter = (("door", AllValuesCheckboxFilter), ("reason", AllValuesCheckboxFilter))
    search_fields = ("door", "address", "source")
    fields = ("door", "why", "address", "source", "times", "latest")
    latest = date_column("last_at", gettext_lazy("la dernière fois"))

    @display(description=gettext_lazy("raison"), ordering="reason")
    def why(self, call: RefusedCall) -> str:
        return str(REFUSAL_WORDS.get(call.reason, call.reason))
