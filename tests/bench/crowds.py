"""A hundred thousand guests: how fast they are counted by rules and made into messages. Prints facts as JSON."""

import json
import statistics
import time
import uuid
from collections.abc import Callable
from datetime import timedelta

from django.db import connection, transaction
from django.db.models import Count
from django.utils import timezone

from integrations.crypto import encrypt
from notifications.models import Consent, Contact, MessageTemplate, Notification, Purchase
from notifications.services import permission, segments, sending
from tests.bench import CROWD, RUNS

SEGMENTS = {
    "consentement": {"all": [{"field": "agrees_email", "op": "yes"}, {"field": "language", "op": "is", "value": "fr"}]},
    "achats": {"all": [{"field": "last_purchase", "op": "within", "value": 90}, {"field": "spent", "op": "at_least", "value": 40}]},
    "distance": {"all": [{"field": "distance", "op": "at_most", "value": 20}, {"field": "agrees_sms", "op": "yes"}]},
}  # fmt: skip


def crowd() -> None:
    """Guests as a till would know them: eight in ten agree to e-mails, one in three bought something."""
    sealed = encrypt("guest@example.com")
    guests = Contact.objects.bulk_create(
        (
            Contact(
                first_name=f"G{rank}",
                language="fr" if rank % 5 else "en",
                email=sealed,
                email_index=f"e{rank:063d}",
                phone_index=f"p{rank:063d}",
                latitude=45.4 + (rank % 400) / 400,
                longitude=-1.03,
            )
            for rank in range(CROWD)
        ),
        batch_size=5_000,
    )
    now = timezone.now()
    Consent.objects.bulk_create(
        (
            Consent(contact=guest, purpose="marketing", channel=channel, status="granted", granted_at=now)
            for rank, guest in enumerate(guests)
            for channel in ("email", "sms")
            if rank % 10 < 8
        ),
        batch_size=10_000,
    )
    Purchase.objects.bulk_create(
        (
            Purchase(
                contact=guest,
                source="bench",
                external_id=str(rank),
                occurred_at=now - timedelta(days=rank % 365),
                amount_cents=2_000 + rank % 5_000,
            )
            for rank, guest in enumerate(guests)
            if rank % 3 == 0
        ),
        batch_size=10_000,
    )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def median_seconds(work: Callable[[], object]) -> float:
    """The middle of a few runs."""
    taken = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def measure() -> None:
    """B9: counts by rules, and the forecast of a send. B4: rows made of an audience, beside COPY of the same rows."""
    crowd()
    counts = {name: median_seconds(lambda rules=rules: segments.count(rules)) for name, rules in SEGMENTS.items()}
    now = timezone.now()
    counts["prévision"] = median_seconds(
        lambda: permission.forecast(Contact.objects.all(), channel="email", purpose="marketing", now=now)
    )
    template = MessageTemplate.objects.get(slug="bench", is_current=True)

    def expand() -> None:
        sending.create_messages(
            template=template,
            contacts=Contact.objects.all(),
            channels=["email"],
            data={"title": "x"},
            origin=sending.Origin(uuid.uuid4()),
            when=sending.When(timezone.now() + timedelta(days=30)),
        )

    expanded = median_seconds(expand)
    print(json.dumps({"counts": counts, "expand": expanded, "copy": copy_seconds()}))  # noqa: T201 (read by the bench)


def copy_seconds() -> float:
    """The limit: how long COPY alone takes to write the rows of one such send."""
    return statistics.median(_copied() for _ in range(RUNS))


def _copied() -> float:
    """Seconds until the rows are committed, that is until the database has looked up what they refer to, as ours are."""
    table = Notification._meta.db_table
    columns = [field.column for field in Notification._meta.local_concrete_fields]
    # One of the large sends: the house has made smaller ones before.
    sizes = Notification.objects.order_by().values_list("task_id").annotate(size=Count("pk"))
    task, made = uuid.uuid4(), sizes.order_by("-size")[0][0]
    with transaction.atomic(), connection.cursor() as cursor:
        values = ", ".join(
            "gen_random_uuid()" if name == "id" else f"'{task}'::uuid" if name == "task_id" else name
            for name in columns
        )
        # Names of our own model and two keys made here: nothing of it comes from outside.
        cursor.execute(
            f"CREATE TEMP TABLE rows_out ON COMMIT DROP AS SELECT {values} FROM {table} WHERE task_id = %s", [made]
        )  # noqa: S608
        with cursor.copy("COPY rows_out TO STDOUT") as out:
            data = b"".join(bytes(part) for part in out)
        start = time.perf_counter()
        with cursor.copy(f"COPY {table} ({', '.join(columns)}) FROM STDIN") as into:
            into.write(data)
    return time.perf_counter() - start
