"""A house that has lived: 100 000 rows of each kind, and its pages looked at; run in the house. Prints facts as JSON."""

import json
import re
import time
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Contact
from tests.bench import CROWD, copies
from tests.bench.lab import p99
from tests.vieuxmoulin.backoffice import rows
from vieuxmoulin.warming import warm

LOOKS = 15
# Tables of events: their rows are only ever read by the page, never counted one by one.
RAW_EVENTS = ("notifications_deliveryevent", "integrations_inboundevent", "integrations_webhookdelivery")
LISTS = (
    "notifications_contact", "notifications_notification", "notifications_consent", "social_publication",
    "vieuxmoulin_task", "integrations_inboundevent", "integrations_webhookdelivery",
)  # fmt: skip
COUNT = re.compile(r"COUNT\(", re.IGNORECASE)


def fill() -> None:
    """Contacts, messages, posts, what guests said, and the journal; the older, the higher their rank."""
    copies.guests(CROWD, "habitues")
    age = "now() - s.n * interval '5 minutes'"
    sent = rows.message(contact=Contact.objects.first())
    people = f"SELECT id, row_number() OVER () AS n FROM notifications_contact WHERE source = 'habitues' LIMIT {CROWD}"  # noqa: S608
    copies.copy(sent, people, contact_id="s.id", sent_at=age, created_at=age, task_id="gen_random_uuid()")
    post = rows.publication(status="published", external_id="p", published_at=timezone.now())
    # One post an hour: eleven years of them.
    other = {
        "scheduled_at": "now() - s.n * interval '1 hour'",
        "external_id": "'p' || s.n",
        "occurrence": "s.n::text",
        "next_attempt_at": "NULL",
    }
    copies.fill(post, CROWD, published_at=age, **other)
    copies.fill(rows.interaction(publication=post), CROWD, external_id="s.n::text", occurred_at=age)
    copies.fill(rows.task(status="succeeded", outcome={"counts": {"published": 1}}), CROWD, timestamp=age)
    copies.fill(rows.inbound(status="done"), CROWD, delivery_id="s.n::text", occurred_at=age)
    copies.fill(rows.delivery(status="delivered"), CROWD, fact_key="s.n::text")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def pages() -> dict[str, str]:
    """The addresses looked at, by the name they have in the table."""
    found = {name: reverse(f"admin:{name}_changelist") for name in LISTS}
    found |= {f"{name}, page 500": f"{found[name]}?p=500" for name in LISTS[:2]}
    found |= {name: reverse(f"backoffice:{name}") for name in ("inbox", "calendar", "send_compose", "composer")}
    found["accueil"] = reverse("admin:index")
    return found | {"recherche d'un contact": f"{found['notifications_contact']}?q=g1@example.com"}


def measure() -> None:
    """The statements and the time of each page, in a process warmed as those of the web are."""
    fill()
    warm()
    user = get_user_model().objects.create_superuser("bench-manager", "m@example.com", "un-mot-de-passe-long")
    office = Client(HTTP_HOST="127.0.0.1")
    office.force_login(user)
    facts = [{"name": name, **look(office, address)} for name, address in pages().items()]
    print(json.dumps(facts))  # noqa: T201 (read by the bench)


def look(office: Client, address: str) -> dict[str, Any]:
    """Look at a page many times, once with its statements counted."""
    taken = []
    for _ in range(LOOKS):
        start = time.perf_counter()
        answer = office.get(address)
        taken.append(time.perf_counter() - start)
        if answer.status_code != 200:
            raise SystemExit(f"{address} : {answer.status_code}")
    with CaptureQueriesContext(connection) as asked:
        office.get(address)
    statements = [query["sql"] for query in asked.captured_queries]
    counts = [sql for sql in statements if COUNT.search(sql) and any(f'FROM "{name}"' in sql for name in RAW_EVENTS)]
    return {"queries": len(statements), "p99": p99(taken[2:]), "counts": len(counts)}
