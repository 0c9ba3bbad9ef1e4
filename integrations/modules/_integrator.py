"""The mission's system integrator: what the neighbouring modules know, asked for by name."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from asgiref.sync import sync_to_async
from django.utils import timezone
from django.utils.timezone import is_aware, make_aware

from integrations.errors import CommunicationError, PermanentError
from integrations.modules._registry import registry
from integrations.modules.base import NOT_CONFIGURED, Answer


class Listing(list[dict[str, Any]]):
    """What a module listed. as_of: when it said so; is_stale: it does not answer now, this is what it said then."""

    def __init__(self, items: Iterable[dict[str, Any]], *, as_of: datetime, is_stale: bool = False) -> None:
        super().__init__(items)
        self.as_of = as_of
        self.is_stale = is_stale


class Integrator:
    """The mission's public Python interface to the other modules (SemVer); every method may raise CommunicationError.

    A module that nobody configured raises PermanentError (code « not_configured »), in words for staff.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        self._config = config

    async def get_featured_recipe(self) -> dict[str, Any] | None:
        """The recipe put forward: recipe_id, item_ref, name, description, image_url…, as_of and is_stale; or None."""
        answer = await self._ask("recipes", "featured")
        if answer.value is None:
            return None
        return {**asdict(answer.value), "as_of": answer.as_of, "is_stale": answer.is_stale}

    async def get_new_recipes(self, since: datetime) -> Listing:
        """The recipes created since a moment; one without an offset is of Paris."""
        since = since if is_aware(since) else make_aware(since)
        return _now(await self._ask("recipes", "since", since))

    async def get_ingredients(self, recipe_id: str) -> Listing:
        """ref, name, quantity (Decimal) and unit of what one portion takes."""
        return _listing(await self._ask("recipes", "ingredients", recipe_id))

    async def get_sales_data(self, last_days: int = 30) -> Listing:
        """date, item_ref, name, category, quantity and revenue_cents, by day and dish; today is not over, hence left out."""
        last = timezone.localdate() - timedelta(days=1)
        first = last - timedelta(days=max(1, last_days) - 1)
        return _listing(await self._ask("accounting", "sales", first, last))

    async def get_orders(self, since: datetime | None = None) -> Listing:
        """The paid orders, since a moment if one is given; one without an offset is of Paris."""
        since = make_aware(since) if since is not None and not is_aware(since) else since
        orders = await self._ask("accounting", "all_orders")
        return _now([order for order in orders if since is None or order.occurred_at >= since])

    async def get_margins(self) -> Listing:
        """item_ref, net_price_cents, cost_cents and percent, before tax."""
        answer = await self._ask("accounting", "margins")
        rows = [{**asdict(margin), "percent": round(margin.percent, 1)} for margin in answer.value]
        return Listing(rows, as_of=answer.as_of, is_stale=answer.is_stale)

    async def get_contacts(self) -> Listing:
        """The guests as the CRM knows them."""
        return _now(await self._ask("crm", "all_contacts"))

    async def get_segments(self) -> Listing:
        """The CRM's groups of guests."""
        return _now(await self._ask("crm", "segments"))

    async def get_bookings(self) -> Listing:
        """The bookings as the CRM knows them."""
        return _now(await self._ask("crm", "all_bookings"))

    async def save_booking(self, ref: str, booking: Mapping[str, Any]) -> dict[str, Any]:
        """Write a booking into the CRM under a reference of ours: status, starts_at (aware), guests, notes."""
        return asdict(await self._ask("crm", "put_booking", ref, dict(booking)))

    async def save_contact(self, contact_id: str, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Change fields of a guest in the CRM, by our names."""
        return asdict(await self._ask("crm", "change_contact", contact_id, dict(changes)))

    async def get_stock_levels(self) -> Listing:
        """ref, name, quantity (Decimal), unit and measured_at."""
        return _listing(await self._ask("iot", "levels"))

    async def get_stock_alerts(self) -> Listing:
        """What the sensors complain of now."""
        return _listing(await self._ask("iot", "alerts"))

    async def health(self) -> dict[str, dict[str, Any]]:
        """Each module: state (ok, degraded, down, not_configured), its error in French, and how long it took."""
        return await sync_to_async(self._health)()

    def _health(self) -> dict[str, dict[str, Any]]:
        return {slug: self._visit(slug) for slug in registry}

    def _visit(self, slug: str) -> dict[str, Any]:
        started = time.monotonic()
        try:
            state, error = self._module(slug).health(), ""
        except CommunicationError as raised:
            state = NOT_CONFIGURED if raised.code == NOT_CONFIGURED else "down"
            error = str(raised)
        return {"state": state, "error": error, "duration_ms": round((time.monotonic() - started) * 1000)}

    def _module(self, slug: str) -> Any:
        given = self._config.get(slug) if self._config is not None else None
        return registry[slug](given)

    async def _ask(self, slug: str, name: str, *args: Any) -> Any:
        def ask() -> Any:
            return getattr(self._module(slug), name)(*args)

        return await sync_to_async(ask)()


def get_integrator(config: Mapping[str, Any] | str | Path | None = None) -> Integrator:
    """The integrator, on the house's configuration, or on a program's own.

    config: {"crm": {"base_url", "token", …}, …}, or a JSON file that holds it; a module it leaves out is the house's.
    Raises PermanentError for a file that cannot be read.
    """
    if isinstance(config, str | Path):
        try:
            config = json.loads(Path(config).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise PermanentError(
                f"{config} ne peut pas être lu ({type(error).__name__}).", code=NOT_CONFIGURED
            ) from None
    if config is not None and not isinstance(config, Mapping):
        raise PermanentError("Un objet par module est attendu : {\"crm\": {\"base_url\": …}}.", code=NOT_CONFIGURED)  # fmt: skip
    return Integrator(config)


def _listing(answer: Answer) -> Listing:
    return Listing([asdict(item) for item in answer.value], as_of=answer.as_of, is_stale=answer.is_stale)


def _now(items: Iterable[Any]) -> Listing:
    return Listing([asdict(item) for item in items], as_of=timezone.now())
