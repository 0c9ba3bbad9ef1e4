"""Tell the people of the house: on the home page at once, and by e-mail."""

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from vieuxmoulin import alerts
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions._words import fault_of, filled
from vieuxmoulin.orchestrator.actions.base import ActionKind, Choices, Done, Foretold, Occasion, Params, Question

EVERYBODY, KITCHEN, DIRECTION = "all", "kitchen", "direction"
# The right that whoever is told holds, and the page where they act.
PERMISSIONS = {EVERYBODY: "", KITCHEN: "menus.change_item", DIRECTION: "campaigns.approve_content"}
PAGES = {
    EVERYBODY: "admin:index",
    KITCHEN: "admin:menus_ingredient_changelist",
    DIRECTION: "admin:campaigns_automationrun_changelist",
}
# What a trouble is about: one alert for each, however often it comes.
SUBJECTS = ("ref", "campaign_id", "recipe_id", "booking_id", "post_id")


def people() -> Choices:
    """Whom of the staff."""
    return [(EVERYBODY, _("Toute l'équipe")), (KITCHEN, _("La cuisine")), (DIRECTION, _("La direction"))]


@registry.register
class Staff(ActionKind):
    """An alert that comes again while it is open only counts."""

    slug, label = "staff", gettext_lazy("Prévenir l'équipe")
    causes = frozenset({"alert"})
    questions = (
        Question(
            "title", gettext_lazy("Ce qui se passe"), help=gettext_lazy("Comme « Il manque : {{name}} »."), is_required=True
        ),
        Question("message", gettext_lazy("Que faire"), "text"),
        Question("people", gettext_lazy("Qui"), "choice", choices=people, default=EVERYBODY, is_required=True),
        Question("is_urgent", gettext_lazy("Urgent : l'e-mail part sans attendre"), "flag", default=False),
    )  # fmt: skip

    def problems(self, params: Params) -> dict[str, str]:
        return {name: said for name in ("title", "message") if (said := fault_of(params.get(name) or ""))}

    def summary(self, params: Params) -> str:
        return _("prévenir : %(people)s") % {"people": dict(people()).get(_whom(params), "")}

    def do(self, params: Params, occasion: Occasion, prepared: Any) -> Done:
        title, message = _texts(params, occasion)
        whom = _whom(params)
        alerts.raise_alert(
            f"automation:{occasion.rule_id}:{_subject(occasion)}",
            title,
            message,
            address=reverse(PAGES[whom]),
            permission=PERMISSIONS[whom],
            is_urgent=bool(params.get("is_urgent")),
        )
        return Done(_("Équipe prévenue : « %(title)s »") % {"title": title[:150]})

    def foretell(self, params: Params, occasion: Occasion) -> Foretold:
        title, message = _texts(params, occasion)
        words = _("Prévenir : %(people)s.") % {"people": dict(people())[_whom(params)]}
        return Foretold(words, "\n".join(part for part in (title, message) if part))


def _whom(params: Params) -> str:
    return str(params.get("people")) if params.get("people") in PERMISSIONS else EVERYBODY


def _texts(params: Params, occasion: Occasion) -> tuple[str, str]:
    title = filled(params.get("title") or "", occasion, of=_("Titre de l'alerte"), is_line=True)
    return title[:200], filled(params.get("message") or "", occasion, of=_("Texte de l'alerte"))


def _subject(occasion: Occasion) -> str:
    found = (occasion.payload.get(name) for name in SUBJECTS)
    return next((str(value) for value in found if isinstance(value, str | int) and value), occasion.event_id)
