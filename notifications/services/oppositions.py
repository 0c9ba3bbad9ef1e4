"""Addresses that are left alone: from offers only, as who unsubscribes wants, or altogether, as a dead one must be."""

from notifications.models import Contact, Suppression

Scope = Suppression.Scope


def oppose(channel: str, index: str, *, reason: str, scope: str) -> None:
    """Write to this address no more, or no offers any more. What was refused altogether stays so."""
    row, is_new = Suppression.objects.get_or_create(
        channel=channel, address_index=index, defaults={"reason": reason[:60], "scope": scope}
    )
    if not is_new and scope == Scope.ALL:
        Suppression.objects.filter(pk=row.pk, scope=Scope.OFFERS).update(scope=Scope.ALL, reason=reason[:60])


def of(contact: Contact) -> dict[str, str]:
    """What stands against writing to this guest: the scope by channel."""
    indexes = {"email": contact.email_index, "sms": contact.phone_index}
    found = Suppression.objects.filter(address_index__in=[index for index in indexes.values() if index])
    return {row.channel: row.scope for row in found if indexes.get(row.channel) == row.address_index}
