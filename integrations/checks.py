"""Refuse to start with a configuration that is unsafe, or with keys that this database does not know."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib import admin
from django.core.checks import CheckMessage, Error, Tags, register
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from integrations import crypto
from integrations.errors import PermanentError
from integrations.fields import EncryptedTextField
from integrations.transport import minimum_tls

_LOCAL_HOSTS = frozenset({"127.0.0.1", "localhost", "[::1]", ".localhost", "testserver"})
_SAMPLE = "Le Vieux Moulin, témoin de chiffrement"
# The row that remembers BLIND_INDEX_KEY; no encryption key can have this id, for its colon.
_INDEX_ROW = ":blind-index"
_ROTATION = (
    f"Pour changer de clé : mettre la nouvelle (« {crypto.MAKE_KEY} ») en tête de ENCRYPTION_KEYS, garder l'ancienne "
    "derrière, redémarrer, puis lancer « python manage.py rotate_keys »."
)


class KeyringMismatch(PermanentError):
    """The keys given are not those this database was filled with."""


@register(Tags.security)
def check_secret_key(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """SECRET_KEY signs sessions and links."""
    try:
        key = str(settings.SECRET_KEY)
    except ImproperlyConfigured:
        key = ""
    hint = f"Créer la ligne avec « {crypto.MAKE_KEY} --secret-key » et la mettre dans .env."
    if not key:
        return [Error("SECRET_KEY manque.", hint=hint, id="integrations.E001")]
    if len(key) < 50 or len(set(key)) < 5 or key.startswith("django-insecure-"):
        return [
            Error(
                "SECRET_KEY est trop faible : il faut au moins 50 signes tirés au hasard.",
                hint=hint,
                id="integrations.E002",
            )
        ]
    return []


@register(Tags.security)
def check_encryption_keys(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """ENCRYPTION_KEYS seals tokens and contact points."""
    hint = (
        f"Créer une clé avec « {crypto.MAKE_KEY} » et mettre la ligne dans .env ; garder les anciennes clés derrière."
    )
    if not settings.ENCRYPTION_KEYS:
        return [
            Error("ENCRYPTION_KEYS manque : aucune donnée ne peut être chiffrée.", hint=hint, id="integrations.E003")
        ]
    messages: list[CheckMessage] = []
    seen: set[str] = set()
    for rank, entry in enumerate(settings.ENCRYPTION_KEYS, start=1):
        try:
            key_id, _key = crypto.parse_key(entry)
        except ValueError as error:
            messages.append(Error(f"ENCRYPTION_KEYS, clé n° {rank} : {error}.", hint=hint, id="integrations.E004"))
            continue
        if key_id in seen:
            messages.append(
                Error(
                    f"ENCRYPTION_KEYS, clé n° {rank} : l'identifiant « {key_id} » figure déjà plus haut.",
                    hint="Donner à chaque clé un identifiant à elle, ou retirer la répétition.",
                    id="integrations.E005",
                )
            )
        seen.add(key_id)
    return messages


@register(Tags.security)
def check_blind_index_key(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """BLIND_INDEX_KEY finds contacts without showing them."""
    hint = f"Créer la ligne avec « {crypto.MAKE_KEY} --blind-index » et la mettre dans .env, une fois pour toutes."
    if not settings.BLIND_INDEX_KEY:
        return [Error("BLIND_INDEX_KEY manque.", hint=hint, id="integrations.E006")]
    if len(settings.BLIND_INDEX_KEY) < 32:
        return [
            Error("BLIND_INDEX_KEY est trop courte : il faut au moins 32 signes.", hint=hint, id="integrations.E007")
        ]
    return []


@register(Tags.security)
def check_hosts(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """DEBUG shows the inside of the program; ALLOWED_HOSTS says who may be served."""
    foreign = [host for host in settings.ALLOWED_HOSTS if host not in _LOCAL_HOSTS]
    if settings.DEBUG and foreign:
        return [
            Error(
                f"DEBUG est actif alors que ALLOWED_HOSTS ouvre le service à « {', '.join(foreign)} » : "
                "les pages d'erreur montreraient l'intérieur du programme.",
                hint="Mettre DEBUG=off, ou limiter ALLOWED_HOSTS à 127.0.0.1,localhost.",
                id="integrations.E008",
            )
        ]
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        return [
            Error(
                "ALLOWED_HOSTS est vide : aucune page ne peut être servie.",
                hint="Y mettre le nom public du site, par exemple ALLOWED_HOSTS=communication.exemple.fr.",
                id="integrations.E009",
            )
        ]
    return []


@register(Tags.security)
def check_minimum_tls(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """HTTP_MIN_TLS is 1.3 or 1.2."""
    try:
        minimum_tls()
    except ImproperlyConfigured as error:
        return [Error(str(error), hint="Mettre HTTP_MIN_TLS=1.3.", id="integrations.E010")]
    return []


@register(Tags.security)
def check_quiet_hours(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """Real guests are not written to at night."""
    if settings.QUIET_HOURS or settings.SANDBOX:
        return []
    return [
        Error(
            "QUIET_HOURS est sur off alors que de vrais clients seraient joints.",
            hint="Retirez QUIET_HOURS de l'environnement, ou travaillez avec SANDBOX=on.",
            id="integrations.E020",
        )
    ]


@register(Tags.admin)
def check_admin_hides_secrets(app_configs: Any, **options: Any) -> list[CheckMessage]:
    """An encrypted field in a list, a filter or a search would show or compare what must stay hidden."""
    return [
        Error(
            f"{type(model_admin).__name__}.{option} nomme « {name} », un champ chiffré de {model._meta.label}.",
            hint="L'en retirer ; pour dire s'il est rempli, afficher une méthode qui répond oui ou non.",
            obj=type(model_admin),
            id="integrations.E011",
        )
        for model, model_admin in admin.site._registry.items()
        for option, name in _named_fields(model_admin)
        if name in _encrypted_names(model)
    ]


@register(Tags.database)
def check_keyring(app_configs: Any, databases: Sequence[str] | None = None, **options: Any) -> list[CheckMessage]:
    """The keys are those of this database (migrate, check --database default)."""
    if "default" not in (databases or ()) or check_encryption_keys(None) or check_blind_index_key(None):
        return []
    try:
        check_keyring_matches()
    except KeyringMismatch as error:
        return [Error(str(error), id="integrations.E012")]
    return []


def check_keyring_matches() -> None:
    """Compare the keys given with those this database was filled with; remember them at the first start.

    Raises KeyringMismatch (French: what, where, what would be right). Silent before the first migration.
    """
    model = apps.get_model("integrations", "EncryptionCheck")
    if model._meta.db_table not in connection.introspection.table_names():
        return
    known = dict(model._default_manager.values_list("key_id", "sample"))
    fingerprint = crypto.blind_index(_SAMPLE, "keyring-check")
    if known.pop(_INDEX_ROW, fingerprint) != fingerprint:
        raise KeyringMismatch(
            "BLIND_INDEX_KEY n'est pas celle avec laquelle cette base a été remplie : les contacts et les désinscriptions "
            "n'y seraient plus retrouvés. Remettre la valeur d'origine (le .env ou la sauvegarde du premier démarrage)."
        )
    for key_id, sample in known.items():
        _check_sample(key_id, sample)
    model._default_manager.get_or_create(key_id=_INDEX_ROW, defaults={"sample": fingerprint})
    if crypto.current_key_id() not in known:
        model._default_manager.get_or_create(
            key_id=crypto.current_key_id(), defaults={"sample": crypto.encrypt(_SAMPLE)}
        )


def forget_other_keys() -> None:
    """After a complete rotation: the former keys are no longer needed to start."""
    model = apps.get_model("integrations", "EncryptionCheck")
    model._default_manager.exclude(key_id__in=[crypto.current_key_id(), _INDEX_ROW]).delete()


def _check_sample(key_id: str, sample: str) -> None:
    if key_id not in crypto.key_ids():
        raise KeyringMismatch(
            f"ENCRYPTION_KEYS ne convient pas à cette base : des données y sont chiffrées avec la clé « {key_id} », "
            f"absente des clés données ({', '.join(crypto.key_ids())}). Remettre « {key_id}:… » dans ENCRYPTION_KEYS "
            f"(elle est dans le .env ou la sauvegarde d'avant). {_ROTATION}"
        )
    try:
        matches = crypto.decrypt(sample) == _SAMPLE
    except crypto.DecryptionError:
        matches = False
    if not matches:
        raise KeyringMismatch(
            f"ENCRYPTION_KEYS ne convient pas à cette base : la clé « {key_id} » n'est pas celle qui portait ce nom quand "
            f"les données ont été chiffrées. Remettre la clé « {key_id} » d'origine (elle est dans le .env ou la "
            f"sauvegarde d'avant), et donner un autre nom à la nouvelle. {_ROTATION}"
        )


def _named_fields(model_admin: admin.ModelAdmin) -> Iterator[tuple[str, str]]:
    for option in ("list_display", "readonly_fields", "search_fields", "list_filter", "ordering", "list_editable"):
        for entry in getattr(model_admin, option, None) or ():
            if isinstance(entry, str):
                yield option, entry.lstrip("^=@-").partition("__")[0]


def _encrypted_names(model: type) -> set[str]:
    fields: Callable[[], Any] = model._meta.get_fields  # type: ignore[attr-defined]
    return {field.name for field in fields() if isinstance(field, EncryptedTextField)}
