"""The CRM: guests, what they agreed to, their groups and bookings; read and written."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from integrations.errors import PermanentError
from integrations.modules._registry import registry
from integrations.modules._tables import Table, day, flag, many, moment, one, text, texts, whole
from integrations.modules.base import Module, Page, Reading

GONE = ("404", "410")


@dataclass(frozen=True)
class ConsentSaid:
    """What the CRM knows of one channel. status: granted, withdrawn or unknown."""

    channel: str
    status: str
    updated_at: datetime | None = None
    source: str = ""
    wording: str = ""
    wording_version: str = ""


@dataclass(frozen=True)
class CrmContact:
    """A guest as the CRM knows them. external_ref: our own id, where we gave it."""

    id: str
    updated_at: datetime
    external_ref: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    phone: str = ""
    birthday: date | None = None
    language: str = ""
    postcode: str = ""
    tags: tuple[str, ...] = ()
    consents: tuple[ConsentSaid, ...] = ()
    is_deleted: bool = False


@dataclass(frozen=True)
class Customer:
    """A guest as a booking or an order names them."""

    id: str = ""
    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""


@dataclass(frozen=True)
class Booking:
    """A table for some guests. status: confirmed, canceled, completed or no_show."""

    id: str
    status: str
    starts_at: datetime
    guests: int
    updated_at: datetime
    created_at: datetime | None = None
    external_ref: str = ""
    customer: Customer | None = None
    notes: str = ""


@dataclass(frozen=True)
class CrmSegment:
    """A group of guests; its id is a tag of theirs."""

    id: str
    name: str
    description: str = ""
    contact_count: int | None = None


CONSENT = Table(
    ConsentSaid,
    (text("channel"), text("status"), moment("updated_at", default=None), text("source"), text("wording"), text("wording_version")),
)  # fmt: skip
CUSTOMER = Table(Customer, (text("id"), text("email"), text("phone"), text("first_name"), text("last_name")))
CONTACT = Table(
    CrmContact,
    (
        text("id"),
        moment("updated_at"),
        text("external_ref"),
        text("first_name"),
        text("last_name"),
        text("email"),
        text("phone"),
        day("birthday", "birth_date", default=None),
        text("language"),
        text("postcode", "postal_code"),
        texts("tags"),
        many("consents", CONSENT),
        flag("is_deleted", "deleted"),
    ),
)
BOOKING = Table(
    Booking,
    (
        text("id"),
        text("status"),
        moment("starts_at"),
        whole("guests"),
        moment("updated_at"),
        moment("created_at", default=None),
        text("external_ref"),
        one("customer", CUSTOMER),
        text("notes"),
    ),
)
SEGMENT = Table(CrmSegment, (text("id"), text("name"), text("description"), whole("contact_count", default=None)))


@registry.register
class Crm(Module):
    slug, label = "crm", "CRM"
    tables = {"contact": CONTACT, "booking": BOOKING, "segment": SEGMENT}

    def contacts(self, cursor: str = "", etag: str = "") -> Page:
        """The guests that changed since a cursor."""
        return self.read_page("contacts", "contact", cursor=cursor, etag=etag)

    def all_contacts(self) -> list[CrmContact]:
        return [item for page in self.pages("contacts", "contact") for item in page.items]

    def bookings(self, cursor: str = "", etag: str = "") -> Page:
        """The bookings that changed since a cursor."""
        return self.read_page("bookings", "booking", cursor=cursor, etag=etag)

    def all_bookings(self) -> list[Booking]:
        return [item for page in self.pages("bookings", "booking") for item in page.items]

    def segments(self) -> tuple[CrmSegment, ...]:
        return self.listed("segments", "segment", self.read_kept("segments")).value

    def segments_if_changed(self, etag: str = "") -> Reading:
        """The same, read for its changes."""
        reading = self.read_whole("segments", etag=etag)
        return (
            reading
            if reading.is_unchanged
            else Reading(self.records("segments", "segment", reading.value["items"]), reading.etag)
        )

    def change_contact(self, contact_id: str, values: dict[str, Any]) -> CrmContact:
        """Change some fields, by our names."""
        return self.write("write_contact", "contact", CONTACT.write(values), {"id": contact_id})

    def put_contact(self, our_id: str, values: dict[str, Any]) -> CrmContact:
        """Create the guest that carries our id, or change them: sent twice, there is one."""
        return self.write("put_contact", "contact", CONTACT.write(values), {"ref": our_id})

    def put_consents(self, contact_id: str, consents: tuple[ConsentSaid, ...]) -> CrmContact:
        """Say what a guest agreed to, or no longer agrees to."""
        return self.write("put_consents", "contact", CONTACT.write({"consents": consents}), {"id": contact_id})

    def erase_contact(self, contact_id: str) -> None:
        """Have a guest erased; one that is not there any more is."""
        try:
            self.ask("erase_contact", places={"id": contact_id})
        except PermanentError as error:
            if error.code not in GONE:
                raise

    def put_booking(self, ref: str, values: dict[str, Any]) -> Booking:
        """Create or change the booking that carries this reference: sent twice, there is one."""
        return self.write("put_booking", "booking", BOOKING.write(values), {"ref": ref})
