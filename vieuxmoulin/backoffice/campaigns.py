"""The campaign room: what is planned, what has fired, what became of it, and the four orders that staff give."""

from typing import Any

from django import forms
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.formats import localize
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from campaigns.models import Campaign, Channel, Phase
from campaigns.services import editing
from integrations.admin_tools.base import BackofficeAdmin, ShortTextsStack
from integrations.admin_tools.display import BAD, CARE, GOOD, MOVING, date_column, label, short, status_column
from integrations.admin_tools.fields import FiguresField
from integrations.admin_tools.operations import DialogForm, operation
from notifications.models import Tag
from vieuxmoulin.backoffice.progress import analytics_of, progress_of
from vieuxmoulin.orchestrator import Requester, conducting

Status = Campaign.Status
CAMPAIGN_COLOURS = {"active": GOOD, "scheduled": MOVING, "paused": CARE}
PHASE_COLOURS = {
    "completed": GOOD,
    "failed": BAD,
    "partial": CARE,
    "running": MOVING,
    "pending": MOVING,
}
# A campaign that has begun is history: it is conducted, no longer rewritten.
EDITABLE = (Status.DRAFT, Status.SCHEDULED)


class CampaignForm(forms.ModelForm):
    """A campaign as staff write it."""

    target_audience = forms.MultipleChoiceField(
        label=gettext_lazy("Public visé"),
        required=False,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("Les étiquettes des clients à qui l'on écrit."),
    )
    channel_types = forms.MultipleChoiceField(
        label=gettext_lazy("Canaux"),
        required=False,
        choices=Channel.Type.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    success_metrics = FiguresField(
        label=gettext_lazy("Objectifs"), required=False, help_text=gettext_lazy("Un par ligne : « réservations : 40 ».")
    )

    class Meta:
        model = Campaign
        fields = (
            "name", "description", "start_date", "end_date", "target_audience", "code", "budget", "success_metrics",
            "priority", "metadata",
        )  # fmt: skip
        help_texts = {  # noqa: RUF012 (Django reads it from the class)
            "code": gettext_lazy(
                "Ce que le client dit en commandant, comme AUTOMNE10 : ses commandes sont alors comptées à la campagne. "
                "Les messages peuvent l'écrire avec {{promo_code}}."
            )
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "target_audience" in self.fields:
            known = dict(Tag.objects.order_by("name").values_list("slug", "name"))
            gone = [slug for slug in self.instance.target_audience or [] if slug not in known]
            self.fields["target_audience"].choices = [*known.items(), *((slug, slug) for slug in gone)]
        if not self.instance._state.adding:
            self.initial.setdefault("channel_types", [channel.type for channel in self.instance.channels.all()])


class PhaseInline(ShortTextsStack):
    """The steps of the campaign; what each one does is on its own page."""

    model = Phase
    fields = ("name", "position", "trigger", "starts_at", "delay_minutes", "event")
    show_change_link = True
    verbose_name_plural = gettext_lazy("Phases")


class CampaignAdmin(BackofficeAdmin):
    """The campaigns."""

    form = CampaignForm
    list_display = ("name", "badge", "starts", "ends", "advance", "result", "orders")
    list_select_related = ("analytics",)
    list_filter = (("status", ChoicesDropdownFilter),)
    search_fields = ("name", "description", "code")
    inlines = (PhaseInline,)
    readonly_fields = ("badge", "progress")
    actions_detail = ("start", "pause", "resume", "cancel")
    badge = status_column(CAMPAIGN_COLOURS)
    starts = date_column("start_date", gettext_lazy("début"))
    ends = date_column("end_date", gettext_lazy("fin"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Campaign]:
        done = Count("phases", filter=Q(phases__finished_at__isnull=False))
        return super().get_queryset(request).annotate(phase_total=Count("phases"), phase_done=done)

    def get_fieldsets(self, request: HttpRequest, obj: Campaign | None = None) -> Any:
        progress = ((gettext_lazy("Où elle en est"), {"fields": ("badge", "progress")}),) if obj else ()
        channels = ("channel_types",) if obj is None or self.has_change_permission(request, obj) else ()
        return (
            *progress,
            (None, {"fields": ("name", "description", "start_date", "end_date", "target_audience", "code", *channels)}),
            (gettext_lazy("Budget et objectifs"), {"fields": ("budget", "success_metrics")}),
            (gettext_lazy("Avancé"), {"classes": ["collapse"], "fields": ("priority", "metadata")}),
        )

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_over = isinstance(obj, Campaign) and obj.status not in EDITABLE
        return not is_over and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_history = isinstance(obj, Campaign) and obj.status != Status.DRAFT
        return not is_history and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> Any:
        # Deleting many at once would take along campaigns that have spoken.
        return {name: action for name, action in super().get_actions(request).items() if name != "delete_selected"}

    def save_model(self, request: HttpRequest, obj: Campaign, form: forms.ModelForm, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        super().save_model(request, obj, form, change)

    def save_related(self, request: HttpRequest, form: CampaignForm, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)
        chosen = form.cleaned_data.get("channel_types", [])
        form.instance.channels.exclude(type__in=chosen).delete()
        editing.update_campaign(form.instance, {"channels": chosen})

    @display(description=gettext_lazy("phases finies"))
    def advance(self, campaign: Campaign) -> str:
        return f"{campaign.phase_done} / {campaign.phase_total}"

    @display(description=gettext_lazy("bilan"))
    def result(self, campaign: Campaign) -> Any:
        result = (campaign.outcome or {}).get("result")
        if result == "partial":
            return label(_("incomplète"), CARE)
        return label(_("tout est fait"), GOOD) if result else short("")

    @display(description=gettext_lazy("commandes"))
    def orders(self, campaign: Campaign) -> Any:
        kept = analytics_of(campaign)
        return localize(kept.orders) if kept else short("")

    @display(description=gettext_lazy("avancement"))
    def progress(self, campaign: Campaign) -> Any:
        return render_to_string("backoffice/campaign_progress.html", progress_of(campaign))

    @operation(
        title=gettext_lazy("Lancer"),
        icon="play_arrow",
        question=gettext_lazy("Elle commence tout de suite, ou à sa date de début si elle est à venir."),
        variant=ActionVariant.PRIMARY,
        when=lambda campaign: campaign.status in (Status.DRAFT, Status.SCHEDULED),
    )
    def start(self, request: HttpRequest, campaign: Campaign, form: DialogForm) -> str:
        return self._order(request, campaign, "start")

    @operation(
        title=gettext_lazy("Mettre en pause"),
        icon="pause",
        question=gettext_lazy("Rien ne part plus jusqu'à la reprise ; ce qui est parti l'est."),
        when=lambda campaign: campaign.status in (Status.ACTIVE, Status.SCHEDULED),
    )
    def pause(self, request: HttpRequest, campaign: Campaign, form: DialogForm) -> str:
        return self._order(request, campaign, "pause")

    @operation(
        title=gettext_lazy("Reprendre"),
        icon="play_arrow",
        question=gettext_lazy("Ce qui aurait dû partir pendant la pause part maintenant."),
        variant=ActionVariant.PRIMARY,
        when=lambda campaign: campaign.status == Status.PAUSED,
    )
    def resume(self, request: HttpRequest, campaign: Campaign, form: DialogForm) -> str:
        return self._order(request, campaign, "resume")

    @operation(
        title=gettext_lazy("Annuler la campagne"),
        icon="cancel",
        question=gettext_lazy("Tout ce qui n'est pas parti est annulé, et cela ne se défait pas."),
        variant=ActionVariant.DANGER,
        when=lambda campaign: campaign.status not in (Status.COMPLETED, Status.CANCELED),
    )
    def cancel(self, request: HttpRequest, campaign: Campaign, form: DialogForm) -> str:
        return self._order(request, campaign, "cancel")

    @staticmethod
    def _order(request: HttpRequest, campaign: Campaign, order: str) -> str:
        changed, _task = conducting.manage(order, campaign.pk, requester=Requester(user=request.user))
        return _("La campagne « %(name)s » est maintenant %(state)s.") % {
            "name": changed.name,
            "state": changed.get_status_display(),
        }
