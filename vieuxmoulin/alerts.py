"""What waits for a person, told to those who can act: on the home page at once, and by e-mail, grouped, never a flood.

One row per subject. A subject that comes again while it is open only counts; closed, it opens and is told anew.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.template.loader import render_to_string
from django.utils import timezone

from integrations.errors import CommunicationError, OutcomeUnknown
from integrations.services import outbound
from notifications.connectors import registry
from notifications.connectors.base import Message
from notifications.services import providers
from vieuxmoulin.models import Alert

log = structlog.get_logger(__name__)
# After one e-mail, the alerts that follow wait this long and leave together; an urgent one does not wait.
PAUSE = timedelta(minutes=15)
MOST_IN_ONE = 50


def raise_alert(
    key: str, title: str, message: str = "", *, address: str = "", permission: str = "", is_urgent: bool = False
) -> Alert:
    """Tell staff of something; `key` names the subject, so that one trouble is one alert."""
    now = timezone.now()
    said = {"title": title[:200], "message": message, "address": address, "permission": permission}
    with transaction.atomic():
        alert, is_new = Alert.objects.select_for_update().get_or_create(
            key=key[:200], defaults={**said, "is_urgent": is_urgent, "last_at": now}
        )
        if is_new or alert.resolved_at is not None:
            payload = {"key": key, "title": title, "message": message, "urgent": is_urgent}
            outbound.tell("alert", "communication", payload, fact_key=f"alert:{key}:{now.isoformat()}")
        if is_new:
            return alert
        anew = {"mailed_at": None, "resolved_at": None, "first_at": now} if alert.resolved_at else {}
        Alert.objects.filter(pk=alert.pk).update(**said, **anew, is_urgent=is_urgent, times=F("times") + 1, last_at=now)
    alert.refresh_from_db()
    return alert


def resolve(*keys: str) -> int:
    """Close alerts whose reason is gone; returns how many were open."""
    return Alert.objects.filter(key__in=keys, resolved_at=None).update(resolved_at=timezone.now())


def resolve_others(prefix: str, still_true: Iterable[str]) -> int:
    """Close the open alerts of a family that are not named any more."""
    open_ones = Alert.objects.filter(key__startswith=prefix, resolved_at=None)
    return open_ones.exclude(key__in=list(still_true)).update(resolved_at=timezone.now())


def open_alerts(user: Any) -> QuerySet[Alert]:
    """The alerts that concern this person, urgent ones first."""
    found = Alert.objects.filter(resolved_at=None).order_by("-is_urgent", "-last_at")
    if user.is_superuser:
        return found
    return found.filter(Q(permission="") | Q(permission__in=user.get_all_permissions()))


def send_mails() -> int:
    """Send what was not told yet, one e-mail per person; returns how many e-mails left.

    Claimed before they leave: two sweeps at once tell nothing twice. Refused for now, they wait for the next sweep.
    """
    waiting = Alert.objects.filter(mailed_at=None, resolved_at=None)
    if Alert.objects.filter(mailed_at__gt=timezone.now() - PAUSE).exists():
        waiting = waiting.filter(is_urgent=True)
    ids = list(waiting.order_by("-is_urgent", "first_at").values_list("pk", flat=True)[:MOST_IN_ONE])
    if not ids:
        return 0
    now = timezone.now()
    ours = [pk for pk in ids if Alert.objects.filter(pk=pk, mailed_at=None).update(mailed_at=now)]
    letters = _letters(list(Alert.objects.filter(pk__in=ours).order_by("-is_urgent", "first_at")))
    if letters and not _post(letters):
        Alert.objects.filter(pk__in=ours, mailed_at=now).update(mailed_at=None)
        return 0
    return len(letters)


def _letters(alerts: list[Alert]) -> list[Message]:
    """One e-mail per person of the staff, with what that person may act upon."""
    letters = []
    staff = get_user_model().objects.filter(is_active=True, is_staff=True).exclude(email="")
    for user in staff:
        mine = [alert for alert in alerts if not alert.permission or user.has_perm(alert.permission)]
        if mine:
            letters.append(_letter(user.email, user.get_full_name() or user.get_username(), mine))
    known = {letter.to for letter in letters}
    letters += [_letter(address, "", alerts) for address in settings.ALERT_EMAILS if alerts and address not in known]
    return letters


def _letter(address: str, name: str, alerts: list[Alert]) -> Message:
    context = {"alerts": alerts, "name": name, "root": settings.PUBLIC_URL, "restaurant": settings.RESTAURANT_NAME}
    more = f" (et {len(alerts) - 1} de plus)" if len(alerts) > 1 else ""
    return Message(
        id=str(uuid4()),
        to=address,
        subject=f"[{settings.RESTAURANT_NAME}] {alerts[0].title}{more}",
        text=render_to_string("backoffice/alert_mail.txt", context),
        html=render_to_string("backoffice/alert_mail.html", context),
        name=name,
    )


def _post(letters: list[Message]) -> bool:
    """Hand the e-mails over to the sending service in use; False when none of them left."""
    provider = providers.pick("email")
    if provider is None:
        log.warning("alerts_not_mailed", reason="no_provider")
        return False
    connector = registry[provider.platform]()
    access = providers.access_of(provider)
    left = False
    for start in range(0, len(letters), connector.window):
        try:
            found = connector.send_batch(letters[start : start + connector.window], access)
        except CommunicationError as error:
            log.warning("alerts_not_mailed", reason=error.code)
            continue
        # Of unknown fate is not sent again: the home page says it too.
        left = left or any(outcome.error is None or isinstance(outcome.error, OutcomeUnknown) for outcome in found)
    return left
