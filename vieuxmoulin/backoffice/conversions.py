"""The orders that guests made with a campaign's code: what a campaign's total is made of."""

from typing import Any

from django.db.models import F, OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from campaigns.models import Campaign, Conversion
from integrations.admin_tools.base import HistoryAdmin
from integrations.admin_tools.display import date_column, short
from integrations.modules import registry as module_registry
from menus.words import euros


class ConversionAdmin(HistoryAdmin):
    """The orders."""

    list_display = ("occurred", "code", "campaign", "amount", "told_by", "external_id")
    search_fields = ("code__iexact", "external_id")
    search_help_text = gettext_lazy("Un code, ou le numéro d'une commande.")
    ordering = (F("occurred_at").desc(),)
    fields = ("occurred_at", "code", "campaign", "amount", "told_by", "external_id")
    occurred = date_column("occurred_at", gettext_lazy("le"))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversion]:
        name = Campaign.objects.filter(code=OuterRef("code")).values("name")
        return super().get_queryset(request).annotate(campaign_name=Subquery(name))

    def get_fields(self, request: HttpRequest, obj: Conversion | None = None) -> Any:
        # Who ordered is for those who may see guests.
        return (*self.fields, "contact") if request.user.has_perm("notifications.view_contact") else self.fields

    @display(description=gettext_lazy("campagne"))
    def campaign(self, order: Conversion) -> Any:
        return short(order.campaign_name or "")

    @display(description=gettext_lazy("dite par"), ordering="source")
    def told_by(self, order: Conversion) -> str:
        known = module_registry.get(order.source)
        return known.label if known else order.source

    @display(description=gettext_lazy("montant"), ordering="amount_cents")
    def amount(self, order: Conversion) -> str:
        return euros(order.amount_cents)
