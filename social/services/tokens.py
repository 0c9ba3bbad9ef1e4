"""The tokens we hold: renewed before they end, given back when an account is left, never lent to another platform."""

import random
from datetime import datetime, timedelta

import structlog
from django.core.cache import cache
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from integrations import credential_use
from integrations.errors import AccountDisconnected, CommunicationError, PermanentError
from integrations.models import Credential
from social.connectors import registry
from social.connectors._login import App, Login
from social.models import Account
from social.services import publishing
from social.services.connecting import application_of

log = structlog.get_logger(__name__)
RENEW_LOCK_SECONDS = 120
# A token that ended while nobody renewed it (the house was closed) is tried again at this pace.
REVIVE_PACE = timedelta(hours=1)
LEFT = "Déconnecté par le restaurant."


def renew_due() -> int:
    """Renew the tokens that end soon; returns how many were. A refusal disconnects the account, its posts are held.

    An account lost because its token ended meanwhile speaks again if the platform still renews it.
    """
    now = timezone.now()
    is_lost = Q(status=Account.Status.DISCONNECTED, credential__expires_at__lt=now)
    ending = Account.objects.filter(
        Q(status=Account.Status.CONNECTED, credential__expires_at__isnull=False) | is_lost
    ).select_related("credential")
    return sum(_renew(account) for account in ending if _is_due(account, now))


def renewed_if_over(account: Account) -> Account:
    """The account with a token that lives, when its own ended while nobody renewed it; else as it is."""
    ends = account.credential.expires_at
    if not registry[account.platform].can_connect or ends is None or ends > timezone.now() or not _renew(account):
        return account
    return Account.objects.select_related("credential").get(pk=account.pk)


def _is_due(account: Account, now: datetime) -> bool:
    connector, ends = registry[account.platform](), account.credential.expires_at
    if not connector.can_connect or ends is None:
        return False
    if account.status == Account.Status.DISCONNECTED:
        return cache.add(f"social.revive:{account.pk}", True, REVIVE_PACE.total_seconds())
    # Jitter: accounts connected together are not all renewed in the same minute.
    margin = connector.renew_before * random.uniform(0.9, 1.1)  # noqa: S311 (spreads load, no secret)
    return ends < now + margin


def _renew(account: Account) -> bool:
    """One worker renews at a time: some vendors take a refresh token once."""
    if not cache.add(f"social.renew:{account.credential_id}", True, RENEW_LOCK_SECONDS):
        return False
    credential = Credential.objects.get(pk=account.credential_id)
    if credential.updated_at != account.credential.updated_at:
        return False
    try:
        _check_own(account)
        fresh, ends = registry[account.platform]().renew(
            application_of(account), credential_use.opened(credential, account.platform)
        )
    except AccountDisconnected as error:
        # Unless another worker was faster, which the lock above only forbids while the shared cache is there.
        if Credential.objects.filter(pk=credential.pk, updated_at=credential.updated_at).exists():
            publishing.disconnect(account, error)
        return False
    except (CommunicationError, KeyError) as error:
        # Without a refresh token there is nothing to ask: the token serves until it ends.
        log.warning("token_not_renewed", account=str(account.pk), error=type(error).__name__)
        return False
    # An account that was left meanwhile stays left.
    now = timezone.now()
    kept = Credential.objects.filter(pk=credential.pk, updated_at=credential.updated_at).update(
        secrets=fresh, expires_at=ends, updated_at=now
    )
    if kept and account.status == Account.Status.DISCONNECTED:
        _speak_again(account)
    return bool(kept)


def _speak_again(account: Account) -> None:
    back = Account.objects.filter(pk=account.pk, status=Account.Status.DISCONNECTED).exclude(status_reason=LEFT)
    if back.update(status=Account.Status.CONNECTED, status_reason=""):
        publishing.connected(account)


def leave(account: Account) -> str:
    """Give the access back and forget it; returns a French warning when it is not wholly given back."""
    try:
        _check_own(account)
    except PermanentError as error:
        _mark_left(account)
        return f"{error} Il n'a pas été rendu."
    others = _same_agreement(account)
    warning = _keeps_open(account, others) if others else _give_back(account, registry[account.platform]())
    with transaction.atomic():
        if not Account.objects.filter(credential_id=account.credential_id).exclude(pk=account.pk).exists():
            Credential.objects.filter(pk=account.credential_id).update(
                secrets={}, expires_at=None, updated_at=timezone.now()
            )
        _mark_left(account)
    return warning


def _give_back(account: Account, connector: Login) -> str:
    if not connector.can_connect or not account.credential.secrets:
        return ""
    try:
        address = account.settings.get("instance_url", "")
        app = App("", address=address) if connector.signs_in else application_of(account)
        connector.revoke(app, credential_use.opened(account.credential, account.platform))
    except (CommunicationError, KeyError) as error:
        log.warning("token_not_revoked", account=str(account.pk), error=type(error).__name__)
        return f"{connector.label} n'a pas confirmé : retirez aussi l'application dans les réglages de votre compte."
    return ""


def _same_agreement(account: Account) -> list[Account]:
    """The other connected accounts that the same agreement opens: a Page and its Instagram account, two places."""
    agreement = account.settings.get("agreement")
    if not agreement:
        return list(
            Account.objects.filter(credential_id=account.credential_id, status=Account.Status.CONNECTED).exclude(
                pk=account.pk
            )
        )
    others = Account.objects.filter(status=Account.Status.CONNECTED).exclude(pk=account.pk)
    return [other for other in others if other.settings.get("agreement") == agreement]


def _keeps_open(account: Account, others: list[Account]) -> str:
    names = ", ".join(str(other) for other in others)
    label = registry[registry[account.platform].app_slug or account.platform].label
    return f"L'accord donné chez {label} sert encore à {names} : il sera rendu avec le dernier de ces comptes."


def _mark_left(account: Account) -> None:
    Account.objects.filter(pk=account.pk).update(status=Account.Status.DISCONNECTED, status_reason=LEFT)


def _check_own(account: Account) -> None:
    """Refuse, in the log too, a token of another platform. Raises PermanentError."""
    publishing.credentials(account)
