"""From the editable card to published revisions: frozen, planned, taken back."""

from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from integrations.errors import ContentRejected, InvalidTransition
from integrations.events import announce
from menus import rules
from menus.document import content_hash
from menus.models import Menu, MenuRevision
from menus.services import writing
from menus.services.documents import document_of
from menus.signals import menu_published


def publish(
    menu: Menu,
    *,
    user: Any = None,
    at: datetime | None = None,
    platforms: list[str] | None = None,
    comment: str = "",
) -> MenuRevision:
    """Freeze the card as a new revision; the same card published twice is the same revision.

    at: when it comes into force, now by default. platforms: where it goes, everywhere by default. Raises ContentRejected listing what must be mended first.
    """
    document = document_of(menu)
    if problems := problems_of(document):
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="menu", problems=problems)
    digest, now = content_hash(document), timezone.now()
    with transaction.atomic():
        # The menu's row is the lock: two publications at once would take the same number.
        Menu.objects.select_for_update().get(pk=menu.pk)
        last = menu.revisions.order_by("-number").first()
        is_same = last and last.content_hash == digest and last.document == document and not last.is_withdrawn
        if last and is_same and at is None and last.effective_at <= now:
            if last.platforms is not None:
                last.platforms = None if platforms is None else sorted({*last.platforms, *platforms})
                last.save(update_fields=["platforms"])
            return last
        revision = MenuRevision.objects.create(
            menu=menu,
            number=last.number + 1 if last else 1,
            document=document,
            content_hash=digest,
            effective_at=at or now,
            platforms=platforms,
            comment=comment[:200],
            created_by=user if getattr(user, "is_authenticated", False) else None,
        )
        announce(menu_published, MenuRevision, revision_id=revision.pk)
    return revision


def problems_of(document: dict[str, Any]) -> list[dict[str, Any]]:
    """What no destination should ever be sent, with the place of each fault and its cure."""
    sold = any(category["items"] for category in document["categories"]) or document.get("formulas")
    if not sold:
        return [{"field": "categories", "message": "La carte est vide : ajoutez au moins un plat."}]
    try:
        rules.check(document)
    except ContentRejected as error:
        return list(error.problems)
    return []


def roll_back(revision: MenuRevision, *, user: Any = None) -> MenuRevision:
    """Bring the card back to what it was, as a new revision; what ran out since stays out."""
    with transaction.atomic():
        menu = writing.replace(revision.document, menu_id=revision.menu_id, keeps_stock=True)
        return publish(menu, user=user, comment=f"Retour à la version n° {revision.number}")


def withdraw_plan(revision: MenuRevision) -> None:
    """Drop a revision that was to come into force later. Raises InvalidTransition when it already did."""
    planned = MenuRevision.objects.filter(pk=revision.pk, effective_at__gt=timezone.now(), is_withdrawn=False)
    if not planned.update(is_withdrawn=True):
        raise InvalidTransition("Cette version est déjà en vigueur : publiez-en une autre.", code="in_force")
