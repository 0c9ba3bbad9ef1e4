"""A guest of the CRM made comparable with ours, and kept as plain values beside the link."""

import re
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.text import slugify

from integrations.modules.crm import ConsentSaid, CrmContact
from notifications.models import ChannelType, Contact
from notifications.services import contacts
from notifications.services.permission import address_index

DEFAULT_LANGUAGE = Contact._meta.get_field("language").default
CHANNELS = (ChannelType.EMAIL, ChannelType.SMS)
ADDRESSES = {"email": ChannelType.EMAIL, "phone": ChannelType.SMS}


@dataclass(frozen=True)
class Snapshot:
    """What the CRM says of a guest, in our words; an address that is none is left out."""

    first_name: str = ""
    last_name: str = ""
    birthday: date | None = None
    language: str = ""
    postcode: str = ""
    email: str = ""
    phone: str = ""
    tags: tuple[str, ...] = ()
    consents: tuple[ConsentSaid, ...] = ()
    external_ref: str = ""

    def as_json(self) -> dict[str, Any]:
        said = asdict(self)
        # As JSON gives it back: the two are compared.
        said["tags"], said["consents"] = list(said["tags"]), list(said["consents"])
        said["birthday"] = self.birthday.isoformat() if self.birthday else ""
        for consent in said["consents"]:
            consent["updated_at"] = consent["updated_at"].isoformat() if consent["updated_at"] else ""
        return said

    @classmethod
    def of_json(cls, said: dict[str, Any]) -> "Snapshot":
        if not said:
            return cls()
        consents = tuple(
            ConsentSaid(**{**one, "updated_at": parse_datetime(one["updated_at"]) if one["updated_at"] else None})
            for one in said["consents"]
        )
        birthday = parse_date(said["birthday"]) if said["birthday"] else None
        return cls(**{**said, "birthday": birthday, "consents": consents, "tags": tuple(said["tags"])})

    def consent(self, channel: str) -> ConsentSaid:
        """What it says of a channel; unknown when it says nothing, the most restrictive when it says two things."""
        found = [one for one in self.consents if one.channel == channel]
        order = ("withdrawn", "granted", "unknown")
        return min(found, key=lambda one: order.index(one.status), default=ConsentSaid(channel, "unknown"))

    @property
    def indexes(self) -> dict[str, str]:
        """The fingerprints of its addresses, by our field."""
        return {name: address_index(channel, getattr(self, name)) for name, channel in ADDRESSES.items() if getattr(self, name)}  # fmt: skip


def snapshot_of(said: CrmContact) -> Snapshot:
    """The values of the CRM as ours are kept: numbers in E.164, domains in lower case, lengths of our columns."""
    return Snapshot(
        first_name=said.first_name[:100],
        last_name=said.last_name[:100],
        birthday=said.birthday,
        language=said.language[:5],
        postcode=said.postcode[:12],
        email=_tidy(contacts.normalise_email, said.email),
        phone=_tidy(contacts.normalise_phone, said.phone),
        tags=tuple(sorted(set(said.tags))),
        consents=said.consents,
        external_ref=said.external_ref,
    )


def tag_slug(name: str) -> str:
    """The tag of ours that one of the CRM's is: the same word where it can be one."""
    is_one = re.fullmatch(r"[A-Za-z0-9_-]{1,60}", name) is not None
    return name if is_one else slugify(name)[:60]


def ours_of(contact: Contact) -> dict[str, Any]:
    """What we hold of a guest, by the same names; a language that nobody said is not known."""
    names = ("first_name", "last_name", "birthday", "language", "postcode", "email", "phone")
    held = {name: getattr(contact, name) for name in names}
    return {**held, "language": "" if contact.language == DEFAULT_LANGUAGE else contact.language}


def _tidy(normalise: Any, text: str) -> str:
    """A landline, or a slip of the pen, is nobody's address here."""
    try:
        return normalise(text) if text else ""
    except ValidationError:
        return ""
