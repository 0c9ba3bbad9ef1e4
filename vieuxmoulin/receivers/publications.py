"""What becomes of publications and of the accounts that say them."""

from typing import Any
from uuid import UUID

from django.dispatch import receiver
from django.urls import reverse

from menus import queries as menu_queries
from social.models import Account, Interaction, Publication
from social.signals import (
    account_connected,
    account_disconnected,
    interaction_received,
    publication_changed,
    publication_failed,
    publication_leaving,
    publication_published,
)
from vieuxmoulin import alerts
from vieuxmoulin.orchestrator import card_posts, ledger, own_events


@receiver(publication_leaving)
def hold_what_names_an_absent_dish(publication: Publication, **_: Any) -> str | None:
    """Law 10: asked again at the moment of leaving."""
    absent = menu_queries.absent_items(publication.content.item_refs)
    return f"Plat indisponible : {', '.join(absent)}." if absent else None


@receiver(publication_published)
def tell_publication_success(publication_id: UUID, **_: Any) -> None:
    publication = Publication.objects.select_related("account").get(pk=publication_id)
    payload = {
        "platform": publication.account.platform,
        "post_id": publication.public_id,
        "permalink": publication.permalink,
        "engagement_metrics": {"likes": 0, "shares": 0, "comments": 0},
    }
    own_events.tell("publication_success", "social_media", payload, fact_key=f"publication:{publication_id}:success")
    ledger.refresh(publication.task_id)


@receiver(publication_failed)
def tell_publication_failure(publication_id: UUID, **_: Any) -> None:
    publication = Publication.objects.select_related("account").get(pk=publication_id)
    payload = {
        "platform": publication.account.platform,
        "post_id": publication.public_id,
        "error": {"code": publication.last_error_code, "message": publication.last_error},
    }
    key = f"publication:{publication_id}:failure:{publication.attempts}"
    own_events.tell("publication_failure", "social_media", payload, fact_key=key)
    ledger.refresh(publication.task_id)


@receiver(publication_changed)
def follow_publication(publication_id: UUID, **_: Any) -> None:
    ledger.refresh(Publication.objects.values_list("task_id", flat=True).get(pk=publication_id))


@receiver(account_disconnected)
def call_for_reconnection(account_id: UUID, **_: Any) -> None:
    account = Account.objects.get(pk=account_id)
    waiting = Publication.objects.filter(account=account, status=Publication.Status.SCHEDULED).count()
    alerts.raise_alert(
        f"account:{account_id}",
        f"{account} ne peut plus publier : reconnectez-le.",
        f"{account.status_reason} Rien n'est perdu : {waiting} publication(s) prévue(s) seront retenues, puis partiront "
        "une fois le compte reconnecté et leur envoi relancé.",
        address=reverse("admin:social_account_change", args=[account_id]),
        permission="social.change_account",
        is_urgent=True,
    )


@receiver(account_connected)
def close_call_for_reconnection(account_id: UUID, **_: Any) -> None:
    alerts.resolve(f"account:{account_id}")


@receiver(interaction_received)
def tell_engagement(interaction_id: UUID, **_: Any) -> None:
    interaction = Interaction.objects.select_related("account", "publication__account").get(pk=interaction_id)
    publication = interaction.publication
    payload = {
        "platform": interaction.account.platform,
        "kind": interaction.kind,
        "interaction_id": str(interaction.pk),
        "post_id": publication.public_id if publication else interaction.post_external_id,
        "author": interaction.author_name,
        "text": interaction.text,
        "url": interaction.url,
        "occurred_at": interaction.occurred_at.isoformat(),
    }
    own_events.tell("engagement", "social_media", payload, fact_key=f"interaction:{interaction_id}")


@receiver(publication_published)
def tick_the_card_said_on_the_networks(publication_id: UUID, **_: Any) -> None:
    content = Publication.objects.select_related("content").get(pk=publication_id).content
    if content.metadata.get(card_posts.SYNC):
        card_posts.follow(content)
