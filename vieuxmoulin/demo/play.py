"""The main job of the mission, played end to end against the running server, and proven at the vendors' side."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests
from django.conf import settings
from django.utils import timezone

from integrations.models import ModuleCursor
from integrations.sandbox.models import VendorRecord
from menus.models import MenuSync
from vieuxmoulin.demo.restaurant import DATA, campaign_data
from vieuxmoulin.exchange.models import ContactLink
from vieuxmoulin.exchange.streams import STREAMS

WAIT_SECONDS = 60
TIMEOUT = 20
SOON = timedelta(seconds=3)


class NotArrived(Exception):
    """A step whose effect is not at the vendor's side; the text says which and what was seen."""


@dataclass
class Server:
    """The running server, as an outside program meets it."""

    url: str
    client_id: str
    client_secret: str
    webhook_secret: str

    def __post_init__(self) -> None:
        self._http = requests.Session()
        answer = self._http.post(
            f"{self.url}/o/token/",
            data={"grant_type": "client_credentials"},
            auth=(self.client_id, self.client_secret),
            timeout=TIMEOUT,
        )
        if not answer.ok:
            raise NotArrived(f"Le serveur refuse le client d'API ({answer.status_code}) : {answer.text[:300]}")
        self._http.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        answer = self._http.request(
            method, f"{self.url}/api/communication/{path}", json=body, headers=headers, timeout=TIMEOUT
        )
        if not answer.ok:
            raise NotArrived(f"{method} {path} : {answer.status_code} {answer.text[:500]}")
        return answer.json()

    def page(self, path: str) -> str:
        answer = self._http.get(f"{self.url}{path}", timeout=TIMEOUT)
        if not answer.ok:
            raise NotArrived(f"GET {path} : {answer.status_code}")
        return answer.text


@dataclass(frozen=True)
class Step:
    """What is done, and the page that shows it."""

    title: str
    page: str
    run: Callable[[Server], str]


def play(server: Server) -> Iterator[tuple[Step, str]]:
    """Run each step and yield it with what was found at the vendor's side. Raises NotArrived."""
    for step in STEPS:
        yield step, step.run(server)


def publish_the_missions_example(server: Server) -> str:
    """The mission's request to the letter, its date moved to in three seconds."""
    since = timezone.now()
    body = json.loads((DATA / "publish.json").read_text(encoding="utf-8"))
    body["scheduled_time"] = (since + SOON).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = server.call("POST", "publish", body)
    _expect(answer["status"] == "scheduled", f"La réponse devait dire « scheduled » : {answer}")
    wanted = body["content"]["body"]
    _until(lambda: _posts("facebook", "post", since, wanted) == 1, "le post Facebook", server)
    _until(lambda: _posts("instagram", "media", since, wanted) == 1, "le post Instagram", server)
    return "Facebook et Instagram l'ont reçu une fois chacun."


def publish_on_x(server: Server) -> str:
    """X wants the picture's bytes: one of ours, served by this very server."""
    since = timezone.now()
    text = f"Ce midi, le chef propose l'œuf parfait aux cèpes ({since:%H:%M:%S})."
    content = {
        "body": text,
        "media_urls": [f"{server.url}/static/demo/promo.jpg"],
        "alt_texts": ["Une assiette colorée"],
        "hashtags": ["vensac"],
    }
    server.call("POST", "publish", {"content": content, "platforms": ["x"]})
    _until(lambda: _posts("x", "post", since, text) == 1, "le post X", server)
    return "X l'a reçu, image et description comprises."


def write_by_email(server: Server) -> str:
    since = timezone.now()
    data = {
        "promo_title": "Soirée huîtres",
        "promo_description": "Six huîtres de l'estuaire et un verre d'Entre-deux-Mers.",
        "valid_until": "30 novembre",
        "booking_link": f"{server.url}/carte/",
    }
    asked = {"template": "promotional_email", "recipients": ["tag:habitues"], "data": data, "channels": ["email"]}
    return _written(server, server.call("POST", "notify", asked), "sendgrid", "mail", since)


def write_by_sms(server: Server) -> str:
    since = timezone.now()
    data = {"starts_at": f"{timezone.localdate():%Y-%m-%d}T20:00", "guests": 4}
    recipients = ["06 12 34 50 00", "06 12 34 50 07"]
    asked = {"template": "booking_confirmation", "recipients": recipients, "data": data, "channels": ["sms"]}
    return _written(server, server.call("POST", "notify", asked), "twilio", "sms", since)


def update_the_card(server: Server) -> str:
    """The autumn card as a document, with today's price of the oysters."""
    menu = json.loads((DATA / "menu.json").read_text(encoding="utf-8"))
    oysters = next(i for c in menu["categories"] for i in c["items"] if i["id"] == "huitres-six")
    oysters["price_cents"] += 1 + timezone.now().second
    answer = server.call("POST", "menus", {"menu": menu})
    task = _ended(server, answer["task_id"])
    _expect(task["status"] == "succeeded", f"La carte n'est pas partout la même : {task}")
    price = f"{oysters['price_cents'] // 100},{oysters['price_cents'] % 100:02d}"
    _expect(price in server.page("/carte/"), f"La page publique ne montre pas {price} €.")
    catalog = VendorRecord.objects.get(vendor="hubrise", kind="catalog")
    _expect(price.replace(",", ".") in json.dumps(catalog.data), f"HubRise n'a pas {price} €.")
    states = MenuSync.objects.filter(task_id=answer["task_id"]).values_list("destination__platform", "status")
    return "Relue et identique : " + ", ".join(f"{place} ({state})" for place, state in sorted(states)) + "."


def run_the_campaign(server: Server) -> str:
    """Its first phases fire by date and by delay, the last one when the recipes module tells of a new recipe."""
    since = timezone.now()
    campaign = server.call("POST", "campaigns", campaign_data(server.url, f"{since:%H:%M:%S}"))
    server.call("POST", f"campaigns/{campaign['id']}/start")
    _until(lambda: _phases(server, campaign["id"])[1] in ("completed", "partial"), "la phase des habitués", server)
    _tell_new_recipe(server)
    _until(lambda: _report(server, campaign["id"])["status"] == "completed", "la fin de la campagne", server)
    report = _report(server, campaign["id"])
    _expect(report["outcome"]["result"] == "completed", f"La campagne est incomplète : {report}")
    _expect(_posts("facebook", "post", since, "Le chef vient d'ajouter") == 1, "Le post de la dernière phase manque.")
    return "Trois phases : " + ", ".join(f"{phase['name']} ({phase['status']})" for phase in report["phases"]) + "."


def read_the_modules(server: Server) -> str:
    """The CRM, the recipes, the IoT and the accounting are read by themselves, from the first minute."""
    if not settings.MODULES_SYNC:
        return "non lus d'eux-mêmes (MODULES_SYNC=off)."
    _until(lambda: ModuleCursor.objects.filter(synced_at__isnull=False).count() >= len(STREAMS), "les modules", server)
    failing = ModuleCursor.objects.exclude(last_error="").first()
    _expect(failing is None, f"{failing} : {failing.last_error if failing else ''}")
    shared = ContactLink.objects.exclude(contact=None).count()
    return f"{len(STREAMS)} flux à jour, {shared} clients partagés avec le CRM."


STEPS = (
    Step("Lire le CRM, les recettes, l'IoT et la comptabilité", "/admin/modules/", read_the_modules),
    Step(
        "Publier l'exemple de la mission sur Facebook et Instagram",
        "/bac-a-sable/facebook/",
        publish_the_missions_example,
    ),
    Step("Publier une photo sur X", "/bac-a-sable/x/", publish_on_x),
    Step("Écrire une promotion aux habitués par e-mail", "/bac-a-sable/boite/", write_by_email),
    Step("Confirmer une réservation par SMS", "/bac-a-sable/telephone/", write_by_sms),
    Step("Mettre à jour la carte d'automne partout", "/carte/", update_the_card),
    Step("Mener une campagne à travers ses phases", "/admin/campaigns/campaign/", run_the_campaign),
)


def _written(server: Server, answer: dict[str, Any], vendor: str, kind: str, since: Any) -> str:
    """Every message of the request is at the service, once, or has its reason."""
    task = _ended(server, answer["task_id"])
    _expect(task["status"] == "succeeded", f"L'envoi n'a pas abouti : {task}")
    counts = task["outcome"]["counts"]
    arrived = VendorRecord.objects.filter(vendor=vendor, kind=kind, created_at__gte=since).count()
    _expect(arrived == counts.get("sent", 0) > 0, f"{arrived} messages chez {vendor}, {counts} dans le journal.")
    skipped = counts.get("skipped", 0)
    return f"{arrived} arrivés" + (f", {skipped} non envoyés faute d'accord." if skipped else ".")


def _ended(server: Server, task_id: str) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def is_over() -> bool:
        seen.update(server.call("GET", f"tasks/{task_id}"))
        return seen["status"] in ("succeeded", "partial", "failed", "canceled")

    _until(is_over, "la fin de la tâche", server)
    return seen


def _tell_new_recipe(server: Server) -> None:
    event = {
        "event": "new_recipe",
        "source": "recipes",
        "timestamp": timezone.now().strftime("%Y-%m-%dT%H:%M:%SZ"),
        "payload": {"recipe_id": "recipe_123", "name": "Salade Méditerranéenne", "is_new": True, "is_featured": False},
    }
    server.call("POST", "webhook", event, **{"X-Webhook-Secret": server.webhook_secret})


def _report(server: Server, campaign_id: str) -> dict[str, Any]:
    return server.call("GET", f"campaigns/{campaign_id}/report")


def _phases(server: Server, campaign_id: str) -> list[str]:
    return [phase["status"] for phase in _report(server, campaign_id)["phases"]]


def _posts(vendor: str, kind: str, since: Any, words: str) -> int:
    """How many things a guest can see on a network since then that say these words."""
    rows = VendorRecord.objects.filter(vendor=vendor, kind=kind, is_public=True, created_at__gte=since)
    return sum(words in json.dumps(row.data, ensure_ascii=False) for row in rows)


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise NotArrived(otherwise)


def _until(holds: Callable[[], bool], what: str, server: Server) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not holds():
        if time.monotonic() > deadline:
            raise NotArrived(f"Après {WAIT_SECONDS} s, toujours pas : {what}. Voir {server.url}/admin/")
        time.sleep(0.2)


def facts_of(path: Path) -> dict[str, Any]:
    """What the running server says of itself."""
    return json.loads(path.read_text(encoding="utf-8"))
