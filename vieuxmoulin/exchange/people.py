"""The guest that a booking or an order of another module names, as our own events name guests."""

from typing import Any

from integrations.modules.crm import Customer
from vieuxmoulin.exchange.models import ContactLink


def customer_of(said: Customer | None) -> dict[str, Any] | None:
    """{"id"} of our guest where the link knows them, else their addresses and names; None when it names nobody."""
    if said is None:
        return None
    named = {name: value for name in ("email", "phone", "first_name", "last_name") if (value := getattr(said, name))}
    link = ContactLink.objects.filter(external_id=said.id).exclude(contact=None).first() if said.id else None
    if link is not None:
        return {**named, "id": str(link.contact_id)}
    return named if said.email or said.phone else None
