"""Law 3 at work: one mutation, then read. A post whose fate is not known is looked for, never sent blindly again."""

from datetime import timedelta
from typing import Any

import structlog
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from integrations import credential_use
from integrations.claims import CLEAR_ERROR, RELEASE, abandoned, claim, error_fields, is_worn_out, retry_at, untried
from integrations.errors import AccountDisconnected, CommunicationError, OutcomeUnknown, PermanentError, TransientError
from integrations.events import announce
from social import queries
from social.connectors import registry
from social.connectors.base import Credentials, Post, Progress, Published
from social.models import Account, Publication, PublicationAttempt
from social.services import planning, slots
from social.signals import (
    account_connected,
    account_disconnected,
    publication_changed,
    publication_failed,
    publication_leaving,
    publication_published,
)

log = structlog.get_logger(__name__)
# Creations without an answer, and readings that find nothing: after so many of both a person decides.
MOST_UNANSWERED = 8
# When the figures of a new post are worth a first look; services/metrics.py has the cadence after it.
FIRST_LOOK = timedelta(minutes=5)
# Two looks without finding it, some time apart, mean that the post never got there.
ABSENCES_NEEDED = 2
# Why a publication is held, where what comes next depends on it.
ACCOUNT_LOST, UNDECIDED = "account_lost", "undecided"
# A clock of ours slightly ahead of theirs must not hide the post that we look for.
CLOCK_SKEW = timedelta(minutes=2)
Status = Publication.Status


def publish(publication_id: Any) -> None:
    """Send a due publication to its platform and record what happened."""
    if not claim(Publication, publication_id, from_states=[Status.SCHEDULED], to_state=Status.PUBLISHING):
        return
    publication = queries.with_content().get(pk=publication_id)
    if not slots.apply_late_rule(publication):
        return
    if publication.account.status == Account.Status.DISCONNECTED:
        hold(publication, f"Le compte {publication.account} est à reconnecter.", code=ACCOUNT_LOST)
        return
    if reasons := [reason for _, reason in publication_leaving.send(Publication, publication=publication) if reason]:
        hold(publication, " ".join(reasons))
        return
    try:
        published = _connector(publication).publish(
            Post.from_json(publication.post), credentials(publication.account), _progress(publication)
        )
    except OutcomeUnknown as error:
        suspect(publication, error)
    except TransientError as error:
        postpone(publication, error)
    except AccountDisconnected as error:
        disconnect(publication.account, error)
        hold(publication, str(error), error, code=ACCOUNT_LOST)
    except PermanentError as error:
        fail(publication, error)
    else:
        succeed(publication, published)


def settle(publication_id: Any) -> None:
    """Read the platform back for a publication of unknown fate: adopt the post, or send it again if surely absent."""
    if not claim(Publication, publication_id, from_states=[Status.UNKNOWN], to_state=Status.UNKNOWN):
        return
    publication = queries.with_content().get(pk=publication_id)
    if publication.creating_since is None:
        _schedule_again(publication)
        return
    try:
        found = _connector(publication).read_back(
            Post.from_json(publication.post),
            credentials(publication.account),
            publication.creating_since - CLOCK_SKEW,
            _progress(publication),
        )
    except CommunicationError as error:
        if isinstance(error, AccountDisconnected):
            disconnect(publication.account, error)
        _look_later(publication, F("absences"), error)
        return
    if found is not None and not _is_ours_already(publication, found):
        succeed(publication, found, step="relecture")
    elif publication.absences + 1 < ABSENCES_NEEDED:
        _look_later(publication, F("absences") + 1)
    else:
        _schedule_again(publication)


def succeed(publication: Publication, published: Published, step: str = "publication") -> None:
    _move(
        publication,
        status=Status.PUBLISHED,
        external_id=published.external_id,
        permalink=published.permalink,
        published_at=timezone.now(),
        next_attempt_at=None,
        metrics_due_at=timezone.now() + FIRST_LOOK,
        **CLEAR_ERROR,
    )
    record(publication, step, "publiée", published.permalink)
    announce(publication_published, Publication, publication_id=publication.pk)


def fail(publication: Publication, error: CommunicationError) -> None:
    _move(publication, status=Status.FAILED, next_attempt_at=None, creating_since=None, **error_fields(error))
    record(publication, "publication", "en échec", str(error), error.vendor_answer)
    announce(publication_failed, Publication, publication_id=publication.pk)


def postpone(publication: Publication, error: TransientError) -> None:
    """Try again later, unless this was the last of the tries."""
    if is_worn_out(publication.attempts, error):
        fail(publication, error)
        return
    at = retry_at(error, publication.attempts)
    # Refused before it was created: it may be sent again.
    _move(
        publication,
        status=Status.SCHEDULED,
        next_attempt_at=at,
        creating_since=None,
        **untried(error),
        **error_fields(error),
    )
    record(publication, "publication", "remise à plus tard", str(error), error.vendor_answer)


def hold(publication: Publication, reason: str, error: CommunicationError | None = None, *, code: str = "held") -> None:
    """Keep a publication back until a person has acted; it is not a failure."""
    _move(
        publication,
        status=Status.HELD,
        next_attempt_at=None,
        creating_since=None,
        last_error=reason,
        last_error_code=code,
    )
    record(publication, "publication", "retenue", reason, error.vendor_answer if error else "")
    announce(publication_changed, Publication, publication_id=publication.pk)


def suspect(publication: Publication, error: OutcomeUnknown) -> None:
    """It left and no answer came: look for it at the platform before anything else."""
    at = timezone.now() + _read_back_delay()
    _move(publication, status=Status.UNKNOWN, next_attempt_at=at, absences=0, **error_fields(error))
    record(publication, "publication", "à vérifier", str(error), error.vendor_answer)
    announce(publication_changed, Publication, publication_id=publication.pk)


def disconnect(account: Account, error: CommunicationError) -> None:
    """The access no longer opens: no more calls from this account until it is connected again."""
    changed = Account.objects.filter(pk=account.pk, status=Account.Status.CONNECTED).update(
        status=Account.Status.DISCONNECTED, status_reason=str(error)
    )
    if changed:
        announce(account_disconnected, Account, account_id=account.pk)


def connected(account: Account) -> int:
    """The platform knows us again: what was held for want of access leaves; returns how many publications."""
    announce(account_connected, Account, account_id=account.pk)
    return planning.retry(Publication.objects.filter(account=account, status=Status.HELD, last_error_code=ACCOUNT_LOST))


def recover_abandoned() -> int:
    """Publications whose worker died: sent again if the post was not yet being created, else to be verified."""
    found = abandoned(Publication.objects.all(), states=[Status.PUBLISHING])
    safe = found.filter(creating_since__isnull=True).update(status=Status.SCHEDULED, next_attempt_at=None, **RELEASE)
    doubtful = abandoned(Publication.objects.all(), states=[Status.PUBLISHING]).update(
        status=Status.UNKNOWN,
        next_attempt_at=timezone.now(),
        absences=0,
        last_error="Interrompu pendant la publication : à relire chez la plateforme.",
        last_error_code="interrupted",
        **RELEASE,
    )
    return safe + doubtful


def credentials(account: Account) -> Credentials:
    """What the connector needs to speak from an account."""
    if account.credential.platform != account.platform:
        log.error(
            "credential_misused", account=str(account.pk), platform=account.platform, of=account.credential.platform
        )
        credential_use.count(account.credential_id, credential_use.MISUSED)
        raise PermanentError(
            f"L'accès de {account} appartient à une autre plateforme : son usage est refusé.", code="credential_misused"
        )
    secrets = credential_use.opened(account.credential, account.platform)
    token = secrets.get("oauth2_token") or ("" if "access_token_secret" in secrets else secrets.get("access_token", ""))
    return Credentials(account.external_id, token, account.username, secrets, account.settings)


def record(publication: Publication, step: str, outcome: str, message: str = "", answer: str = "") -> None:
    """Add a line to the publication's history."""
    PublicationAttempt.objects.create(
        publication=publication, step=step, outcome=outcome, message=message, vendor_answer=answer[:4000]
    )


def _read_back_delay() -> timedelta:
    """Platforms list a post a little after they took it."""
    return timedelta(seconds=settings.READ_BACK_SECONDS)


def _connector(publication: Publication) -> Any:
    return registry[publication.account.platform]()


def _progress(publication: Publication) -> Progress:
    row = Publication.objects.filter(pk=publication.pk)

    def warn(sentence: str) -> None:
        if sentence not in publication.warnings:
            publication.warnings = [*publication.warnings, sentence]
            row.update(warnings=publication.warnings)

    return Progress(
        publication.progress,
        save=lambda data: row.update(progress=data),
        creating=lambda: row.update(creating_since=timezone.now()),
        warn=warn,
    )


def _move(publication: Publication, **changes: Any) -> None:
    """Write a new state, only while the row is still ours."""
    Publication.objects.filter(pk=publication.pk, status=publication.status, claimed_by=publication.claimed_by).update(
        **RELEASE, **changes
    )


def _look_later(publication: Publication, absences: Any, error: CommunicationError | None = None) -> None:
    if error is None:
        at = timezone.now() + _read_back_delay()
    else:
        # An access to be mended may take a person's time: look less and less often.
        at = retry_at(error, publication.attempts)
    _move(publication, next_attempt_at=at, absences=absences, **(error_fields(error) if error else {}))
    record(publication, "relecture", "pas encore trouvée" if error is None else "impossible", str(error or ""))


def _schedule_again(publication: Publication) -> None:
    if publication.attempts >= MOST_UNANSWERED:
        reason = "Envois sans réponse et relectures sans trouver, à plusieurs reprises : décidez de la suite."
        hold(publication, reason, code=UNDECIDED)
        return
    _move(
        publication,
        status=Status.SCHEDULED,
        next_attempt_at=timezone.now(),
        creating_since=None,
        absences=0,
        **CLEAR_ERROR,
    )
    record(publication, "relecture", "absente", "Rien n'est parti : la publication est programmée de nouveau.")


def _is_ours_already(publication: Publication, found: Published) -> bool:
    """The same text may have been posted by another publication of ours."""
    return (
        Publication.objects.filter(account=publication.account, external_id=found.external_id)
        .exclude(pk=publication.pk)
        .exists()
    )
