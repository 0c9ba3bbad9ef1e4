"""Connectors find their place by being in the right folder: no central list, no migration, no `if`."""

import importlib
import pkgutil
import re
import threading
import unicodedata
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string

Connector = TypeVar("Connector", bound=type)
_SLUG = re.compile(r"[a-z][a-z0-9_-]{0,48}")


class Registry(Mapping[str, Any]):
    """slug -> class, for every class a package's modules register.

    package: dotted name of the folder, read at first use (every module except `base` and `_private` ones).
    base: dotted name of the class all must inherit from, "" for none.
    """

    def __init__(self, package: str, base: str = "") -> None:
        self.package = package
        self.base = base
        self._classes: dict[str, type] = {}
        self._loaded = False
        self._loading = False
        # Reentrant: the modules being imported register themselves, and may even look around.
        self._lock = threading.RLock()

    def register(self, cls: Connector) -> Connector:
        """Class decorator. Refuses a class without a proper slug, of the wrong family, or with a slug already taken."""
        slug = getattr(cls, "slug", None)
        if not isinstance(slug, str) or not _SLUG.fullmatch(slug):
            raise ImproperlyConfigured(f"{_path(cls)}: slug {slug!r} must be lowercase letters, digits, - or _.")
        if self.base and not issubclass(cls, import_string(self.base)):
            raise ImproperlyConfigured(f"{_path(cls)} must inherit from {self.base}.")
        with self._lock:
            known = self._classes.setdefault(slug, cls)
        if known is not cls:
            raise ImproperlyConfigured(f"{_path(cls)}: slug {slug!r} is already taken by {_path(known)}.")
        return cls

    def choices(self) -> list[tuple[str, str]]:
        """Return (slug, label) pairs in the order a French reader expects; give the method itself to `choices=`."""
        pairs = [(slug, str(getattr(cls, "label", slug))) for slug, cls in self.items()]
        return sorted(pairs, key=lambda pair: (_sort_key(pair[1]), pair[0]))

    def __getitem__(self, slug: str) -> Any:
        self._load()
        return self._classes[slug]

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        self._load()
        return len(self._classes)

    def __repr__(self) -> str:
        return f"<Registry {self.package}>"

    def _load(self) -> None:
        if self._loaded:
            return
        with self._lock:
            if self._loaded or self._loading:
                return
            self._loading = True
            try:
                folder = importlib.import_module(self.package)
                for module in pkgutil.iter_modules(folder.__path__):
                    if module.name != "base" and not module.name.startswith("_"):
                        importlib.import_module(f"{self.package}.{module.name}")
                self._loaded = True
            finally:
                self._loading = False


def base_url(slug: str, default: str) -> str:
    """Where a vendor is reached: <SLUG>_BASE_URL, else the sandbox when it plays the vendors, else `default`."""
    configured = settings.CONNECTOR_ENV.get(_variable(slug, "BASE_URL"), "").strip()
    if configured:
        return configured.rstrip("/")
    if settings.SANDBOX:
        return f"{settings.SANDBOX_URL.rstrip('/')}/{slug}"
    return default.rstrip("/")


def setting(slug: str, name: str, default: str = "") -> str:
    """Read <SLUG>_<NAME> from the environment, or from the file that <SLUG>_<NAME>_FILE names (Docker secrets)."""
    variable = _variable(slug, name)
    value = settings.CONNECTOR_ENV.get(variable, "")
    if value:
        return value
    path = settings.CONNECTOR_ENV.get(f"{variable}_FILE", "")
    if not path:
        return default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{variable}_FILE désigne « {path} », qui ne peut pas être lu ({type(error).__name__}) : "
            f"corriger le chemin ou les droits du fichier, ou donner {variable} directement."
        ) from None


def _variable(slug: str, name: str) -> str:
    return f"{slug}_{name}".upper().replace("-", "_")


def _path(cls: type) -> str:
    return f"{cls.__module__}.{cls.__qualname__}"


def _sort_key(label: str) -> str:
    decomposed = unicodedata.normalize("NFKD", label)
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign)).casefold()
