"""A house that has lived: 100 000 rows of each kind, and its pages looked at; run in the house. Prints facts as JSON."""

import copy
import json
import re
import time
import uuid
from datetime import timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from notifications.models import Contact
from tests.bench import CROWD, prepare
from tests.bench.lab import p99
from tests.vieuxmoulin.backoffice import rows

BATCH = 10_000
LOOKS = 30
# Tables of events: their rows are only ever read by the page, never counted one by one.
RAW_EVENTS = ("notifications_deliveryevent", "integrations_inboundevent", "integrations_webhookdelivery")
LISTS = (
    "notifications_contact", "notifications_notification", "notifications_consent", "social_publication",
    "vieuxmoulin_task", "integrations_inboundevent", "integrations_webhookdelivery",
)  # fmt: skip
COUNT = re.compile(r"COUNT\(", re.IGNORECASE)


def copies(row: Any, **changes: Any) -> None:
    """As many rows like this one as the measure wants; changes: by field, what its value is for each rank."""
    model, made = type(row), []
    for rank in range(CROWD):
        other = copy.copy(row)
        other._state = copy.copy(row._state)
        other.pk = uuid.uuid4() if isinstance(row.pk, uuid.UUID) else None
        for name, value in changes.items():
            setattr(other, name, value(rank))
        made.append(other)
        if len(made) == BATCH:
            model.objects.bulk_create(made)
            made = []


def fill() -> None:
    """Contacts, messages, posts, what guests said, and the journal."""
    now = timezone.now()
    prepare.guests(CROWD, "habitues", first=5_000_000)
    people = list(Contact.objects.values_list("pk", flat=True)[:CROWD])

    def age(rank: int) -> Any:
        return now - timedelta(minutes=5 * rank)

    message = rows.message(contact=Contact.objects.first())
    copies(
        message, contact_id=lambda rank: people[rank], sent_at=age, created_at=age, task_id=lambda rank: uuid.uuid4()
    )
    post = rows.publication(status="published", external_id="p", published_at=now)
    copies(
        post, occurrence=str, scheduled_at=age, next_attempt_at=lambda rank: None, external_id=lambda rank: f"p{rank}"
    )
    copies(rows.interaction(publication=post), external_id=str, occurred_at=age)
    copies(rows.task(status="succeeded", outcome={"counts": {"sent": 1}}), timestamp=age)
    copies(rows.inbound(status="done"), delivery_id=str, occurred_at=age)
    copies(rows.delivery(status="delivered"), fact_key=str)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def pages() -> dict[str, str]:
    """The addresses looked at, by the name they have in the table."""
    found = {name: reverse(f"admin:{name}_changelist") for name in LISTS}
    found |= {f"{name}, page 500": f"{found[name]}?p=500" for name in LISTS[:2]}
    found |= {name: reverse(f"backoffice:{name}") for name in ("inbox", "calendar", "send_compose", "composer")}
    found["accueil"] = reverse("admin:index")
    return found | {"recherche d'un contact": f"{found['notifications_contact']}?q=g5000001@example.com"}


def measure() -> None:
    """The statements and the time of each page."""
    fill()
    user = get_user_model().objects.create_superuser("bench-manager", "m@example.com", "un-mot-de-passe-long")
    office = Client()
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
