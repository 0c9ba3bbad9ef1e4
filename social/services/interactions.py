"""What guests say to us: kept once, read, given to someone, answered once (law 3), hidden or liked."""

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, is_worn_out, retry_at, untried
from integrations.errors import CommunicationError, OutcomeUnknown, TransientError
from integrations.events import announce
from integrations.queueing import enqueue
from social.connectors import _meta_webhooks, registry
from social.connectors._engagement import Interaction as Found
from social.models import Account, Interaction, Publication, Reply
from social.services.publishing import CLOCK_SKEW, MOST_UNANSWERED, UNDECIDED, credentials
from social.signals import interaction_received

log = structlog.get_logger(__name__)
# By name: tasks.py stands above the services.
SEND_REPLY = "social.tasks.send_reply"
# The event under which deliveries of Meta wait among those of other modules.
META_EVENT = "meta_webhook"
SETTLE_REPLY = "social.tasks.settle_reply"
# A first look that did not find the answer; a second one makes it surely absent.
ABSENT_ONCE = "absent_once"
# Guests answer for some days; older posts are left in peace.
WATCHED = timedelta(days=14)
# A clock of the vendor's behind ours must not hide a comment; what comes twice is absorbed.
OVERLAP = timedelta(minutes=10)
Status = Reply.Status


def receive(account: Account, found: list[Found]) -> int:
    """Keep what is new and not our own doing; returns how many were new. Each new one is a fact told outside."""
    new = 0
    posts = _publications(account, {item.post_id for item in found})
    for item in found:
        if item.author_id and item.author_id == account.external_id:
            continue
        if account.username and item.author_name == account.username:
            continue
        fields = {
            "publication": posts.get(item.post_id),
            "post_external_id": item.post_id,
            "parent_external_id": item.parent_id,
            "author_id": item.author_id,
            "author_name": item.author_name[:200],
            "text": item.text,
            "url": item.url[:500],
            "occurred_at": item.created_at or timezone.now(),
        }
        try:
            with transaction.atomic():
                row, is_new = Interaction.objects.get_or_create(
                    account=account, kind=item.kind, external_id=item.external_id, defaults=fields
                )
                if is_new:
                    announce(interaction_received, Interaction, interaction_id=row.pk)
        except IntegrityError:
            # Another worker kept it between our look and our write.
            continue
        if not is_new and row.text != item.text and item.text:
            Interaction.objects.filter(pk=row.pk).update(text=item.text, is_read=False)
        new += is_new
    return new


def meta_app_secrets() -> list[str]:
    """The secrets of the applications that our Facebook and Instagram accounts were connected with."""
    accounts = Account.objects.filter(platform__in=["facebook", "instagram"]).select_related("credential")
    found = {account.credential.secrets.get("app_secret", "") for account in accounts}
    return sorted(found - {""})


def receive_meta(payload: dict[str, Any]) -> int:
    """Keep what a delivery of Meta tells about our accounts; returns how many interactions are new."""
    found: dict[tuple[str, str], list[Found]] = defaultdict(list)
    for slug, external_id, item in _meta_webhooks.interactions_of(payload):
        found[slug, external_id].append(item)
    new = 0
    for (slug, external_id), items in found.items():
        account = Account.objects.filter(platform=slug, external_id=external_id).first()
        if account is not None:
            new += receive(account, items)
    return new


def _publications(account: Account, post_ids: set[str]) -> dict[str, Publication]:
    rows = Publication.objects.filter(account=account, external_id__in=post_ids - {""})
    return {row.external_id: row for row in rows}


def poll(account_id: Any) -> int:
    """Ask a network what was said under our recent posts; returns how many interactions are new."""
    account = Account.objects.select_related("credential").get(pk=account_id)
    now = timezone.now()
    posts = list(
        Publication.objects.filter(
            account=account, status=Publication.Status.PUBLISHED, published_at__gte=now - WATCHED
        ).values_list("external_id", flat=True)
    )
    connector = registry[account.platform]()
    if not connector.has_interactions or account.status != Account.Status.CONNECTED:
        return 0
    if connector.interactions_need_posts and not posts:
        return 0
    last = Interaction.objects.filter(account=account).order_by("-occurred_at").values_list("occurred_at", flat=True)
    since = (last.first() or now - WATCHED) - OVERLAP
    try:
        found = connector.interactions(credentials(account), since, posts)
    except CommunicationError as error:
        log.warning("interactions_not_read", account=str(account.pk), code=error.code)
        return 0
    return receive(account, found)


def mark_read(ids: list[Any], is_read: bool = True) -> int:
    """Mark as read or unread; returns how many changed."""
    return Interaction.objects.filter(pk__in=ids).exclude(is_read=is_read).update(is_read=is_read)


def assign(interaction: Interaction, user: Any | None) -> None:
    """Give an interaction to someone, or to nobody."""
    Interaction.objects.filter(pk=interaction.pk).update(assigned_to=user)


def hide(interaction: Interaction, hidden: bool) -> None:
    """Hide a comment at the network, or show it again. Raises PermanentError where the network has no such thing."""
    connector = registry[interaction.account.platform]()
    connector.hide(interaction.external_id, hidden, credentials(interaction.account))
    Interaction.objects.filter(pk=interaction.pk).update(is_hidden=hidden)


def like(interaction: Interaction, liked: bool = True) -> None:
    """Like a comment as the restaurant. Raises PermanentError where the network has no such thing."""
    connector = registry[interaction.account.platform]()
    connector.like(interaction.external_id, credentials(interaction.account), liked)
    Interaction.objects.filter(pk=interaction.pk).update(is_liked=liked)


def reply(interaction: Interaction, text: str, *, user: Any) -> Reply:
    """Write an answer and queue it; the interaction is then read."""
    with transaction.atomic():
        made = Reply.objects.create(interaction=interaction, text=text.strip(), author=user)
        Interaction.objects.filter(pk=interaction.pk).update(is_read=True)
        enqueue(SEND_REPLY, made.pk, priority=2)
    return made


def send_reply(reply_id: Any) -> None:
    """Send an answer once; without a clear outcome it is `unknown`, and looked for before anything else."""
    if not claim(Reply, reply_id, from_states=[Status.PENDING], to_state=Status.SENDING, creating_since=timezone.now()):
        return
    row = Reply.objects.select_related("interaction__account__credential").get(pk=reply_id)
    account = row.interaction.account
    try:
        external_id = registry[account.platform]().reply(row.interaction.external_id, row.text, credentials(account))
    except OutcomeUnknown as error:
        _end(row, Status.UNKNOWN, next_attempt_at=_later(), **error_fields(error))
    except TransientError as error:
        if is_worn_out(row.attempts, error):
            _end(row, Status.FAILED, **error_fields(error))
        else:
            at = retry_at(error, row.attempts)
            _end(row, Status.PENDING, next_attempt_at=at, creating_since=None, **untried(error), **error_fields(error))
    except CommunicationError as error:
        _end(row, Status.FAILED, **error_fields(error))
    else:
        _end(row, Status.SENT, external_id=external_id, sent_at=timezone.now(), **CLEAR_ERROR)


def settle_reply(reply_id: Any) -> None:
    """Look for an answer of unknown fate under the post: adopt it, or send it again once it is surely absent."""
    if not claim(Reply, reply_id, from_states=[Status.UNKNOWN], to_state=Status.UNKNOWN):
        return
    row = Reply.objects.select_related("interaction__account__credential").get(pk=reply_id)
    account, since = row.interaction.account, (row.creating_since or row.created_at) - CLOCK_SKEW
    try:
        found = registry[account.platform]().find_reply(
            row.interaction.external_id, row.text, credentials(account), since
        )
    except CommunicationError as error:
        changes = {"status": Status.FAILED} if is_worn_out(row.attempts, error) else {"next_attempt_at": _later()}
        _settled(row, **changes, **error_fields(error))
        return
    if found is not None:
        _settled(row, status=Status.SENT, external_id=found, sent_at=timezone.now(), **CLEAR_ERROR)
    elif row.last_error_code != ABSENT_ONCE:
        _settled(row, next_attempt_at=_later(), last_error_code=ABSENT_ONCE)
    elif row.attempts >= MOST_UNANSWERED:
        reason = (
            "Envoyée plusieurs fois sans réponse du réseau, et jamais trouvée : regardez sous le message, puis décidez."
        )
        _settled(row, status=Status.FAILED, last_error=reason, last_error_code=UNDECIDED)
    else:
        _settled(row, status=Status.PENDING, next_attempt_at=timezone.now(), creating_since=None, **CLEAR_ERROR)


def _settled(row: Reply, **changes: Any) -> None:
    Reply.objects.filter(pk=row.pk, status=Status.UNKNOWN, claimed_by=row.claimed_by).update(**RELEASE, **changes)


def _later() -> datetime:
    """Networks list an answer a little after they took it."""
    return timezone.now() + timedelta(seconds=settings.READ_BACK_SECONDS)


def recover_abandoned() -> int:
    """Answers whose worker died while they left: looked for before they may leave again. Returns their number."""
    return abandoned(Reply.objects.all(), states=[Status.SENDING]).update(
        status=Status.UNKNOWN,
        next_attempt_at=timezone.now(),
        last_error="Interrompu pendant l'envoi : à chercher sous le post.",
        last_error_code="interrupted",
        **RELEASE,
    )


def _end(row: Reply, status: str, **changes: Any) -> None:
    Reply.objects.filter(pk=row.pk, status=Status.SENDING, claimed_by=row.claimed_by).update(
        status=status, **RELEASE, **changes
    )


def poll_all() -> int:
    """Ask every network of a connected account; returns how many interactions are new."""
    connected = Account.objects.filter(status=Account.Status.CONNECTED)
    return sum(poll(account_id) for account_id in connected.values_list("pk", flat=True))
