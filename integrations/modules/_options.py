"""How a module is reached: the environment first, then what `load_config` sealed from `config/modules.json`."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from integrations import credential_use
from integrations.errors import PermanentError
from integrations.models import Credential
from integrations.registry import base_url, setting

# The sandbox gives out no token; it only refuses those that say they are bad.
SANDBOX_TOKEN = "bac-a-sable"  # noqa: S105 (no secret: the played modules take any)


def credential_platform(slug: str) -> str:
    """The name of the row that keeps a module's access."""
    return f"module_{slug}"


@dataclass(frozen=True)
class Options:
    """base_url and token: empty when nobody gave them. words: by kind of record; paths, query: by the contract's name."""

    base_url: str = ""
    token: str = field(default="", repr=False)
    timeout: float | None = None
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    paths: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)


def options_of(slug: str, label: str, given: Mapping[str, Any] | None = None) -> Options:
    """The options in force; `given` (a program's own) wins. Raises PermanentError when a number is none."""
    kept = given if given is not None else _sealed(slug)
    address = str(kept.get("base_url", "")).strip()
    found = address.rstrip("/") if given and address else base_url(slug, address)
    token = (str(given.get("token", "")) if given else "") or setting(slug, "TOKEN") or str(kept.get("token", ""))
    if not token and settings.SANDBOX and found.startswith(settings.SANDBOX_URL):
        token = SANDBOX_TOKEN
    timeout = (given or {}).get("timeout") or setting(slug, "TIMEOUT") or kept.get("timeout")
    try:
        seconds = float(timeout) if timeout else None
    except (TypeError, ValueError):
        raise PermanentError(
            f"Le délai du module {label} n'est pas un nombre de secondes : corrigez {slug.upper()}_TIMEOUT.",
            code="not_configured",
        ) from None
    return Options(found, token, seconds, kept.get("words", {}), kept.get("paths", {}), kept.get("query", {}))


def module_option_faults(keys: Mapping[str, Any]) -> list[str]:
    """What is wrong with a module's part of `config/modules.json`, in French, by its key."""
    faults = []
    if not re.fullmatch(r"https?://[^\s/]+(/\S*)?", str(keys.get("base_url", ""))):
        faults.append("base_url : une adresse https:// est attendue.")
    timeout = keys.get("timeout", 1)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or not 0 < timeout <= 120:
        faults.append("timeout : un nombre de secondes, jusqu'à 120, est attendu.")
    for name in ("paths", "query"):
        if not _is_table(keys.get(name, {})):
            faults.append(f'{name} : un objet de textes {{"nom du contrat": "le leur"}} est attendu.')
    words = keys.get("words", {})
    if not isinstance(words, dict) or not all(_is_table(table) for table in words.values()):
        faults.append('words : un objet par sorte d\'élément, {"contact": {"first_name": "prenom"}}, est attendu.')
    return faults


def _is_table(value: Any) -> bool:
    return isinstance(value, dict) and all(isinstance(said, str) and said for said in value.values())


def _sealed(slug: str) -> Mapping[str, Any]:
    row = Credential.objects.filter(platform=credential_platform(slug)).order_by("-updated_at").first()
    return credential_use.opened(row, slug) if row else {}
