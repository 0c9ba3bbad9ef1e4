"""The CRM: the restaurant's guests, what they told the desk, and their tables."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import VendorRecord
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._module import Act, ModuleVendor, conditional, house, problem, tell
from integrations.sandbox.vendors.base import Call, json_answer, route

WORDING = "J'accepte de recevoir les offres du Vieux Moulin. Je peux changer d'avis à tout moment."
SEGMENTS = (
    ("regular_customers", "Clients réguliers", "Au moins quatre visites dans l'année."),
    ("local_customers", "Clients du voisinage", "À moins de vingt kilomètres."),
)
CHANNELS = ("email", "sms")


def people() -> list[tuple[str, dict[str, Any]]]:
    return [(person["id"], {**person, "consents": _consents(person["consents"])}) for person in house("people")]


def _consents(said: dict[str, str]) -> list[dict[str, Any]]:
    at = (timezone.now() - timedelta(days=40)).isoformat()
    proof = {"source": "accueil du restaurant", "wording": WORDING, "wording_version": "2026-03"}
    return [
        {"channel": channel, "status": said[channel], "updated_at": at, **(proof if said[channel] == "granted" else {})}
        for channel in CHANNELS
        if channel in said
    ]


def tables() -> list[tuple[str, dict[str, Any]]]:
    """A week of bookings: some behind us, most ahead."""
    noon = timezone.localtime().replace(hour=12, minute=30, second=0, microsecond=0)
    known = [person for person in house("people") if person["email"]]
    made = []
    for rank, days in enumerate((-3, -2, -1, 1, 1, 2, 3, 4, 5, 7)):
        starts_at = noon + timedelta(days=days, hours=0 if rank % 3 == 0 else 7)
        status = "completed" if days < 0 else "confirmed"
        made.append((f"bk-{rank + 1:03d}", _booking(f"bk-{rank + 1:03d}", known[rank * 3], starts_at, 2 + rank % 4, status)))  # fmt: skip
    return made


def _booking(name: str, person: dict[str, Any], starts_at: datetime, guests: int, status: str) -> dict[str, Any]:
    customer = {key: person[key] for key in ("email", "phone", "first_name", "last_name") if person.get(key)}
    return {
        "id": name,
        "status": status,
        "starts_at": starts_at.isoformat(),
        "guests": guests,
        "customer": customer,
        "created_at": timezone.now().isoformat(),
    }


@registry.register
class Crm(ModuleVendor):
    slug, label = "crm", "Module CRM"
    shown_kind = "contact"
    nouns = ("client", "clients")
    makers = {"contact": people, "booking": tables}

    @route("GET", r"contacts")
    def contacts(self, call: Call) -> HttpResponse:
        return self.feed(call, "contact")

    @route("PUT", r"contacts/ref/(?P<ref>[^/]{1,120})", creates=True)
    def put_contact(self, call: Call, ref: str) -> HttpResponse:
        """Sent twice, there is one."""
        body = self.body(call, "ContactChange")
        found = self.records("contact", data__external_ref=ref).first()
        if found is None:
            number = self.records("contact").count() + 1
            name = f"crm-{number:03d}-{ref[:8]}"
            found = self.add("contact", name, "", {"id": name, "external_ref": ref, "consents": [], "tags": []})
        return self._change(store.locked(found), body)

    @route("GET", r"contacts/(?P<name>[^/]{1,120})")
    def contact(self, call: Call, name: str) -> HttpResponse:
        found = self.find("contact", name)
        return conditional(call, self.as_json(found)) if found else problem(404, "Aucun client de ce nom.")

    @route("PATCH", r"contacts/(?P<name>[^/]{1,120})", creates=True)
    def change_contact(self, call: Call, name: str) -> HttpResponse:
        return self._change(self.known("contact", name), self.body(call, "ContactChange"))

    @route("DELETE", r"contacts/(?P<name>[^/]{1,120})", creates=True)
    def erase_contact(self, call: Call, name: str) -> HttpResponse:
        self.known("contact", name).delete()
        return HttpResponse(status=204)

    @route("PUT", r"contacts/(?P<name>[^/]{1,120})/consents", creates=True)
    def put_consents(self, call: Call, name: str) -> HttpResponse:
        record = self.known("contact", name)
        said = {one["channel"]: one for one in self.body(call, "ConsentChange")["consents"]}
        kept = [one for one in record.data.get("consents", []) if one["channel"] not in said]
        return self._change(record, {"consents": kept + list(said.values())})

    @route("GET", r"segments")
    def segments(self, call: Call) -> HttpResponse:
        tags = [tag for record in self.records("contact") for tag in record.data.get("tags", [])]
        items = [
            {"id": name, "name": label, "description": about, "contact_count": tags.count(name)}
            for name, label, about in SEGMENTS
        ]
        return conditional(call, {"items": items})

    @route("GET", r"bookings")
    def bookings(self, call: Call) -> HttpResponse:
        return self.feed(call, "booking")

    @route("PUT", r"bookings/ref/(?P<ref>[^/]{1,120})", creates=True)
    def put_booking(self, call: Call, ref: str) -> HttpResponse:
        body = self.body(call, "BookingChange")
        name = f"bk-ref-{ref}"[:120]
        found = self.find("booking", name)
        if found is None:
            created = {"id": name, "external_ref": ref, "created_at": timezone.now().isoformat()}
            found = self.add("booking", name, "", created)
        return self._change(store.locked(found), body)

    def _change(self, record: VendorRecord, changes: dict[str, Any]) -> HttpResponse:
        record.data = store.clean({**record.data, **changes})
        record.save(update_fields=["data", "updated_at"])
        return json_answer(self.as_json(record))

    # --- What a person does there ------------------------------------------------------------------------------------

    def facts(self) -> tuple[str, ...]:
        contacts = self.records("contact").count()
        ahead = self.records("booking", data__status="confirmed").count()
        return (f"{contacts} clients", f"{ahead} réservations confirmées")

    def acts(self) -> tuple[Act, ...]:
        who = tuple((record.external_id, _name(record)) for record in self.records("contact").order_by("external_id"))
        booked = self.records("booking", data__status="confirmed").order_by("external_id")
        which = tuple((record.external_id, f"{_name_of(record.data)} · {record.data['starts_at'][:16].replace('T', ' ')}") for record in booked)  # fmt: skip
        return (
            Act("book", "Réserver une table demain", who),
            Act("cancel", "Annuler une réservation", which),
            Act("withdraw", "Ne plus vouloir d'e-mails", who),
            Act("rename", "Changer de nom de famille", who),
        )

    def act(self, name: str, chosen: str) -> tuple[str, list[Callback]]:
        if name == "cancel":
            return self._cancel(self.known("booking", chosen))
        record = self.known("contact", chosen)
        if name == "book":
            return self._book(record)
        if name == "withdraw":
            kept = [one for one in record.data.get("consents", []) if one["channel"] != "email"]
            no = {"channel": "email", "status": "withdrawn", "updated_at": timezone.now().isoformat()}
            self._change(record, {"consents": [*kept, no]})
            said = "ne veut plus d'e-mails"
        else:
            self._change(record, {"last_name": f"{record.data.get('last_name', '')}-Martin"[:100]})
            said = "a changé de nom"
        return f"{_name(record)} {said}.", tell(self.slug, "contact_updated", {"contact_id": record.external_id})

    def _book(self, contact: VendorRecord) -> tuple[str, list[Callback]]:
        evening = timezone.localtime().replace(hour=20, minute=0, second=0, microsecond=0) + timedelta(days=1)
        name = f"bk-{store.number()}"
        data = _booking(name, contact.data, evening, 2, "confirmed")
        self.add("booking", name, "", data)
        payload = {"booking_id": name, **{key: data[key] for key in ("starts_at", "guests", "customer")}}
        return f"Table de demain soir pour {_name(contact)}.", tell(self.slug, "booking_created", payload)

    def _cancel(self, booking: VendorRecord) -> tuple[str, list[Callback]]:
        self._change(booking, {"status": "canceled"})
        payload = {"booking_id": booking.external_id, **{key: booking.data[key] for key in ("starts_at", "guests", "customer")}}  # fmt: skip
        return "Réservation annulée.", tell(self.slug, "booking_canceled", payload)


def _name(record: VendorRecord) -> str:
    return f"{record.data.get('first_name', '')} {record.data.get('last_name', '')}".strip() or record.external_id


def _name_of(booking: dict[str, Any]) -> str:
    customer = booking.get("customer") or {}
    return f"{customer.get('first_name', '')} {customer.get('last_name', '')}".strip() or booking["id"]
