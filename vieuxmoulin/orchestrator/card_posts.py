"""The card said on social networks when it is published: once per revision, and seldom enough to be read."""

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.core.files.storage import default_storage
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Content
from integrations.claims import error_fields
from integrations.errors import CommunicationError
from menus.connectors.card_post import CardPostConnector
from menus.models import MenuSync
from menus.posting import post_of
from menus.services import placing, syncing
from social import queries
from social.models import Account, Publication
from vieuxmoulin.orchestrator.publishing import publish

log = structlog.get_logger(__name__)
SLUG = CardPostConnector.slug
# Where a content says which card it is about.
REVISION, SYNC = "menu_revision", "menu_sync"
Status = Publication.Status
GONE = (Status.FAILED, Status.CANCELED)


def post(sync_id: Any) -> None:
    """Make the post that a published card asks for; what is done, or under way already, is left alone.

    When it cannot be made the sync says why, and its task stays for a person.
    """
    with transaction.atomic():
        # The row is the lock: a task may run twice.
        rows = _asked().filter(pk=sync_id).select_for_update(of=("self",))
        sync = rows.select_related("revision__menu", "destination__credential").first()
        if sync is None or _content_of(sync) is not None:
            return
        if reason := _why_not(sync):
            syncing.done_by_hand(sync.manual_task, by=reason)
            return
        try:
            with transaction.atomic():
                _publish(sync)
        except CommunicationError as error:
            log.warning("card_not_posted", sync_id=str(sync.pk), code=error.code)
            _asked().filter(pk=sync.pk).update(**error_fields(error))


def follow(content: Content) -> None:
    """A publication of a content came out: once every network shows the card, its task is done."""
    sync = _asked().filter(pk=content.metadata.get(SYNC)).first()
    if sync is None:
        return
    states = set(content.publications.exclude(status=Status.CANCELED).values_list("status", flat=True))
    if states == {Status.PUBLISHED}:
        syncing.done_by_hand(sync.manual_task, by=_("la publication automatique"))


def sweep() -> int:
    """Law 1: what was asked for and forgotten on the way is done now; returns how many posts were waiting."""
    waiting = 0
    for sync in _asked().order_by("created_at"):
        content = _content_of(sync)
        if content is not None:
            follow(content)
        elif not sync.last_error:
            post(sync.pk)
            waiting += 1
    return waiting


def _asked() -> QuerySet[MenuSync]:
    """The cards whose post is not out."""
    return MenuSync.objects.filter(
        destination__platform=SLUG, status=MenuSync.Status.CONFIRMING, manual_task__done_at=None
    )


def _content_of(sync: MenuSync) -> Content | None:
    return Content.objects.filter(**{f"metadata__{SYNC}": str(sync.pk)}).first()


def _why_not(sync: MenuSync) -> str:
    """Why this card is not said (again); "" when it is."""
    posted = Content.objects.filter(metadata__has_key=REVISION)
    posted = posted.filter(publications__in=Publication.objects.exclude(status__in=GONE))
    if posted.filter(**{f"metadata__{REVISION}": str(sync.revision_id)}).exists():
        return _("personne : cette version est déjà partagée")
    days = _days(sync)
    last = posted.filter(created_at__gt=timezone.now() - timedelta(days=days)).order_by("-created_at").first()
    if last is None:
        return ""
    return _("personne : une carte est déjà partagée depuis le %(day)s") % {
        "day": timezone.localtime(last.created_at).strftime("%d/%m/%Y")
    }


def _publish(sync: MenuSync) -> None:
    connector = CardPostConnector()
    document = placing.document_for(sync.revision, sync.destination, timezone.now())
    _picture, named = connector.picture(document)
    said, address = post_of(document), f"{settings.PUBLIC_URL}/carte/"
    content = {
        "title": said.title,
        "body": said.body(address),
        "link": address,
        "media_urls": [f"{settings.PUBLIC_URL}{default_storage.url(sync.reference)}"],
        "alt_texts": [_("%(title)s : %(lines)s") % {"title": said.title, "lines": _spoken(said, named)}],
        "item_refs": [ref for ref in named if ref in _dishes(document)],
        "metadata": {REVISION: str(sync.revision_id), SYNC: str(sync.pk)},
    }
    publish(content, _networks(sync))


def _networks(sync: MenuSync) -> list[str]:
    """The networks asked for that have a connected account; all that were asked for when none has, to be told why."""
    target = placing.target_of(sync.destination)
    wanted = [one.strip() for one in CardPostConnector().need(target, "networks").split(",") if one.strip()]
    accounts = queries.accounts_for(wanted)
    ready = [slug for slug in wanted if slug in accounts and accounts[slug].status == Account.Status.CONNECTED]
    return ready or wanted


def _days(sync: MenuSync) -> int:
    said = CardPostConnector().need(placing.target_of(sync.destination), "apart_days")
    return int(said) if said.isdigit() else 7


def _dishes(document: dict[str, Any]) -> set[str]:
    """Set menus are no items: only dishes can be asked whether they ran out."""
    return {item["id"] for category in document["categories"] for item in category["items"]}


def _spoken(said: Any, named: list[str]) -> str:
    """What the picture shows, for who cannot see it; a thousand signs at most with the title."""
    lines = [f"{line.words} {line.price}" for line in said.lines if line.ref in set(named)]
    return ", ".join(lines)[:850]
