"""The state of the house on one page: what is configured, reachable and healthy, and what to do next."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import partial

from django.conf import settings
from django.core import checks
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from integrations.errors import CommunicationError
from integrations.models import WebhookEndpoint
from integrations.modules import registry as module_registry
from integrations.services import doors, pulse
from menus.connectors import registry as menu_registry
from menus.models import Destination
from menus.services import placing
from notifications.connectors import registry as message_registry
from notifications.models import ChannelType, Provider
from notifications.services.providers import access_of
from social.models import Account
from social.services import accounts
from vieuxmoulin import alerts, health
from vieuxmoulin.celery import app
from vieuxmoulin.models import Alert
from vieuxmoulin.orchestrator import status

# Time enough to connect an account again before its access ends.
SOON = timedelta(days=7)


class State(StrEnum):
    """How one thing is: well, to be looked at, broken, or simply not set up."""

    GOOD, CARE, BAD, ABSENT = "good", "care", "bad", "absent"


@dataclass(frozen=True)
class Finding:
    """One line. told: what is; cure: what to do, empty when there is nothing to do."""

    part: str
    name: str
    state: State
    told: str
    cure: str = ""


def examine(*, is_offline: bool = False) -> list[Finding]:
    """Look at everything. is_offline: outside services are not called, what was last known of them is told."""
    ready = health.causes() | health.lacks()
    found = [*_settings(), *_foundations(ready)]
    if "database" in ready or "migrations" in ready:
        # Nothing more can be read.
        return found
    visit = _last_known if is_offline else _visited
    return found + [
        finding
        for part in (_workers(), _networks(visit), _senders(visit), _modules(visit), _places(), _doors(), _rows())
        for finding in part
    ]


def is_healthy(found: list[Finding]) -> bool:
    """Whether nothing is broken; what is not set up, or to be looked at, is no illness."""
    return not any(finding.state == State.BAD for finding in found)


def _settings() -> Iterator[Finding]:
    """What the system checks say, those of production included when this is one."""
    told = checks.run_checks(include_deployment_checks=settings.PRODUCTION)
    serious = [message for message in told if message.level >= checks.WARNING and not message.is_silenced()]
    for message in serious:
        state = State.BAD if message.level >= checks.ERROR else State.CARE
        yield Finding("Réglages", message.id or "contrôle", state, str(message.msg), str(message.hint or ""))
    if not serious:
        mode = "production" if settings.PRODUCTION else "démonstration"
        yield Finding("Réglages", "environnement", State.GOOD, f"Complets, mode {mode}, adresse {settings.PUBLIC_URL}.")


def _foundations(ready: dict[str, str]) -> Iterator[Finding]:
    names = {
        "database": "base de données",
        "migrations": "schéma",
        "encryption": "clés de chiffrement",
        "cache": "cache",
    }
    for key, name in names.items():
        state = State.BAD if key in ready else State.GOOD
        told = ready.get(key, connection.vendor if key == "database" else "en ordre")
        yield Finding("Fondations", name, state, told)
    if settings.EMBEDDED:
        yield Finding("Fondations", "file de tâches", State.GOOD, "en mémoire, dans le même processus")
        return
    try:
        with app.connection_for_write() as broker:
            broker.ensure_connection(max_retries=1)
    except (OSError, OperationalError) as error:
        yield Finding(
            "Fondations", "file de tâches", State.BAD, f"Injoignable ({type(error).__name__}).",
            "Vérifiez BROKER_URL et que RabbitMQ ou Redis tourne. Rien n'est perdu : tout repart à son retour.",
        )  # fmt: skip
    else:
        yield Finding("Fondations", "file de tâches", State.GOOD, "joignable")


def _workers() -> Iterator[Finding]:
    for name, beat in pulse.pulses(status.pulse_names()).items():
        is_alive = beat["is_alive"]
        yield Finding(
            "Processus", name, State.GOOD if is_alive else State.BAD, "vivant" if is_alive else "aucun signe de vie",
            "" if is_alive else "Démarrez « celery beat » et un « celery worker » par groupe de files (voir docs/exploitation.md).",
        )  # fmt: skip


def _networks(visit: Callable[[str, Callable[[], object]], str]) -> Iterator[Finding]:
    rows = list(Account.objects.select_related("credential"))
    for account in rows:
        if account.status != Account.Status.CONNECTED:
            yield Finding(
                "Réseaux", str(account), State.BAD, account.status_reason, "Reconnectez-le : Réseaux, Comptes."
            )
            continue
        fault = visit(account.platform, partial(accounts.visit, account))
        ends = account.credential.expires_at
        if fault:
            yield Finding("Réseaux", str(account), State.BAD, fault, "Ce qui l'attend partira à son retour.")
        elif ends is not None and ends - timezone.now() < SOON:
            yield Finding(
                "Réseaux", str(account), State.CARE, f"Accès valable jusqu'au {ends:%d/%m/%Y}.",
                "Il se renouvelle seul ; s'il expire, reconnectez le compte.",
            )  # fmt: skip
        else:
            yield Finding("Réseaux", str(account), State.GOOD, "connecté")
    if not rows:
        yield Finding("Réseaux", "comptes", State.ABSENT, "Aucun compte.", "Reliez-en un : Réseaux, Comptes.")


def _senders(visit: Callable[[str, Callable[[], object]], str]) -> Iterator[Finding]:
    for channel, label in ChannelType.choices:
        rows = Provider.objects.filter(channel=channel, is_active=True).select_related("credential")
        if not rows:
            cure = "Ajoutez un prestataire, ou remplissez config/notifications.json puis « manage.py load_config »."
            yield Finding("Envois", str(label), State.ABSENT, "Aucun prestataire.", cure)
        for provider in rows:
            service = message_registry[provider.platform]()
            fault = visit(provider.platform, partial(service.check, access_of(provider)))
            told = fault or ("prêt, ses retours sont reçus" if provider.listens_since else "prêt")
            cure = "" if not fault else "Vérifiez sa clé ; les messages attendent ou passent par le suivant."
            yield Finding("Envois", str(provider), State.BAD if fault else State.GOOD, told, cure)


def _modules(visit: Callable[[str, Callable[[], object]], str]) -> Iterator[Finding]:
    for slug, kind in module_registry.items():
        try:
            module = kind()
        except CommunicationError as error:
            yield Finding("Modules voisins", kind.label, State.BAD, str(error), "Corrigez ce réglage.")
            continue
        if not module.is_configured:
            cure = f"Donnez {slug.upper()}_BASE_URL et {slug.upper()}_TOKEN, ou config/modules.json."
            yield Finding("Modules voisins", kind.label, State.ABSENT, "Non configuré.", cure)
            continue
        fault = visit(slug, module.health)
        cure = "La lecture reprendra où elle en était ; voyez la page « Modules voisins »." if fault else ""
        yield Finding("Modules voisins", kind.label, State.BAD if fault else State.GOOD, fault or "répond", cure)


def _places() -> Iterator[Finding]:
    rows = list(Destination.objects.filter(is_active=True).select_related("credential"))
    for place in rows:
        connector = menu_registry[place.platform]()
        missing = connector.missing_settings(placing.target_of(place))
        if missing:
            names = ", ".join(one.label for one in missing)
            yield Finding("Carte", str(place), State.BAD, f"Il manque : {names}.", "Complétez ses réglages.")
        elif place.is_held:
            yield Finding("Carte", str(place), State.CARE, place.held_reason, "Décidez : Carte, Dérives.")
        elif place.score is not None and place.score < 100:
            yield Finding("Carte", str(place), State.CARE, f"identique à {place.score} %", "Voyez Carte, Dérives.")
        else:
            told = f"relue, identique à {place.score} %" if place.score is not None else "pas encore relue"
            yield Finding("Carte", str(place), State.GOOD, told)
    if not rows:
        yield Finding("Carte", "destinations", State.ABSENT, "Aucune destination.", "Ajoutez-en : Carte, Destinations.")


def _doors() -> Iterator[Finding]:
    rules = doors.current_rules()
    if rules.secrets:
        yield Finding("Webhooks", "entrants", State.GOOD, f"secret posé ; sources : {', '.join(rules.sources)}")
    else:
        yield Finding(
            "Webhooks", "entrants", State.BAD, "Aucun secret : rien n'est accepté.", "Renseignez WEBHOOK_SECRET."
        )
    for endpoint in WebhookEndpoint.objects.all():
        if endpoint.stopped_reason:
            yield Finding("Webhooks", endpoint.url, State.BAD, endpoint.stopped_reason, "« Réactiver » sur sa fiche.")
        elif endpoint.failing_since:
            since = f"Ne répond plus depuis le {endpoint.failing_since:%d/%m/%Y %H:%M}."
            yield Finding("Webhooks", endpoint.url, State.CARE, since, "Prévenez son responsable ; tout lui est gardé.")
        elif endpoint.is_active:
            yield Finding("Webhooks", endpoint.url, State.GOOD, "reçoit nos événements")


def _rows() -> Iterator[Finding]:
    for queue, rows in status.stuck_rows().items():
        if number := rows.count():
            cure = "Vérifiez les processus ci-dessus, puis la page d'accueil du back-office."
            yield Finding("En attente", queue, State.BAD, f"{number} ligne(s) n'avancent plus.", cure)
    waiting = (
        Alert.objects.filter(resolved_at=None).exclude(key__startswith="stuck:").order_by("-is_urgent", "-last_at")
    )
    for alert in waiting[: alerts.MOST_IN_ONE]:
        yield Finding("Alertes", alert.title, State.CARE, alert.message.split(". ")[0], "Voyez la page d'accueil.")


def _visited(slug: str, ask: Callable[[], object]) -> str:
    """Call a service; why it is not well, empty when it is."""
    try:
        ask()
    except CommunicationError as error:
        pulse.note(slug, error=str(error))
        return str(error)
    return ""


def _last_known(slug: str, ask: Callable[[], object]) -> str:
    """The same from memory."""
    return pulse.last_error(slug)
