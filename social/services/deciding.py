"""A person's word on what no reading could settle: it is online, it is not, or it no longer matters (law 3).

A decision is taken only where the automatic reading is not at work on the same row: the two never both act.
"""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.claims import CLEAR_ERROR, RELEASE
from integrations.errors import ContentRejected, InvalidTransition
from integrations.events import announce
from integrations.queueing import enqueue
from social.connectors import registry
from social.models import Publication, PublicationAttempt, Reply
from social.services import interactions, planning
from social.services.publishing import FIRST_LOOK, UNDECIDED
from social.signals import publication_changed, publication_published

Status = Publication.Status


def is_undecided(publication: Publication) -> bool:
    """Whether a person may say what became of it."""
    return publication.status == Status.UNKNOWN or (
        publication.status == Status.HELD and publication.last_error_code == UNDECIDED
    )


def found(publication: Publication, link: str, *, user: Any) -> None:
    """It is online, at that address. Raises ContentRejected for an address of another place, InvalidTransition."""
    connector = registry[publication.account.platform]()
    external_id = connector.id_in_link(link, publication.account.external_id)
    if external_id is None:
        raise ContentRejected(
            _("Cette adresse n'est pas celle d'un post %(network)s : copiez-la depuis le post lui-même.")
            % {"network": connector.label},
            code="not_a_post",
        )
    now = timezone.now()
    taken = Publication.objects.filter(account=publication.account, external_id=external_id).exclude(pk=publication.pk)
    if external_id and taken.exists():
        raise ContentRejected(_("Ce post est déjà celui d'une autre publication."), code="adopted_already")
    with transaction.atomic():
        _decide(
            publication,
            status=Status.PUBLISHED,
            external_id=external_id,
            permalink=link,
            published_at=publication.creating_since or now,
            next_attempt_at=None,
            metrics_due_at=now + FIRST_LOOK if external_id else None,
            **CLEAR_ERROR,
        )
        _note(publication, "publiée", _("%(who)s l'a vue en ligne : %(link)s"), user, link=link)
        announce(publication_published, Publication, publication_id=publication.pk)


def absent(publication: Publication, *, user: Any) -> None:
    """It is not online: it leaves again, now. Raises InvalidTransition."""
    with transaction.atomic():
        now = timezone.now()
        _decide(
            publication,
            status=Status.SCHEDULED,
            next_attempt_at=now,
            creating_since=None,
            absences=0,
            attempts=0,
            **CLEAR_ERROR,
        )
        _note(publication, "absente", _("%(who)s ne l'a pas trouvée en ligne : elle repart."), user)
        enqueue(planning.PUBLISH, publication.pk)
        announce(publication_changed, Publication, publication_id=publication.pk)


def give_up(publication: Publication, *, user: Any) -> None:
    """It no longer matters: nothing more is sent or looked for. Raises InvalidTransition."""
    with transaction.atomic():
        _decide(publication, status=Status.CANCELED, next_attempt_at=None)
        _note(publication, "abandonnée", _("%(who)s l'a abandonnée : si le post est en ligne, il y reste."), user)
        announce(publication_changed, Publication, publication_id=publication.pk)


def _decide(publication: Publication, **changes: Any) -> None:
    undecided = Q(status=Status.UNKNOWN) | Q(status=Status.HELD, last_error_code=UNDECIDED)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())
    if not Publication.objects.filter(undecided, free, pk=publication.pk).update(**RELEASE, **changes):
        raise InvalidTransition(
            _("Cette publication est en train d'être vérifiée, ou son sort est déjà connu : rechargez la page."),
            code="not_undecided",
        )
    publication.refresh_from_db()


def _note(publication: Publication, outcome: str, sentence: str, user: Any, **values: str) -> None:
    who = getattr(user, "get_username", lambda: str(user))()
    PublicationAttempt.objects.create(
        publication=publication, step="décision", outcome=outcome, message=sentence % {"who": who, **values}
    )


# --- Answers to guests -----------------------------------------------------------------------------------------------


def reply_found(reply: Reply) -> None:
    """Our answer is under the post. Raises InvalidTransition."""
    _decide_reply(reply, [Reply.Status.UNKNOWN], status=Reply.Status.SENT, sent_at=timezone.now(), **CLEAR_ERROR)


def reply_again(reply: Reply) -> None:
    """Our answer is not there, or was refused: it leaves again. Raises InvalidTransition."""
    states = [Reply.Status.UNKNOWN, Reply.Status.FAILED]
    with transaction.atomic():
        again = {"status": Reply.Status.PENDING, "next_attempt_at": None, "creating_since": None, "attempts": 0}
        _decide_reply(reply, states, **again, **CLEAR_ERROR)
        enqueue(interactions.SEND_REPLY, reply.pk, priority=2)


def reply_given_up(reply: Reply) -> None:
    """Never mind that answer. Raises InvalidTransition."""
    states = [Reply.Status.UNKNOWN, Reply.Status.FAILED]
    _decide_reply(reply, states, status=Reply.Status.FAILED, last_error=_("Abandonnée."), last_error_code="given_up")


def _decide_reply(reply: Reply, states: Sequence[str], **changes: Any) -> None:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=timezone.now())
    if not Reply.objects.filter(free, pk=reply.pk, status__in=states).update(**RELEASE, **changes):
        raise InvalidTransition(
            _("Cette réponse est en train d'être vérifiée, ou son sort est déjà connu : rechargez la page."),
            code="not_undecided",
        )
    reply.refresh_from_db()
