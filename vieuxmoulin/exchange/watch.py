"""Law 5 for the neighbouring modules: one that has been away for long, or is not understood, is named to staff."""

from collections import defaultdict

from django.urls import reverse
from django.utils import timezone

from integrations.models import ModuleCursor
from integrations.modules import registry
from integrations.services import streams
from vieuxmoulin import alerts
from vieuxmoulin.exchange import differences
from vieuxmoulin.exchange.models import ContactLink

DOWN, REFUSED, DIFFERENCES, UNTOLD = "module:", "module_refused:", "crm_differences", "crm_untold"
SEE = "integrations.view_modulecursor"
DECIDE = "vieuxmoulin.change_difference"


def look() -> None:
    """Raise what should be looked at, close what is well again."""
    _down()
    _refused()
    _untold()
    number = differences.waiting().count()
    if number:
        alerts.raise_alert(
            DIFFERENCES,
            "Le CRM et nous ne disons pas la même chose d'un client." if number == 1 else f"Le CRM et nous différons sur {number} clients.",
            "Aucune règle ne tranche : choisissez ce qui est vrai. En attendant, rien n'est changé d'aucun côté.",
            address=reverse("backoffice:modules_differences"),
            permission=DECIDE,
        )  # fmt: skip
    else:
        alerts.resolve(DIFFERENCES)


def _down() -> None:
    failing: dict[str, list[ModuleCursor]] = defaultdict(list)
    for row in streams.failing_for_long():
        if registry[row.module]().is_configured:
            failing[row.module].append(row)
    for slug, rows in failing.items():
        since = min(row.failing_since for row in rows if row.failing_since)
        alerts.raise_alert(
            f"{DOWN}{slug}",
            f"Le module {registry[slug].label} ne répond plus comme il faut.",
            f"Depuis le {timezone.localtime(since):%d/%m à %H:%M}. {rows[0].last_error} Rien n'est perdu : la lecture reprendra où elle "
            "en était.",
            address=reverse("backoffice:modules"),
            permission=SEE,
        )
    alerts.resolve_others(DOWN, [f"{DOWN}{slug}" for slug in failing])


def _refused() -> None:
    named = []
    for row in ModuleCursor.objects.exclude(refused=[]):
        named.append(f"{REFUSED}{row.module}.{row.stream}")
        first = row.refused[0]
        alerts.raise_alert(
            named[-1],
            f"Le module {registry[row.module].label} envoie des éléments inutilisables.",
            f"{len(row.refused)} élément(s) écarté(s), dont « {first['id']} » : {first['reason']} Le reste est repris ; "
            "corrigez-les dans le module, ils reviendront d'eux-mêmes.",
            address=reverse("backoffice:modules"),
            permission=SEE,
        )
    alerts.resolve_others(REFUSED, named)


def _untold() -> None:
    refused = ContactLink.objects.filter(status=ContactLink.Status.FAILED)
    if first := refused.first():
        alerts.raise_alert(
            UNTOLD,
            "Le CRM refuse ce que nous lui disons de certains clients.",
            f"{refused.count()} client(s). {first.last_error} Corrigez-en la cause, puis « Redire au CRM » sur la page des "
            "modules.",
            address=reverse("backoffice:modules"),
            permission=SEE,
        )
    else:
        alerts.resolve(UNTOLD)
