"""Rows that flow tests make in the process of the house."""

from integrations.models import Credential
from integrations.sandbox.faults import inject
from notifications.models import Contact, MessageTemplate, Provider, Tag
from notifications.services import contacts
from notifications.services.templates import save_version
from vieuxmoulin.api.clients import create_client


def make_guests(number: int) -> None:
    tag, _ = Tag.objects.get_or_create(slug="flow", defaults={"name": "Flow"})
    save_version(MessageTemplate(slug="flow", name="Flow", sms_body="{{mot}}-flow {{customer.first_name}}"))
    for rank in range(number):
        # Numbers that end in 0001 are dead at the sandbox.
        guest = contacts.save_contact(Contact(first_name=f"Guest{rank}"), phone=f"+3367{rank + 1000:07d}")
        contacts.grant(guest, channel="sms", source="test", wording="Oui.", version="1")
        guest.tags.add(tag)


def make_provider() -> None:
    keys = {"account_sid": "AC" + "0" * 32, "auth_token": "demo-twilio", "from_number": "VieuxMoulin"}
    access = Credential.objects.create(platform="twilio", name="flow", secrets=keys)
    Provider.objects.create(channel="sms", platform="twilio", credential=access)


def make_client() -> dict[str, str]:
    return create_client("flow", ["notify"])


def slow_down() -> None:
    """Let the vendor take its time, so that a kill falls in the middle."""
    inject("twilio", "slow", times=100, seconds=1.0)
