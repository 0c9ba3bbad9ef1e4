"""Each neighbouring module is slow, wrong, then absent: the others go on, staff hear of it once, and all is caught up.

Counts are taken at both sides: what the modules hold, and what became of it here.
"""

import collections
import html
import json
import signal
from datetime import UTC, datetime

import pytest
import requests

from tests.components import free_port
from tests.flows import servers
from tests.flows.line import Line
from tests.flows.played import ABSENT, MODULES, Played
from tests.flows.waiting import until
from tests.house import house, new_database, wait_for_port

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql, pytest.mark.needs_redis, pytest.mark.needs_rabbitmq]
# The CRM is written to as well: it meets everything. The others share one reader of answers. A wrong answer is one: after
# it the module is called again at once, where it had been let rest.
MISHAPS = {
    "crm": ("slow", "cut_json", "server_error", "wrong_shape", ABSENT, "html_page"),
    "recipes": ("slow", "html_page", ABSENT),
    "iot": ("slow", "cut_json", ABSENT),
    "accounting": ("slow", "wrong_shape", ABSENT),
}
# What the row of a stream says then, and what staff read of it.
BAD_ANSWER = ("bad_answer", "ne répond pas comme convenu")
SAID = {
    "slow": ("read_timeout", "La réponse de « {slug} » n'est pas arrivée"),
    "server_error": ("503", "« {slug} » est momentanément indisponible (503)"),
    ABSENT: ("unreachable", "« {slug} » est injoignable"),
}
LABELS = {"crm": "CRM", "recipes": "recettes", "iot": "IoT", "accounting": "comptabilité"}
DEADLINE_SECONDS, SLOW_SECONDS = 0.7, 2.0
# How long the streams of the other modules may have to wait meanwhile.
OTHERS_SECONDS = 10
IMPATIENT = {
    "MODULES_SYNC": "on",
    "MODULE_ALERT_MINUTES": "0",
    "BREAKER_REST_SECONDS": "1",
    "CLAIM_LEASE_SECONDS": "15",
    "RETRY_FIRST_SECONDS": "1",
    "SWEEP_SECONDS": "1",
    "WEBHOOK_RATE": "1000000/min",
    "LOG_LEVEL": "error",
    "WEB_CONCURRENCY": "1",
    "ALERT_EMAILS": "chef@example.com",
}
PASSWORD = "un-mot-de-passe-long"  # noqa: S105 (of a house that lives for a minute)
# Rules that act in a day: what each event led to stands in the database, and nothing leaves.
PREPARE = f"""
import json
from django.contrib.auth import get_user_model
from campaigns.models import Automation
from tests.flows.crowd import prepare
for one in ("booking_created", "new_recipe"):
    Automation.objects.create(name=one, event=one, delay_minutes=1440)
get_user_model().objects.create_superuser("camille", "", {PASSWORD!r})
prepare(0, 0)
from vieuxmoulin.api.clients import create_client
print(json.dumps(create_client("desk", ["contacts:read", "contacts:write"])))
"""
STREAMS = "SELECT module, stream, failing_since, synced_at, last_error_code, last_error FROM integrations_modulecursor"
READ_ONCE, NUMBER_OF_STREAMS = "SELECT count(*) FROM integrations_modulecursor WHERE synced_at IS NOT NULL", 8
APPLIED = """
    SELECT received.event, received.entity, count(*) FROM campaigns_automationrun run
    JOIN integrations_inboundevent received ON run.event_id = 'inbound:' || received.id GROUP BY 1, 2
"""
OPEN_ALERTS = "SELECT key, title, message FROM vieuxmoulin_alert WHERE resolved_at IS NULL"
# The clock of the house: what is due later is due now.
HASTEN = "UPDATE integrations_modulecursor SET next_attempt_at = NULL WHERE status = 'idle' RETURNING 1"
HASTEN_WORDS = "UPDATE vieuxmoulin_contactlink SET next_attempt_at = NULL WHERE status = 'to_tell' RETURNING 1"
# Staff were written to of something else at the opening, an hour ago.
CALM = "UPDATE vieuxmoulin_alert SET mailed_at = now() - interval '1 hour' RETURNING 1"
MAILED = (
    "SELECT key FROM vieuxmoulin_alert WHERE starts_with(key, 'module') AND mailed_at > now() - interval '30 minutes'"
)


class Desk:
    """The house, its played neighbours, and who works there: by the API, and before the screens."""

    def __init__(self, made, played: Played) -> None:
        self.made, self.played, self.rows = made, played, played.rows
        self.browser, self.program = requests.Session(), requests.Session()
        # What each module was given to tell while it was away.
        self.bookings: list[str] = []
        self.recipes: list[str] = []
        self.refusals: list[str] = []
        self.guests: list[str] = []

    def open(self) -> None:
        client = json.loads(self.made.python(PREPARE))
        self.made.start_web()
        self.made.start_worker("-c", "2")
        self.made.start_beat()
        answer = requests.post(
            f"{self.made.url}/o/token/",
            {"grant_type": "client_credentials"},
            auth=(client["client_id"], client["client_secret"]),
            timeout=20,
        )
        self.program.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        address = f"{self.made.url}/admin/login/"
        self.browser.get(address, timeout=20)
        form = {"username": "camille", "password": PASSWORD, "csrfmiddlewaretoken": self.browser.cookies["csrftoken"]}
        assert self.browser.post(address, form, allow_redirects=False, timeout=20).status_code == 302

    def streams(self, module: str) -> list[dict]:
        names = ("module", "stream", "failing_since", "synced_at", "code", "error")
        found = [dict(zip(names, row, strict=True)) for row in self.rows(STREAMS)]
        return [row for row in found if row["module"] == module]

    def is_down(self, module: str, code: str) -> bool:
        """Whether each of its streams fails, one of them at least for this reason."""
        self.rows(HASTEN)
        rows = self.streams(module)
        return all(row["failing_since"] for row in rows) and code in {row["code"] for row in rows}

    def is_well(self, modules, since: datetime) -> bool:
        """Whether every stream of these was read to its end since then."""
        self.rows(HASTEN)
        rows = [row for module in modules for row in self.streams(module)]
        return all(row["failing_since"] is None and row["synced_at"] and row["synced_at"] > since for row in rows)

    def state(self) -> str:
        return "\n".join(str(row) for module in MODULES for row in self.streams(module))

    def screen(self, path: str) -> str:
        answer = self.browser.get(f"{self.made.url}{path}", timeout=20)
        assert answer.status_code == 200
        return html.unescape(answer.text)

    def alerts(self) -> dict[str, str]:
        return {key: f"{title} {message}" for key, title, message in self.rows(OPEN_ALERTS)}

    def contact(self, method: str, path: str, body: dict) -> dict:
        answer = self.program.request(
            method, f"{self.made.url}/api/communication/contacts{path}", json=body, timeout=20
        )
        assert answer.status_code in (200, 201), answer.text
        return answer.json()


@pytest.fixture
def desk(tmp_path, postgresql_url, rabbitmq_url):
    port = free_port()
    cache = servers.redis(servers.found("redis"), tmp_path / "redis", port)
    cache.start()
    database = new_database(postgresql_url)
    settings = {"DATABASE_URL": database, "BROKER_URL": rabbitmq_url, "REDIS_URL": f"redis://127.0.0.1:{port}/0"}
    lines: dict[str, Line] = {}
    try:
        wait_for_port(port)
        with house(tmp_path, **settings, **IMPATIENT) as made:
            for module in MODULES:
                lines[module] = Line(int(made.env["PORT"]))
                lines[module].join()
                address = f"http://127.0.0.1:{lines[module].port}/bac-a-sable/api/{module}"
                made.env |= {
                    f"{module.upper()}_BASE_URL": address,
                    f"{module.upper()}_TOKEN": "flow",
                    f"{module.upper()}_TIMEOUT": str(DEADLINE_SECONDS),
                }
            yield Desk(made, Played(made.url, database, lines))
    finally:
        for line in lines.values():
            line.cut()
        cache.stop(signal.SIGKILL)


def live_on(desk: Desk, module: str, rank: int) -> None:
    """What happens at a module and here while we cannot talk: told by webhook, to be read, or to be said there."""
    played = desk.played
    if module == "crm":
        desk.bookings.append(f"bk-silent-{rank}")
        played.book_silently(desk.bookings[-1], f"silent{rank}@example.com")
        played.add("crm", "contact", f"crm-silent-{rank}", first_name="Ève", email=f"silent{rank}@example.com", consents=[])  # fmt: skip
        # Told, and read too.
        before = set(played.held("crm", "booking"))
        played.act("crm", "book", f"crm-00{rank + 1}")
        desk.bookings += set(played.held("crm", "booking")) - before
        refuse(desk, f"crm-{rank + 11:03d}")
        name = f"ours{rank}@example.com"
        consent = {"channel": "email", "status": "granted", "source": "accueil", "wording": "Oui.", "wording_version": "1"}  # fmt: skip
        desk.guests.append(desk.contact("POST", "", {"email": name, "first_name": "Lou", "consents": [consent]})["id"])
    elif module == "recipes":
        desk.recipes.append(f"rec-10{rank + 1}")
        played.act("recipes", "new", desk.recipes[-1])
    elif module == "iot":
        played.act("iot", "none", sorted(played.held("iot", "level"))[rank])
    else:
        played.act("accounting", "order", f"crm-00{rank + 1}")


def refuse(desk: Desk, name: str) -> None:
    """A guest whom the CRM knows wants no more e-mails, and says so to us."""
    ((contact,),) = desk.rows("SELECT contact_ref FROM vieuxmoulin_contactlink WHERE external_id = %s", name)
    no = {"channel": "email", "status": "withdrawn", "source": "lien de désinscription"}
    desk.contact("PATCH", f"/{contact}", {"consents": [no]})
    desk.refusals.append(name)


def go_through(desk: Desk, module: str) -> None:
    """One module, mishap after mishap, until it is well again."""
    others = [name for name in MODULES if name != module]
    alert, words = f"module:{module}", f"Le module {LABELS[module]} ne répond plus comme il faut."
    for rank, mishap in enumerate(MISHAPS[module]):
        code, reason = SAID.get(mishap, BAD_ANSWER)
        struck_at = datetime.now(UTC)
        desk.played.strike(module, mishap, SLOW_SECONDS)
        live_on(desk, module, rank)
        until(lambda at=struck_at: desk.is_well(others, at), OTHERS_SECONDS, desk.state)
        until(lambda word=code: desk.is_down(module, word), 20, desk.state)
        until(lambda: alert in desk.alerts(), 10, lambda: str(desk.alerts()))
        # One trouble is one alert, whatever its kinds.
        assert [key for key in desk.alerts() if module in key] == [alert]
        assert words in desk.screen("/admin/")
        page = desk.screen("/admin/modules/")
        assert "en difficulté" in page
        assert reason.format(slug=module) in page
        if mishap != MISHAPS[module][-1]:
            desk.played.mend(module, mishap)
    if module == MODULES[0]:
        until(lambda: desk.rows(MAILED) == [(alert,)], 10, lambda: str(desk.rows(MAILED)))
    desk.played.mend(module, mishap)
    back_at = datetime.now(UTC)
    until(lambda: desk.is_well(MODULES, back_at), 20, desk.state)
    until(lambda: alert not in desk.alerts(), 10, lambda: str(desk.alerts()))
    assert words not in desk.screen("/admin/")
    assert "en difficulté" not in desk.screen("/admin/modules/")


def is_said(desk: Desk) -> bool:
    """Whether nothing is left to say to the CRM."""
    desk.rows(HASTEN)
    desk.rows(HASTEN_WORDS)
    return set(desk.rows("SELECT DISTINCT status FROM vieuxmoulin_contactlink")) == {("in_step",)}


def links(desk: Desk) -> str:
    query = (
        "SELECT status, external_id, last_error_code, last_error FROM vieuxmoulin_contactlink WHERE status <> 'in_step'"
    )
    return str(desk.rows(query))


def test_modules_that_fail_in_turn_are_caught_up_with_once_and_told_of_once(desk):
    desk.open()
    until(lambda: desk.rows(READ_ONCE) == [(NUMBER_OF_STREAMS,)], 30, desk.state)
    desk.rows(CALM)

    for module in MODULES:
        go_through(desk, module)
    until(lambda: is_said(desk), 20, lambda: links(desk))

    applied = {(event, entity): times for event, entity, times in desk.rows(APPLIED)}
    assert applied == {
        **{("booking_created", f"crm:booking:{name}"): 1 for name in desk.bookings},
        **{("new_recipe", f"recipes:recipe:{name}"): 1 for name in desk.recipes},
    }
    assert len(desk.bookings) == 2 * len(MISHAPS["crm"])
    # Every guest of the CRM who can be written to is one of ours, once; every one of ours who agreed is there, once.
    cards = desk.played.held("crm", "contact")
    known = [name for (name,) in desk.rows("SELECT external_id FROM vieuxmoulin_contactlink")]
    assert sorted(known) == sorted(name for name, card in cards.items() if card.get("email") or card.get("phone"))
    put_there = collections.Counter(card["external_ref"] for card in cards.values() if card.get("external_ref"))
    assert [put_there[guest] for guest in desk.guests] == [1] * len(MISHAPS["crm"])
    for name in desk.refusals:
        said = [one["status"] for one in cards[name]["consents"] if one["channel"] == "email"]
        assert (name, said) == (name, ["withdrawn"])
    bought = [name for (name,) in desk.rows("SELECT external_id FROM notifications_purchase WHERE source = 'accounting'")]  # fmt: skip
    assert sorted(bought) == sorted(desk.played.orders())
    gone = {f"iot:low-{name}" for name, level in desk.played.held("iot", "level").items() if level["quantity"] == 0}
    assert {key for key in desk.alerts() if key.startswith("iot:")} == gone
    assert len(gone) == len(MISHAPS["iot"])
    assert set(desk.rows("SELECT status, last_error_code FROM integrations_inboundevent")) == {("processed", "")}
    # What came within the quarter of an hour after the first letter was over before it would have left in a second one.
    assert desk.rows(MAILED) == [("module:crm",)]
