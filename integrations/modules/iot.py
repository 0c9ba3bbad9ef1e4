"""The IoT module: what is left in the cold room, and what its sensors complain of."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from integrations.modules._registry import registry
from integrations.modules._tables import Table, moment, number, text
from integrations.modules.base import Age, Answer, Module, Reading


@dataclass(frozen=True)
class Level:
    """What is left of an ingredient (or of a dish that is counted as such)."""

    ref: str
    quantity: Decimal
    name: str = ""
    unit: str = ""
    measured_at: datetime | None = None


@dataclass(frozen=True)
class StockAlert:
    """What a sensor complains of now. kind: low_stock, out_of_stock, temperature, sensor_lost or other."""

    id: str
    kind: str
    message: str
    ref: str = ""
    severity: str = "warning"
    raised_at: datetime | None = None


LEVEL = Table(Level, (text("ref"), number("quantity"), text("name"), text("unit"), moment("measured_at", default=None)))
ALERT = Table(
    StockAlert,
    (text("id"), text("kind"), text("message"), text("ref"), text("severity", default="warning"), moment("raised_at", default=None)),
)  # fmt: skip


@registry.register
class Iot(Module):
    slug, label = "iot", "IoT"
    tables = {"level": LEVEL, "alert": ALERT}
    # What stands on a screen may be old if it says so; what takes dishes off sale is read by its changes, never stale.
    ages = {
        "levels": Age(fresh=timedelta(seconds=30), stale=timedelta(hours=1)),
        "alerts": Age(fresh=timedelta(seconds=30), stale=timedelta(hours=1)),
    }

    def levels(self) -> Answer:
        return self.listed("levels", "level", self.read_kept("levels"))

    def levels_if_changed(self, etag: str = "") -> Reading:
        """(levels, when they were measured), read for their changes."""
        reading = self.read_whole("levels", etag=etag)
        if reading.is_unchanged:
            return reading
        return Reading(self.records("levels", "level", reading.value["items"]), reading.etag)

    def alerts(self) -> Answer:
        return self.listed("alerts", "alert", self.read_kept("alerts"))

    def alerts_if_changed(self, etag: str = "") -> Reading:
        reading = self.read_whole("alerts", etag=etag)
        if reading.is_unchanged:
            return reading
        return Reading(self.records("alerts", "alert", reading.value["items"]), reading.etag)
