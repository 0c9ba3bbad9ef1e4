"""Two pairs of eyes: a content is submitted, approved as it stands, and approved again when its words change."""

import hashlib
import json
from typing import Any

from django.db import transaction
from django.utils import timezone

from campaigns.models import Approval, Content
from integrations.errors import InvalidTransition

APPROVE = "campaigns.approve_content"


def submit(content: Content, *, user: Any) -> Content:
    """Ask for approval. Raises InvalidTransition when it is approved already."""
    moved = Content.objects.filter(pk=content.pk, approval=Approval.DRAFT).update(
        approval=Approval.SUBMITTED, submitted_by=user
    )
    content.refresh_from_db()
    if not moved and content.approval == Approval.APPROVED:
        raise InvalidTransition(
            f"« {content} » est déjà validé : publiez-le, ou modifiez-le pour le soumettre de nouveau."
        )
    return content


def approve(content: Content, *, user: Any) -> Content:
    """Approve the words as they stand now. Raises InvalidTransition for someone who may not."""
    if not user.has_perm(APPROVE):
        raise InvalidTransition("Vous ne pouvez pas valider un contenu : demandez à la direction.", code="not_allowed")
    with transaction.atomic():
        locked = Content.objects.select_for_update().get(pk=content.pk)
        Content.objects.filter(pk=content.pk).update(
            approval=Approval.APPROVED,
            approved_hash=words_hash(locked),
            approved_by=user,
            approved_at=timezone.now(),
        )
    content.refresh_from_db()
    return content


def send_back(content: Content, *, user: Any, reason: str) -> Content:
    """Refuse a submitted content, with the reason that its author reads. Raises InvalidTransition."""
    if not user.has_perm(APPROVE):
        raise InvalidTransition("Vous ne pouvez pas renvoyer un contenu : demandez à la direction.", code="not_allowed")
    metadata = {**content.metadata, "sent_back": {"by": user.get_username(), "reason": reason}}
    moved = Content.objects.filter(pk=content.pk, approval=Approval.SUBMITTED).update(
        approval=Approval.DRAFT, metadata=metadata
    )
    content.refresh_from_db()
    if not moved:
        raise InvalidTransition(f"« {content} » n'attend pas de validation.", code="not_submitted")
    return content


def is_approved(content: Content) -> bool:
    """Whether these very words were approved."""
    return content.approval == Approval.APPROVED and content.approved_hash == words_hash(content)


def edited(content: Content) -> bool:
    """Call after any edit: other words than those approved need a new approval. True when one was revoked."""
    if content.approval != Approval.APPROVED or content.approved_hash == words_hash(content):
        return False
    Content.objects.filter(pk=content.pk).update(
        approval=Approval.DRAFT, approved_hash="", approved_by=None, approved_at=None
    )
    content.refresh_from_db()
    return True


def words_hash(content: Content) -> str:
    """Names all that a guest would read or see: text, link, labels, pictures, and the texts of each network."""
    said = {
        "title": content.title,
        "body": content.body,
        "link": content.link,
        "hashtags": content.hashtags,
        "media": [[media.url, media.file.name, media.alt_text] for media in content.media.order_by("position", "pk")],
        "variations": [[v.platform, v.title, v.body] for v in content.variations.order_by("platform")],
    }
    return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
