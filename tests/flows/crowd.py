"""The guests and the requests of the chaos flow, and the person who decides at its end; played in the house's process."""

import json
import pathlib

from django.utils import timezone

from integrations.models import Credential
from notifications.models import Consent, Contact, MessageTemplate, Notification, Provider, Tag
from notifications.services import outcomes
from notifications.services.permission import address_index
from notifications.services.templates import save_version
from vieuxmoulin.api.clients import create_client

KEYS = {
    "sendgrid": {"api_key": "SG.flow", "from_email": "r@example.com", "from_name": "Flow"},
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "flow", "from_number": "VieuxMoulin"},
}


def prepare(groups: int, size: int) -> dict[str, str]:
    """Groups of willing guests, each under a tag, one provider per channel; returns a client of the API."""
    for channel, platform in (("email", "sendgrid"), ("sms", "twilio")):
        access = Credential.objects.create(platform=platform, name="flow", secrets=KEYS[platform])
        Provider.objects.create(channel=channel, platform=platform, credential=access)
    save_version(
        MessageTemplate(
            slug="chaos",
            name="Chaos",
            subject="Bonjour {{customer.first_name}}",
            body_html="<p>Bonjour {{customer.first_name}}</p>",
            sms_body="Bonjour {{customer.first_name}}",
        )
    )
    for group in range(groups):
        tag = Tag.objects.create(slug=f"chaos-{group}", name=f"Chaos {group}")
        guests = Contact.objects.bulk_create(_guest(group * size + rank) for rank in range(size))
        tag.contacts.set(guests)
        Consent.objects.bulk_create(
            Consent(contact=guest, purpose="marketing", channel=channel, status="granted", granted_at=timezone.now())
            for guest in guests
            for channel in ("email", "sms")
        )
    return create_client("chaos", ["notify"])


def _guest(rank: int) -> Contact:
    email, phone = f"g{rank}@example.com", f"+3367{rank + 1000:07d}"
    return Contact(
        first_name=f"G{rank}",
        email=email,
        email_index=address_index("email", email),
        phone=phone,
        phone_index=address_index("sms", phone),
    )


def decide_as_a_person(log: str) -> dict[str, int]:
    """Look each e-mail of unknown fate up in the vendor's own list, and say so; returns how many were there or not."""
    lines = (json.loads(line) for line in pathlib.Path(log).read_text(encoding="utf-8").splitlines())
    arrived = {line["mark"] for line in lines if line.get("channel") == "email"}
    said = {outcomes.ARRIVED: 0, outcomes.AGAIN: 0}
    for row in Notification.objects.filter(status=Notification.Status.UNKNOWN, channel="email"):
        word = outcomes.ARRIVED if str(row.pk) in arrived else outcomes.AGAIN
        outcomes.decide(row, word)
        said[word] += 1
    return said
