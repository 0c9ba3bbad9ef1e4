"""Accounts: given a new access, they speak again once the platform has said that it knows us."""

from django.utils import timezone

from integrations.errors import AccountDisconnected, CommunicationError
from integrations.services import pulse
from social.connectors import registry
from social.models import Account
from social.services import tokens
from social.services.publishing import connected, credentials, disconnect


def visit(account: Account) -> None:
    """Ask the platform whether it knows us, and what it allows us today. Raises CommunicationError.

    An access that it no longer takes disconnects the account before a post is due, so that a person has time to act.
    """
    connector = registry[account.platform]()
    account = tokens.renewed_if_over(account)
    who = credentials(account)
    try:
        connector.check(who)
    except AccountDisconnected as error:
        disconnect(account, error)
        raise
    told: dict[str, object] = {}
    if (quota := connector.quota_per_day(who)) is not None:
        told["quota_per_day"] = quota
    if limits := connector.limits(who):
        told["limits"] = limits
    if any(account.settings.get(name) != value for name, value in told.items()):
        Account.objects.filter(pk=account.pk).update(settings={**account.settings, **told})


def reconnect(account: Account, *, token: str = "") -> str:
    """Keep a new token if one is given, ask the platform who we are, and let the account speak again.

    Returns the name that the platform knows us by. Raises CommunicationError; the account is then as it was, except
    for its reason, which is the platform's answer.
    """
    credential = account.credential
    former = dict(credential.secrets)
    if token:
        name = "oauth2_token" if "access_token_secret" in former else "access_token"
        credential.secrets = {**former, name: token}
    try:
        public_name = registry[account.platform]().check(credentials(account))
    except CommunicationError as error:
        credential.secrets = former
        Account.objects.filter(pk=account.pk).update(status_reason=str(error))
        pulse.note(account.platform, error=str(error))
        raise
    if token:
        credential.updated_at = timezone.now()
        credential.save(update_fields=["secrets", "updated_at"])
    Account.objects.filter(pk=account.pk).update(status=Account.Status.CONNECTED, status_reason="")
    connected(account)
    pulse.note(account.platform)
    return public_name
