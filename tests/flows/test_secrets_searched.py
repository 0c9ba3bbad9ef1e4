"""A busy house that logs all it can: no secret and no guest's address is in a log, a message, an answer or a table."""

import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta

import kombu
import psycopg
import pytest
import requests

from tests.components import free_port
from tests.flows.neighbour import booking, send_all
from tests.flows.receiver import Receiver
from tests.flows.waiting import until
from tests.house import ROOT, house, new_database, wait_for_port
from tests.plugin import SECRETS

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql, pytest.mark.needs_rabbitmq]
QUEUES = ("publish", "webhooks", "notify", "menus", "campaigns", "analytics")
SIZE = 10
CROWD = "from tests.flows import crowd; import json; "
SCOPES = ("notify", "tasks:read", "status:read")
GRANT = "from vieuxmoulin.api.clients import create_client; "
VENDORS = ("SG.flow",)
RULE = (
    "from campaigns.models import Automation; from integrations.services import outbound; "
    "Automation.objects.create(name='b', event='booking_created').actions.create(kind='notify', "
    "params={'template': 'chaos', 'channels': ['sms'], 'audience': 'event'}); "
)
# Rows that belong to the vendors' side of the sandbox.
THEIRS = "sandbox_"


def waiting_messages(url: str) -> list[str]:
    """Headers and bodies of what waits at the broker; it waits there still when the line is closed."""
    found = []
    with kombu.Connection(url) as connection:
        for name in QUEUES:
            queue = kombu.Queue(name)(connection.default_channel)
            with contextlib.suppress(connection.channel_errors):
                while (message := queue.get(no_ack=False)) is not None:
                    found.append(f"{json.dumps(message.headers, default=str)} {message.body!r}")
    return found


def tables(url: str) -> dict[str, str]:
    """Every row of every table of ours, as text."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            name: "\n".join(str(row) for row in connection.execute(f'SELECT t::text FROM "{name}" t'))
            for (name,) in names
            if not name.startswith(THEIRS)
        }


def guests() -> list[str]:
    """The addresses and the numbers of the crowd, and of who books by webhook; as `crowd` makes them."""
    crowd = [word for rank in range(SIZE) for word in (f"g{rank}@example.com", f"3367{rank + 1000:07d}")]
    return [*crowd, "reserve@example.com", "33698765432"]


def booked(number: int, start: datetime):
    """A guest that nobody knows yet books a table."""
    made = booking(number, 0, start, name="booking_created", is_signed=number % 2 == 0)
    made.payload["customer"] = {"first_name": "Rose", "email": "reserve@example.com", "phone": "+33698765432"}
    return made


def work(made, receiver: Receiver, database: str) -> tuple[list[str], list[str], list[str]]:
    """Everything that handles a secret or an address; returns the answers, the messages and the secrets."""
    subscribe = (
        f"endpoint, secret = outbound.register('*', {receiver.url!r}); outbound.try_out(endpoint); print(secret)"
    )
    hook = made.python(f"{RULE}{subscribe}")
    receiver.secret = hook
    made.python(f"{CROWD}print(json.dumps(crowd.prepare(1, {SIZE})))")
    client = json.loads(
        made.python(f"{GRANT}import json; print(json.dumps(create_client('search', {list(SCOPES)!r})))")
    )
    made.start_web()
    grant = {"grant_type": "client_credentials"}
    pair = (client["client_id"], client["client_secret"])
    token = requests.post(f"{made.url}/o/token/", data=grant, auth=pair, timeout=30).json()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    api = f"{made.url}/api/communication"
    answers = [
        requests.post(f"{api}/notify", json=body, headers=headers, timeout=30)
        for body in (
            {"template": "chaos", "recipients": ["tag:chaos-0"], "data": {}, "channels": ["email", "sms"]},
            {"template": "chaos", "recipients": ["g1@example.com", "+33670001002"], "data": {}, "channels": ["sms"]},
        )
    ]
    assert [answer.status_code for answer in answers] == [202, 202]
    start = datetime.now(UTC) - timedelta(minutes=5)
    answers += send_all(made.url, [booked(number, start) for number in range(4)])
    assert {answer.status_code for answer in answers} == {202}
    # A wrong secret, a wrong token, a wrong signature: what is refused is told too.
    answers.append(requests.post(f"{api}/webhook", json={}, headers={"X-Webhook-Secret": hook}, timeout=30))
    answers.append(requests.get(f"{api}/tasks", headers={"Authorization": f"Bearer {pair[1]}"}, timeout=30))
    # Nobody has taken any work up so far: all of it is at the broker.
    messages = waiting_messages(made.env["BROKER_URL"])
    made.start_worker("-c", "2")
    made.start_beat()

    def is_done() -> bool:
        with psycopg.connect(database) as connection:
            query = "SELECT count(*) FILTER (WHERE status = 'sent'), count(*) FROM notifications_notification"
            sent, total = connection.execute(query).fetchone()
            events = connection.execute("SELECT DISTINCT status FROM integrations_inboundevent").fetchall()
        return total >= 2 * SIZE + 2 and sent >= SIZE and events == [("processed",)] and receiver.is_told_something()

    until(is_done, 60, lambda: str(tables(database)["notifications_notification"])[-2000:])
    answers += [requests.get(f"{api}/{page}", headers=headers, timeout=30) for page in ("tasks", "status")]
    secrets = [*SECRETS.values(), *VENDORS, hook, hook.removeprefix("whsec_"), pair[1], token]
    return [answer.text + str(answer.headers) for answer in answers], messages, secrets


def test_no_secret_and_no_address_is_where_it_should_not_be(tmp_path, postgresql_url, rabbitmq_url):
    database, receiver, port = new_database(postgresql_url), Receiver(free_port()), free_port()
    vendor_log = tmp_path / "vendor.jsonl"
    servers = {"DATABASE_URL": database, "BROKER_URL": rabbitmq_url, "LOG_LEVEL": "debug", "SWEEP_SECONDS": "3"}
    addresses = {f"{slug}_BASE_URL": f"http://127.0.0.1:{port}" for slug in ("SENDGRID", "TWILIO")}
    more = {"PRIVATE_HOSTS_ALLOWED": f"127.0.0.1:{receiver.port}", "READ_BACK_SECONDS": "3", "HTTP_READ_TIMEOUT": "2"}
    with contextlib.ExitStack() as stack:
        vendor = subprocess.Popen(
            [sys.executable, "-m", "tests.flows.vendor", str(port), str(vendor_log), "10"], cwd=ROOT
        )
        stack.callback(vendor.wait)
        stack.callback(vendor.kill)
        wait_for_port(port)
        stack.enter_context(receiver.open())
        made = stack.enter_context(house(tmp_path, **servers, **addresses, **more))
        answers, messages, secrets = work(made, receiver, database)
        seen = {path.name: path.read_text(errors="replace") for path in tmp_path.rglob("*.log")}
        seen |= {f"message {rank}": text for rank, text in enumerate(messages)}
        seen |= {f"answer {rank}": text for rank, text in enumerate(answers)}
        seen |= {f"table {name}": text for name, text in tables(database).items()}

    # A search that finds nothing is worth what it looked at.
    assert {"web.log", "worker.log", "beat.log", "table vieuxmoulin_task"} <= set(seen)
    for task in ("process_inbound", "deliver_webhook", "deliver_chunk"):
        assert task in " ".join(messages)
    assert "http_call" in seen["worker.log"]
    found = [(place, word) for place, text in seen.items() for word in [*secrets, *guests()] if word in text]
    assert found == []
