"""A campaign draft for the dishes that sell little; its discount never eats the margin that must remain."""

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vieuxmoulin.exchange import slow_dishes
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions.base import ActionKind, Done, Foretold, Occasion, Params


@registry.register
class CampaignDraft(ActionKind):
    """One draft a week, whoever asks; it is a person who reads it and starts it."""

    slug, label = "campaign", gettext_lazy("Proposer une campagne pour les plats peu vendus")

    def summary(self, params: Params) -> str:
        return _("proposer une campagne pour les plats peu vendus")

    def prepare(self, params: Params, occasion: Occasion) -> Any:
        # The accounting module is asked, unless this week's draft is there already.
        return None if slow_dishes.this_week() else slow_dishes.look()

    def do(self, params: Params, occasion: Occasion, prepared: Any) -> Done:
        if prepared is None:
            return Done(_("Le brouillon de cette semaine est déjà là."))
        row = slow_dishes.keep(prepared, requester=occasion.requester)
        if row.campaign is None:
            left = " ".join(f"{one['name']} : {one['reason']}" for one in row.report["left_out"])
            return Done(" ".join([_("Aucun plat à promouvoir cette semaine."), left]).strip()[:1000])
        slow_dishes.tell_of_draft(row)
        named = ", ".join(f"{one['name']} -{one['discount']} %" for one in row.report["kept"])
        return Done((_("Brouillon de campagne : %(dishes)s.") % {"dishes": named})[:1000])

    def foretell(self, params: Params, occasion: Occasion) -> Foretold:
        return Foretold(
            _("Demander les ventes et les marges à la comptabilité, puis écrire le brouillon d'une campagne."),
        )
