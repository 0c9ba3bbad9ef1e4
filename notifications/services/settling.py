"""Messages of unknown fate, settled by asking the service: found, or surely absent and sent again (law 3)."""

from integrations.errors import CommunicationError
from integrations.events import announce
from notifications.connectors import registry
from notifications.connectors.base import Access, MessageConnector
from notifications.models import Chunk, Notification, Provider
from notifications.services import outcomes
from notifications.services.providers import access_of
from notifications.services.windows import message_of
from notifications.signals import messages_settled


def settle_unknown() -> int:
    """Read back, at services that allow it, what left without an answer. Returns how many were settled."""
    providers = {
        provider.platform: (registry[provider.platform](), access_of(provider))
        for provider in Provider.objects.select_related("credential")
        if registry[provider.platform].can_read_back
    }
    settled = 0
    for row in outcomes.ripe_unknown(providers.keys()):
        settled += _settle(row, *providers[row.provider])
    return settled


def _settle(row: Notification, connector: MessageConnector, access: Access) -> bool:
    if row.chunk is None or row.contact is None:
        return False
    try:
        message = message_of(row.chunk, row.contact, row)
        found = connector.read_back(message, access, outcomes.unanswered_since(row))
    except CommunicationError as error:
        outcomes.note(row, code=error.code)
        return False
    if found is None:
        outcomes.send_again(row)
    else:
        outcomes.record([found])
        announce(messages_settled, Chunk, task_id=row.task_id)
    return True
