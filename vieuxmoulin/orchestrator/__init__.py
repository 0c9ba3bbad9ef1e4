"""The one place from which everything is asked: by the API, the back-office, programs and campaigns.

The asynchronous methods keep the mission's names; each has its plain counterpart in a module of this package, which
the API and the back-office call directly.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.utils.dateparse import parse_datetime

from integrations.services import outbound
from vieuxmoulin.orchestrator import conducting, menus, notifying, publishing, status
from vieuxmoulin.orchestrator.ledger import Requester

__all__ = ["Orchestrator", "Requester", "get_orchestrator"]


class Orchestrator:
    """The mission's public Python interface (SemVer)."""

    def __init__(self, requester: Requester) -> None:
        self._requester = requester

    async def publish_to_social_media(
        self,
        content: dict[str, Any],
        platforms: list[str],
        *,
        scheduled_time: datetime | str | None = None,
        targeting: dict[str, Any] | None = None,
        campaign_id: UUID | str | None = None,
        priority: int = 5,
        accept: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Publish now, or at a time; returns the task's id and a publication id per platform.

        Raises ContentRejected (`problems` names each fault and proposes a cure) or AccountDisconnected.
        """
        at = parse_datetime(scheduled_time) if isinstance(scheduled_time, str) else scheduled_time
        made = await sync_to_async(publishing.publish)(
            content,
            platforms,
            scheduled_time=at,
            targeting=targeting,
            campaign_id=campaign_id,
            priority=priority,
            accept=accept,
            requester=self._requester,
        )
        return {
            "task_id": str(made.task.pk),
            "publication_ids": {name: row.public_id for name, row in made.publications.items()},
            "warnings": made.warnings,
        }

    async def send_notification(
        self, template: str, recipients: list[str] | str, data: dict[str, Any], channels: list[str]
    ) -> dict[str, Any]:
        """Write to guests who agreed; returns the task's id and the number of messages. Raises ContentRejected."""
        made = await sync_to_async(notifying.notify)(template, recipients, data, channels, requester=self._requester)
        return {"task_id": str(made.task.pk), "messages": made.messages}

    async def update_menu(self, menu_data: dict[str, Any], platforms: list[str] | None = None) -> dict[str, Any]:
        """Publish a card on destinations; returns the task's id and the revision's. Raises ContentRejected."""
        made = await sync_to_async(menus.update_menu)(menu_data, platforms, requester=self._requester)
        return {
            "task_id": str(made.task.pk),
            "revision_id": str(made.revision.pk),
            "platforms": [sync.destination.platform for sync in made.syncs],
        }

    async def manage_campaign(self, action: str, campaign_id: UUID | str | None = None, **kwargs: Any) -> Any:
        """Create, update, start, pause, resume or cancel a campaign: its id; or report on it: a document.

        Raises ContentRejected or InvalidTransition.
        """
        campaign, _ = await sync_to_async(conducting.manage)(action, campaign_id, requester=self._requester, **kwargs)
        if action == "report":
            return await sync_to_async(conducting.report)(campaign)
        return str(campaign.pk)

    async def get_sync_status(self) -> dict[str, Any]:
        """Queues, heartbeats, services and counts, as `GET /api/communication/status` tells them."""
        return await sync_to_async(status.status)()

    def register_webhook(self, event: str, url: str) -> str:
        """Subscribe an address to an event; returns the signing secret, empty when the address had one already.

        Raises ContentRejected or PermanentError.
        """
        _, secret = outbound.register(event, url)
        return secret

    def unregister_webhook(self, event: str, url: str) -> bool:
        """Unsubscribe an address; False when it was not subscribed."""
        return outbound.unregister(event, url)


def get_orchestrator(requester: str = "Python") -> Orchestrator:
    """The orchestrator, speaking for a program of that name."""
    return Orchestrator(Requester(requester))
