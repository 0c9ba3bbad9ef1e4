"""A stock alert taken at its word: dishes that can no longer be made go off sale, and what names them is held (law 10)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from menus.models import Ingredient, Item
from menus.services import stock
from social.models import Publication
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions.base import ActionKind, Done, Foretold, Occasion, Params

# What a module may call an empty shelf when it gives no number.
EMPTY = frozenset({"out", "out_of_stock", "empty", "sold_out", "epuise", "épuisé", "rupture"})


@registry.register
class SoldOut(ActionKind):
    """The alert counts as a count of the stock: the dishes come back by the next counts, as they do today."""

    slug, label = "sold_out", gettext_lazy("Retirer de la vente les plats qui manquent")
    causes = frozenset({"availability_changed"})

    def summary(self, params: Params) -> str:
        return _("retirer de la vente ce qui manque")

    def do(self, params: Params, occasion: Occasion, prepared: Any) -> Done:
        ref, left = _told(occasion.payload)
        if said := _why_nothing(ref, left, occasion):
            return Done(said)
        named = stock.would_run_out(ref, left or Decimal(0))
        on_sale = set(
            Item.objects.filter(ref__in=named, availability=Item.Availability.AVAILABLE).values_list("ref", flat=True)
        )
        unit = str(occasion.payload.get("unit") or "")
        stock.note_levels({"items": [{"ref": ref, "quantity": str(left), "unit": unit}]}, at=occasion.at)
        if not on_sale:
            return Done(_("Compté ; aucun plat à retirer de la vente."))
        return Done(
            " ".join([_("Retirés de la vente : %(dishes)s.") % {"dishes": _dishes(on_sale)}, *_held(on_sale)])[:1000]
        )

    def foretell(self, params: Params, occasion: Occasion) -> Foretold:
        ref, left = _told(occasion.payload)
        if said := _why_nothing(ref, left, None):
            return Foretold(said)
        named = stock.would_run_out(ref, left or Decimal(0))
        if not named:
            return Foretold(_("Aucun plat à retirer de la vente."))
        return Foretold(_("Retirer de la vente : %(dishes)s.") % {"dishes": _dishes(set(named))})


def _told(payload: dict[str, Any]) -> tuple[str, Decimal | None]:
    """What is short, and how much of it is left; None when the alert only says that it is low."""
    ref = payload.get("ref")
    try:
        left = Decimal(str(payload.get("quantity")))
    except InvalidOperation:
        left = Decimal("NaN")
    if left.is_finite():
        return str(ref or ""), left
    is_empty = str(payload.get("level") or "").strip().casefold() in EMPTY
    return str(ref or ""), Decimal(0) if is_empty else None


def _why_nothing(ref: str, left: Decimal | None, occasion: Occasion | None) -> str:
    if not ref:
        return _("L'événement ne nomme ni ingrédient ni plat (champ « ref »).")
    known = Ingredient.objects.filter(ref=ref).first()
    if known is None and not Item.objects.filter(ref=ref).exists():
        return _("« %(ref)s » n'est ni un ingrédient ni un plat de la carte.") % {"ref": ref[:80]}
    if left is None:
        return _("Stock bas, sans quantité : il n'est pas dit épuisé, rien n'est retiré.")
    if occasion and known and known.counted_at and known.counted_at > occasion.at:
        return _("Un compte plus récent est déjà connu : rien n'est changé.")
    return ""


def _dishes(refs: set[str]) -> str:
    return ", ".join(sorted(set(Item.objects.filter(ref__in=refs).values_list("name", flat=True))))


def _held(refs: set[str]) -> list[str]:
    """How many planned posts name these dishes: each is held when its moment comes, unless they are back."""
    planned = Publication.objects.filter(status=Publication.Status.SCHEDULED)
    number = sum(bool(refs & set(named or [])) for named in planned.values_list("content__item_refs", flat=True))
    return (
        [_("%(number)d publication(s) prévue(s) les citent et seront retenues.") % {"number": number}] if number else []
    )
