"""Dishes that sell little, and the draft of a campaign for them; no discount ever eats the margin that must remain."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integrations.errors import CommunicationError
from integrations.modules.accounting import Accounting, Margin
from menus import queries as menu_queries
from menus.models import Item
from vieuxmoulin import alerts
from vieuxmoulin.exchange.models import SlowDishRound
from vieuxmoulin.orchestrator import conducting
from vieuxmoulin.orchestrator.ledger import Requester

log = structlog.get_logger(__name__)
DAYS, FEWEST_DAYS, FEWEST_DISHES = 30, 14, 3
# Less than this is no reason to come.
SMALLEST_DISCOUNT = 5
CAMPAIGN_DAYS = 14
AUDIENCE = ("regular_customers", "local_customers")
ALERT = "slow_dishes"


@dataclass(frozen=True)
class Dish:
    """A dish that may be promoted. quantity: portions sold in the period; usual: its category's median."""

    ref: str
    name: str
    category: str = ""
    quantity: int = 0
    usual: float = 0.0


@dataclass(frozen=True)
class Offer:
    """What the draft proposes for one dish: a discount in per cent, 0 when it is left out, and why (French)."""

    dish: Dish
    discount: int
    reason: str

    def as_json(self) -> dict[str, Any]:
        return {"ref": self.dish.ref, "name": self.dish.name, "discount": self.discount, "reason": self.reason}


@dataclass(frozen=True)
class Proposal:
    """What came of a look at the sales. is_stale: the accounting module did not answer, its last figures were used."""

    kept: tuple[Offer, ...] = ()
    left_out: tuple[Offer, ...] = ()
    is_stale: bool = False


@dataclass
class _Sold:
    quantity: int = 0
    name: str = ""
    category: str = ""
    days: set[Any] = field(default_factory=set)


def analyze_sales(
    sales: Iterable[Mapping[str, Any]], *, card: Sequence[Dish] | None = None, share: float | None = None
) -> list[Dish]:
    """The slow dishes of some sales by day and dish, the slowest first.

    sales: item_ref, quantity, date, and where known name and category (`Integrator.get_sales_data`). card: the dishes
    that count, also those that never sold; without it, those of the sales. A dish is slow when it sold at most `share`
    (SLOW_DISHES_SHARE) of the median of its category; fewer than fourteen days, or three dishes, say nothing.
    """
    sold: dict[str, _Sold] = defaultdict(_Sold)
    days = set()
    for line in sales:
        one = sold[line["item_ref"]]
        one.quantity += line["quantity"]
        one.name, one.category = line.get("name") or one.name, line.get("category") or one.category
        days.add(line["date"])
    if len(days) < FEWEST_DAYS:
        return []
    dishes = card if card is not None else [Dish(ref, one.name or ref, one.category) for ref, one in sold.items()]
    by_category: dict[str, list[Dish]] = defaultdict(list)
    for dish in dishes:
        by_category[dish.category].append(dish)
    limit = settings.SLOW_DISHES_SHARE if share is None else share
    slow = []
    for group in by_category.values():
        usual = median(sold[dish.ref].quantity if dish.ref in sold else 0 for dish in group)
        if len(group) < FEWEST_DISHES or not usual:
            continue
        for dish in group:
            quantity = sold[dish.ref].quantity if dish.ref in sold else 0
            if quantity <= limit * usual:
                slow.append(Dish(dish.ref, dish.name, dish.category, quantity, float(usual)))
    return sorted(slow, key=lambda dish: (dish.quantity / dish.usual, dish.ref))


def offer(dish: Dish, margin: Margin | None, *, wanted: int, floor: int) -> Offer:
    """The discount for one dish: the wanted one, lowered to what leaves `floor` per cent of the reduced price, or none."""
    sold = f"{dish.quantity} vendus en {DAYS} jours, quand sa catégorie en vend {dish.usual:.0f}"
    if margin is None:
        return Offer(dish, 0, f"{sold} ; marge inconnue de la comptabilité : aucune remise.")
    most = largest_discount(margin, floor)
    if most < SMALLEST_DISCOUNT:
        return Offer(
            dish, 0, f"{sold} ; marge de {margin.percent:.0f} %, pour {floor} % au moins : aucune remise possible."
        )
    if most < wanted:
        return Offer(dish, most, f"{sold} ; remise ramenée de {wanted} % à {most} % pour garder {floor} % de marge.")
    return Offer(dish, wanted, f"{sold} ; marge de {margin.percent:.0f} %.")


def largest_discount(margin: Margin, floor: int) -> int:
    """The largest whole discount, in per cent, after which at least `floor` per cent of the reduced price remain; 0 if none.

    In fractions: a margin is not lost to a rounding.
    """
    if floor >= 100:
        return 0
    lowest_price = Fraction(margin.cost_cents * 100, 100 - floor)
    room = 1 - lowest_price / margin.net_price_cents
    return max(0, int(room * 100))


def look(today: date | None = None) -> Proposal:
    """Ask the accounting module, and weigh each slow dish of the card. Raises CommunicationError."""
    today = today or timezone.localdate()
    accounting = Accounting()
    sales = accounting.sales(today - timedelta(days=DAYS), today - timedelta(days=1))
    margins = accounting.margins()
    lines = [vars(sale) for sale in sales.value]
    by_ref = {margin.item_ref: margin for margin in margins.value}
    wanted, floor = settings.SLOW_DISHES_DISCOUNT, settings.MARGIN_FLOOR_PERCENT
    drinks = set(Item.objects.filter(details__contains_alcohol=True).values_list("ref", flat=True))
    found = []
    for dish in analyze_sales(lines, card=dishes_on_sale()):
        if dish.ref in drinks:
            found.append(Offer(dish, 0, "Boisson alcoolisée : pas de promotion."))
        else:
            found.append(offer(dish, by_ref.get(dish.ref), wanted=wanted, floor=floor))
    return Proposal(
        tuple(one for one in found if one.discount),
        tuple(one for one in found if not one.discount),
        sales.is_stale or margins.is_stale,
    )


def dishes_on_sale() -> list[Dish]:
    """The dishes of the card in force that can be ordered now."""
    revision = menu_queries.revision_in_force()
    items = Item.objects.filter(availability=Item.Availability.AVAILABLE).select_related("category")
    rows = items.filter(menu=revision.menu_id) if revision else items.none()
    return [Dish(row.ref, row.name, row.category.ref) for row in rows]


def propose(*, requester: Requester = Requester("plats peu vendus"), today: date | None = None) -> SlowDishRound:  # noqa: B008 (frozen)
    """This week's look, and its draft if there is something to promote; asked again, the same. Raises CommunicationError."""
    # Outside the transaction: another module is waited for.
    return this_week(today) or keep(look(today), requester=requester, today=today)


def this_week(today: date | None = None) -> SlowDishRound | None:
    """The round of this week that made a draft; None while there is none."""
    rounds = SlowDishRound.objects.filter(period=period_of(today), campaign__isnull=False)
    return rounds.select_related("campaign").first()


def keep(found: Proposal, *, requester: Requester, today: date | None = None) -> SlowDishRound:
    """Write what a look found as this week's round, with its draft if there is something to promote."""
    today, period = today or timezone.localdate(), period_of(today)
    with transaction.atomic():
        row, _ = SlowDishRound.objects.select_for_update().get_or_create(period=period)
        if row.campaign_id is not None:
            # Somebody else asked at the same moment.
            return row
        if found.kept:
            row.campaign, _task = conducting.manage(
                "create", campaign_data=_draft(found, period, today), requester=requester
            )
        row.report = {
            "kept": [one.as_json() for one in found.kept],
            "left_out": [one.as_json() for one in found.left_out],
            "is_stale": found.is_stale,
        }
        row.save(update_fields=["campaign", "report"])
    return row


def period_of(today: date | None) -> str:
    """« 2026-W49 »."""
    year, week, _day = (today or timezone.localdate()).isocalendar()
    return f"{year}-W{week:02d}"


def propose_weekly() -> None:
    """The same by itself: staff hear of a draft, or of why there is none."""
    try:
        row = propose()
    except CommunicationError as error:
        log.warning("slow_dishes_put_down", code=error.code)
        alerts.raise_alert(ALERT, "Les plats peu vendus n'ont pas pu être examinés.", f"{error} Le bouton de la page des modules le refait.", address=reverse("backoffice:modules"), permission="campaigns.add_campaign")  # fmt: skip
        return
    alerts.resolve(ALERT)
    if row.campaign is not None:
        tell_of_draft(row)


def tell_of_draft(row: SlowDishRound) -> None:
    """Staff read the draft and decide: nothing starts by itself."""
    alerts.raise_alert(
        f"{ALERT}:{row.period}",
        "Un brouillon de campagne attend votre relecture : plats peu vendus.",
        f"{len(row.report['kept'])} plat(s) proposés. Relisez, changez, lancez ou supprimez.",
        address=reverse("admin:campaigns_campaign_change", args=[row.campaign_id]),
        permission="campaigns.change_campaign",
    )


def _draft(found: Proposal, period: str, today: date) -> dict[str, Any]:
    starts_at = timezone.make_aware(datetime.combine(today + timedelta(days=3), time(10)))
    lines = [f"- {one.dish.name} : -{one.discount} %. {one.reason}" for one in found.kept]
    lines += [f"- {one.dish.name} : écarté. {one.reason}" for one in found.left_out]
    stale = (
        ["Chiffres de la dernière réponse de la comptabilité, qui ne répond pas en ce moment."]
        if found.is_stale
        else []
    )
    return {
        "name": f"Plats à découvrir, semaine {period[-2:]}",
        "description": "\n".join(["Proposé d'après les ventes des trente derniers jours.", *stale, *lines]),
        "start_date": starts_at,
        "end_date": starts_at + timedelta(days=CAMPAIGN_DAYS),
        "target_audience": list(AUDIENCE),
        "items": [one.as_json() for one in found.kept],
        # One figure for the whole: what every dish of it can bear.
        "discount": min(one.discount for one in found.kept),
        "channels": ["social_media", "email"],
    }
