"""The IoT module: scales and thermometers of the kitchen."""

from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._module import Act, ModuleVendor, conditional, house, tell
from integrations.sandbox.vendors.base import Call, route

# Enough of everything for an evening and more, until somebody takes it away.
PORTIONS, FEW_PORTIONS = 80, 8


def shelves() -> list[tuple[str, dict[str, Any]]]:
    """Every ingredient of every recipe."""
    found: dict[str, dict[str, Any]] = {}
    for recipe in house("recipes"):
        for line in recipe["ingredients"]:
            known = found.setdefault(line["ref"], {"ref": line["ref"], "name": line["name"], "unit": line["unit"], "portion": 0.0})  # fmt: skip
            known["portion"] = max(known["portion"], line["quantity"])
    now = timezone.now().isoformat()
    return [
        (ref, {**one, "quantity": round(one["portion"] * PORTIONS, 3), "measured_at": now})
        for ref, one in found.items()
    ]


@registry.register
class Iot(ModuleVendor):
    slug, label = "iot", "Module IoT"
    shown_kind = "level"
    nouns = ("niveau", "niveaux")
    makers = {"level": shelves}

    @route("GET", r"stock/levels")
    def levels(self, call: Call) -> HttpResponse:
        items = [_level(record) for record in self.records("level").order_by("external_id")]
        return conditional(call, {"items": items})

    @route("GET", r"stock/alerts")
    def alerts(self, call: Call) -> HttpResponse:
        low = [record for record in self.records("level").order_by("external_id") if _is_low(record)]
        items = [
            {
                "id": f"low-{record.external_id}",
                "kind": "low_stock" if record.data["quantity"] > 0 else "out_of_stock",
                "message": f"Il reste {record.data['quantity']} {record.data['unit']} de {record.data['name']}.",
                "ref": record.external_id,
                "severity": "warning" if record.data["quantity"] > 0 else "critical",
                "raised_at": record.data["measured_at"],
            }
            for record in low
        ]
        return conditional(call, {"items": items})

    # --- What a person does there ------------------------------------------------------------------------------------

    def facts(self) -> tuple[str, ...]:
        rows = list(self.records("level"))
        low = sum(_is_low(record) for record in rows)
        return (f"{len(rows)} ingrédients pesés", f"{low} presque épuisés" if low else "Rien ne manque")

    def acts(self) -> tuple[Act, ...]:
        rows = self.records("level").order_by("external_id")
        which = tuple((row.external_id, f"{row.data['name']} ({row.data['quantity']} {row.data['unit']})") for row in rows)  # fmt: skip
        return (
            Act("few", "N'en laisser que pour deux portions", which),
            Act("none", "Tout prendre", which),
            Act("fill", "Refaire le plein", which),
        )

    def act(self, name: str, chosen: str) -> tuple[str, list[Callback]]:
        record = self.known("level", chosen)
        portions = {"few": 2, "none": 0}.get(name, PORTIONS)
        quantity = round(record.data["portion"] * portions, 3)
        record.data = {**record.data, "quantity": quantity, "measured_at": timezone.now().isoformat()}
        record.save(update_fields=["data", "updated_at"])
        payload = {"items": [_level(record)]}
        said = f"{record.data['name']} : il en reste {quantity} {record.data['unit']}."
        return said, tell(self.slug, "stock_update", payload)


def _level(record: VendorRecord) -> dict[str, Any]:
    return {name: record.data[name] for name in ("ref", "name", "quantity", "unit", "measured_at")}


def _is_low(record: VendorRecord) -> bool:
    return record.data["quantity"] < record.data["portion"] * FEW_PORTIONS
