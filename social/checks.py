"""Warn before a vendor stops serving what we use: sixty days, so that a person has time to act."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connection
from django.utils import timezone

from social.connectors import registry
from social.connectors._meta import VERSION_ENDS
from social.connectors.base import End
from social.models import Account

TAG = "social"
NOTICE = timedelta(days=60)


@register(TAG)
def check_ends(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Versions of APIs and names of metrics that this program asks for by itself."""
    ends = {(end.what, end.day): end for connector in registry.values() for end in _ends_of(connector)}
    return [_warning(end, "social.W001") for end in ends.values() if _is_near(end)]


@register(Tags.database)
def check_account_versions(
    app_configs: Any, databases: Sequence[str] | None = None, **options: Any
) -> list[CheckMessage]:
    """Versions that accounts ask for by their own settings (migrate, check --database default)."""
    if "default" not in (databases or ()) or Account._meta.db_table not in connection.introspection.table_names():
        return []
    messages: list[CheckMessage] = []
    for account in Account.objects.only("name", "platform", "settings"):
        version = account.settings.get("api_version")
        if version in VERSION_ENDS:
            cure = "Donnez une version plus récente à « api_version » dans les réglages de ce compte."
            end = End(
                f"la version {version} de l'API de Meta, que demande le compte {account},", VERSION_ENDS[version], cure
            )
            messages += [_warning(end, "social.W002")] if _is_near(end) else []
    return messages


def _ends_of(connector: Any) -> Iterator[End]:
    yield from connector.ends
    first_names = {names[0] for names in getattr(connector, "insight_names", {}).values()}
    for name, day in getattr(connector, "name_ends", {}).items():
        if name in first_names:
            yield End(
                f"la mesure « {name} » de {connector.label}",
                day,
                "Mettez ce module à jour, sans quoi ce chiffre manquera aux rapports.",
            )


def _is_near(end: End) -> bool:
    return end.day - NOTICE <= timezone.localdate()


def _warning(end: End, number: str) -> CheckMessage:
    is_over = end.day < timezone.localdate()
    verb = "n'est plus servie depuis le" if is_over else "ne sera plus servie après le"
    sentence = f"{end.what} {verb} {end.day:%d/%m/%Y}."
    return Warning(sentence[:1].upper() + sentence[1:], hint=end.cure, id=number)
