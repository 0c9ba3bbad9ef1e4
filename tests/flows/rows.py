"""Rows that flow tests make and count in another process, at both sides: ours and the vendor's."""

from django.db.models import Count

from integrations.models import Credential
from integrations.sandbox.faults import inject
from integrations.sandbox.models import VendorRecord
from notifications.models import Contact, MessageTemplate, Notification, Provider, Tag
from notifications.services import contacts
from notifications.services.templates import save_version
from vieuxmoulin.api.clients import create_client

FLOW = Notification.objects.filter(template__slug="flow")


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
    inject("twilio", "slow", times=200, seconds=1.0)


def _vendor_rows():
    return [row for row in VendorRecord.objects.filter(vendor="twilio", kind="sms") if "bonjour-flow" in str(row.data)]


def at_vendor() -> int:
    return len(_vendor_rows())


def doubles() -> int:
    """How many guests got the message more than once, counted at the vendor."""
    seen: dict[str, int] = {}
    for row in _vendor_rows():
        seen[row.account_id] = seen.get(row.account_id, 0) + 1
    return sum(1 for times in seen.values() if times > 1)


def count(status: str) -> int:
    return FLOW.filter(status=status).count()


def open_messages() -> int:
    """Messages that still have somewhere to go."""
    return FLOW.exclude(status__in=["sent", "skipped", "failed"]).count()


def by_status() -> dict[str, int]:
    return dict(FLOW.values_list("status").annotate(total=Count("pk")).order_by())
