"""Publishing as staff do it: what is approved leaves, and what came of the request is told."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _

from campaigns.models import Content
from campaigns.services import approval
from integrations.admin_tools.display import link, short_date
from integrations.errors import InvalidTransition
from vieuxmoulin.orchestrator import Requester
from vieuxmoulin.orchestrator.publishing import Published, publish


def publish_approved(user: Any, content: Content, platforms: list[str], **options: Any) -> Published:
    """Publish a content whose words are approved; whoever may approve does so on the way.

    Raises InvalidTransition for somebody who must submit it first, and what `orchestrator.publishing.publish` raises.
    """
    if not approval.is_approved(content):
        if not user.has_perm(approval.APPROVE):
            raise InvalidTransition(
                _("Ce contenu n'est pas validé : soumettez-le, la direction le validera."), code="not_approved"
            )
        approval.approve(content, user=user)
    return publish(content, platforms, requester=Requester(user=user), **options)


def tell(request: HttpRequest, made: Published, *, is_later: bool) -> None:
    """Say what was accepted, what was moved or left out, and what had been asked before."""
    for warning in dict.fromkeys(made.warnings):
        messages.warning(request, warning)
    rows = list(made.publications.values())
    kept = [row for row in rows if row.task_id != made.task.pk]
    for row in kept:
        text = _("Déjà demandé sur %(where)s : cette publication est %(state)s. Rien n'est envoyé deux fois.")
        messages.warning(
            request, text % {"where": row.account.get_platform_display(), "state": row.get_status_display()}
        )
    new = [row for row in rows if row not in kept]
    if not new:
        return
    told = (
        _("Publication programmée pour le %(date)s.") % {"date": short_date(min(row.scheduled_at for row in new))}
        if is_later
        else _("C'est parti.")
    )
    messages.success(request, format_html("{} {}", told, link(made.task, _("Suivre la tâche"))))
