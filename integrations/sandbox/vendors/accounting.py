"""The accounting module: a month of the till, made up from the date so that it is the same at every reading."""

import random
from datetime import date, datetime, time, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone
from django.utils.dateparse import parse_date

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._module import (
    Act,
    ModuleVendor,
    conditional,
    cursor_of,
    house,
    page_size,
    problem,
    read_cursor,
    tell,
)
from integrations.sandbox.vendors.base import Call, Refused, route

DAYS, LONGEST_DAYS, ORDERS_A_DAY = 30, 400, 6
MONDAY = 0
# The code that the demonstration's campaign gives to its guests.
CODE = "AUTOMNE10"
# What French tax takes of a plate on the spot.
TAX = 1.10


def sales_of(day: date) -> list[dict[str, Any]]:
    """What was sold on a day; nothing on Mondays, more at the end of the week."""
    if day.weekday() == MONDAY:
        return []
    busy = {4: 1.2, 5: 1.5, 6: 1.3}.get(day.weekday(), 0.8)
    made = []
    for dish in house("dishes"):
        chance = random.Random(f"{dish['ref']} {day}")  # noqa: S311 (a made-up till, no secret)
        quantity = round(dish["daily"] * busy * chance.uniform(0.6, 1.4))
        if quantity:
            made.append(
                {
                    "date": day.isoformat(),
                    "item_ref": dish["ref"],
                    "name": dish["name"],
                    "category": dish["category"],
                    "quantity": quantity,
                    "revenue_cents": quantity * dish["price_cents"],
                }
            )
    return made


def orders_of(day: date) -> list[dict[str, Any]]:
    """A few of the day's bills: those whose guest is known."""
    if day.weekday() == MONDAY:
        return []
    chance = random.Random(f"orders {day}")  # noqa: S311 (a made-up till, no secret)
    known = [person for person in house("people") if person["email"]]
    return [_order(day, rank, chance.choice(known), chance) for rank in range(ORDERS_A_DAY)]


def _order(day: date, rank: int, person: dict[str, Any], chance: random.Random) -> dict[str, Any]:
    weights = [dish["daily"] for dish in house("dishes")]
    dishes = chance.choices(house("dishes"), weights, k=chance.randint(3, 7))
    hour = time(13 if rank % 2 else 21, 5 * rank)
    at = timezone.make_aware(datetime.combine(day, hour))
    return _bill(f"cmd-{day:%Y%m%d}-{rank + 1}", at, person, dishes)


def _bill(name: str, at: datetime, person: dict[str, Any], dishes: list[dict[str, Any]]) -> dict[str, Any]:
    lines = [
        {"item_ref": dish["ref"], "name": dish["name"], "quantity": 1, "amount_cents": dish["price_cents"]}
        for dish in dishes
    ]
    return {
        "id": name,
        "occurred_at": at.isoformat(),
        "amount_cents": sum(line["amount_cents"] for line in lines),
        "customer": {key: person[key] for key in ("email", "first_name", "last_name")},
        "lines": lines,
        "updated_at": at.isoformat(),
    }


@registry.register
class Accounting(ModuleVendor):
    slug, label = "accounting", "Module comptabilité"
    shown_kind = "order"
    nouns = ("commande notée ici", "commandes notées ici")

    @route("GET", r"sales")
    def sales(self, call: Call) -> HttpResponse:
        first, last = _day(call, "from"), _day(call, "to")
        if not 0 <= (last - first).days <= LONGEST_DAYS:
            raise Refused(problem(422, f"to : de « from » à {LONGEST_DAYS} jours plus tard."))
        days = [first + timedelta(days=rank) for rank in range((last - first).days + 1)]
        return conditional(call, {"items": [sale for day in days for sale in sales_of(day)]})

    @route("GET", r"orders")
    def orders(self, call: Call) -> HttpResponse:
        said, size = call.query.get("cursor", ""), page_size(call)
        rows = self._orders()
        if said:
            at, name = read_cursor(said)
            if at is None:
                raise Refused(problem(422, "cursor : ce n'est pas un curseur de ce flux."))
            rows = [row for row in rows if _position(row) > (at, name)]
        shown = rows[:size]
        after = cursor_of(*_position(shown[-1])) if shown else said or cursor_of(timezone.now(), "")
        return conditional(call, {"items": shown, "next_cursor": after, "has_more": len(rows) > size})

    @route("GET", r"margins")
    def margins(self, call: Call) -> HttpResponse:
        items = []
        for dish in house("dishes"):
            net = round(dish["price_cents"] / TAX)
            cost = round(net * dish["cost_percent"] / 100)
            items.append({"item_ref": dish["ref"], "name": dish["name"], "net_price_cents": net, "cost_cents": cost})
        return conditional(call, {"items": items})

    def _orders(self) -> list[dict[str, Any]]:
        today, now = timezone.localdate(), timezone.now()
        made = [order for back in range(DAYS, -1, -1) for order in orders_of(today - timedelta(days=back))]
        made += [record.data for record in self.records("order")]
        return sorted((row for row in made if _position(row)[0] <= now), key=_position)

    # --- What a person does there ------------------------------------------------------------------------------------

    def facts(self) -> tuple[str, ...]:
        sold = sum(sale["quantity"] for sale in sales_of(timezone.localdate() - timedelta(days=1)))
        return (f"{sold} portions vendues hier", f"{self.records('order').count()} commandes notées ici")

    def acts(self) -> tuple[Act, ...]:
        who = tuple((one["id"], f"{one['first_name']} {one['last_name']}") for one in house("people") if one["email"])
        return (Act("order", "Encaisser un repas", who), Act("coded", f"Encaisser avec le code {CODE}", who))

    def act(self, name: str, chosen: str) -> tuple[str, list[Callback]]:
        person = next((one for one in house("people") if one["id"] == chosen and one["email"]), None)
        if person is None:
            raise Refused(problem(404, "Aucun client de ce nom."))
        chance = random.Random()  # noqa: S311 (a made-up till, no secret)
        dishes = chance.choices(house("dishes"), k=4)
        bill = _bill(f"cmd-{store.number()}", timezone.now(), person, dishes)
        if name == "coded":
            bill["campaign_code"] = CODE
        self.add("order", bill["id"], "", bill)
        payload = {
            "order_id": bill["id"],
            "occurred_at": bill["occurred_at"],
            "amount_cents": bill["amount_cents"],
            "customer": bill["customer"],
            "items": [{"ref": line["item_ref"], "quantity": line["quantity"]} for line in bill["lines"]],
            **{key: bill[key] for key in ("campaign_code",) if key in bill},
        }
        said = f"{person['first_name']} a payé {bill['amount_cents'] / 100:.2f} €.".replace(".", ",", 1)
        return said, tell(self.slug, "purchase_recorded", payload)


def _position(order: dict[str, Any]) -> tuple[datetime, str]:
    return datetime.fromisoformat(order["updated_at"]), order["id"]


def _day(call: Call, name: str) -> date:
    try:
        found = parse_date(call.query.get(name, ""))
    except ValueError:
        found = None
    if found is None:
        raise Refused(problem(422, f"{name} : un jour comme 2026-12-01."))
    return found
