"""The accounting module: what was sold, to whom, and what it leaves."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from integrations.modules._registry import registry
from integrations.modules._tables import Table, day, many, moment, one, text, whole
from integrations.modules.base import Age, Answer, Module, Page
from integrations.modules.crm import CUSTOMER, Customer


@dataclass(frozen=True)
class Sale:
    """How many portions of a dish one day saw."""

    date: date
    item_ref: str
    quantity: int
    revenue_cents: int
    name: str = ""
    category: str = ""


@dataclass(frozen=True)
class OrderLine:
    """One dish of an order."""

    item_ref: str
    quantity: int
    name: str = ""
    amount_cents: int | None = None


@dataclass(frozen=True)
class Order:
    """A paid order. campaign_code: the code that the guest gave, empty for none."""

    id: str
    occurred_at: datetime
    amount_cents: int
    updated_at: datetime
    customer: Customer | None = None
    lines: tuple[OrderLine, ...] = ()
    campaign_code: str = ""


@dataclass(frozen=True)
class Margin:
    """What a portion sells for and costs, both before tax, in cents."""

    item_ref: str
    net_price_cents: int
    cost_cents: int
    name: str = ""

    @property
    def percent(self) -> float:
        """What is left of the price, in hundredths of it."""
        return 100 * (self.net_price_cents - self.cost_cents) / self.net_price_cents


SALE = Table(
    Sale, (day("date"), text("item_ref"), whole("quantity"), whole("revenue_cents"), text("name"), text("category"))
)
ORDER_LINE = Table(OrderLine, (text("item_ref"), whole("quantity"), text("name"), whole("amount_cents", default=None)))
ORDER = Table(
    Order,
    (
        text("id"),
        moment("occurred_at"),
        whole("amount_cents"),
        moment("updated_at"),
        one("customer", CUSTOMER),
        many("lines", ORDER_LINE),
        text("campaign_code"),
    ),
)
MARGIN = Table(Margin, (text("item_ref"), whole("net_price_cents"), whole("cost_cents"), text("name")))


@registry.register
class Accounting(Module):
    slug, label = "accounting", "comptabilité"
    tables = {"sale": SALE, "order": ORDER, "margin": MARGIN}
    ages = {
        "sales": Age(fresh=timedelta(minutes=15), stale=timedelta(days=2)),
        "margins": Age(fresh=timedelta(hours=1), stale=timedelta(days=7)),
    }

    def sales(self, first: date, last: date) -> Answer:
        """Sales by day and dish, both days included."""
        asked = {"from": first.isoformat(), "to": last.isoformat()}
        return self.listed("sales", "sale", self.read_kept("sales", query=asked))

    def orders(self, cursor: str = "", etag: str = "") -> Page:
        """The orders that changed since a cursor."""
        return self.read_page("orders", "order", cursor=cursor, etag=etag)

    def all_orders(self) -> list[Order]:
        return [item for page in self.pages("orders", "order") for item in page.items]

    def margins(self) -> Answer:
        return self.listed("margins", "margin", self.read_kept("margins"))
