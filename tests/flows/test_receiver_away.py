"""Who listens to us is away for a day and comes back forgetful, with a new secret: each fact arrives, once, in order."""

import collections
from datetime import timedelta

import psycopg
import pytest

from tests.components import free_port
from tests.flows.receiver import Receiver
from tests.flows.waiting import until
from tests.house import house, new_database

pytestmark = [pytest.mark.flow, pytest.mark.needs_postgresql, pytest.mark.needs_rabbitmq]
CAMPAIGNS, FACTS = 10, 5
DELIVERIES = CAMPAIGNS * FACTS
# Seconds until each next try, as promised in docs; after the sixth, the next one is beyond the 24th hour.
PAUSES = (5, 300, 1800, 7200, 18_000, 36_000)
AWAY = timedelta(hours=24)
TABLE = "integrations_webhookdelivery"
HOOKS = "from integrations.services import outbound; from integrations.models import *; "


class Book:
    """The house's own rows, and its clock: what is due later is made due by moving every date of the rows back."""

    def __init__(self, url: str) -> None:
        self.url = url

    def rows(self, query: str) -> list[tuple]:
        with psycopg.connect(self.url) as connection:
            return connection.execute(query).fetchall()

    def by_status(self) -> dict[str, int]:
        return dict(self.rows(f"SELECT status, count(*) FROM {TABLE} GROUP BY status"))

    def tries(self) -> list[int]:
        """The tries of the first fact of each campaign."""
        query = (
            f"SELECT DISTINCT ON (entity) attempts FROM {TABLE} WHERE lease_until IS NULL ORDER BY entity, created_at"
        )
        return [attempts for (attempts,) in self.rows(query)]

    def pass_time(self, seconds: float) -> None:
        with psycopg.connect(self.url) as connection:
            for table, columns in (
                (TABLE, ("created_at", "next_attempt_at")),
                ("integrations_webhookendpoint", ("failing_since", "previous_until")),
            ):
                moved = ", ".join(f"{column} = {column} - make_interval(secs => {seconds})" for column in columns)
                connection.execute(f"UPDATE {table} SET {moved}")

    def hasten(self) -> None:
        """Make due what waits for its next try."""
        with psycopg.connect(self.url) as connection:
            connection.execute(
                f"UPDATE {TABLE} SET next_attempt_at = now() WHERE status = 'pending' AND next_attempt_at > now()"
            )


def tell(made, facts) -> None:
    """Each campaign tells of its goals, one after the other."""
    made.python(
        f"{HOOKS}[outbound.tell('performance_threshold', 'campaigns', {{'campaign_id': f'c{{n}}', 'metric': 'clicks', "
        f"'goal': 1, 'value': rank}}, fact_key=f'c{{n}}:{{rank}}') for rank in {facts!r} for n in range({CAMPAIGNS})]"
        "; print(1)"
    )


def order_of(receiver: Receiver) -> dict[str, list[int]]:
    """What each campaign reached, as the receiver took it in."""
    found: dict[str, list[int]] = collections.defaultdict(list)
    for body in receiver.applied.values():
        found[body["payload"]["campaign_id"]].append(body["payload"]["value"])
    return found


def is_still(book: Book) -> bool:
    """Whether nothing is left to send; what waits for its next try is not waited for."""
    book.hasten()
    return not {"pending", "sending"} & set(book.by_status())


def stay_away_for_a_day(book: Book) -> None:
    until(lambda: book.tries() == [1] * CAMPAIGNS, 30, lambda: str(book.tries()))
    for rank, pause in enumerate(PAUSES, start=2):
        book.pass_time(pause)
        until(lambda rank=rank: book.tries() == [rank] * CAMPAIGNS, 30, lambda: str(book.tries()))
    book.pass_time(AWAY.total_seconds() - sum(PAUSES))
    assert book.by_status() == {"pending": DELIVERIES - CAMPAIGNS}


def test_a_receiver_away_for_a_day_gets_every_fact_once_and_in_order(tmp_path, postgresql_url, rabbitmq_url):
    receiver = Receiver(free_port())
    servers = {"DATABASE_URL": new_database(postgresql_url), "BROKER_URL": rabbitmq_url}
    book = Book(servers["DATABASE_URL"])
    allowed = f"127.0.0.1:{receiver.port}"
    with house(tmp_path, **servers, SWEEP_SECONDS="2", PRIVATE_HOSTS_ALLOWED=allowed) as made:
        receiver.secret = made.python(f"{HOOKS}print(outbound.register('performance_threshold', {receiver.url!r})[1])")
        tell(made, range(FACTS - 1))
        made.start_worker("-c", "2")
        made.start_beat()

        stay_away_for_a_day(book)
        alerts = book.rows("SELECT key FROM vieuxmoulin_alert WHERE resolved_at IS NULL")
        # Back, and not told yet that our secret is another one: both sign for a while.
        known_to_both = made.python(f"{HOOKS}print(outbound.change_secret(WebhookEndpoint.objects.get()))")
        receiver.forgets_every = 7
        with receiver.open():
            book.pass_time(4 * 3600)
            until(lambda: is_still(book), 40, lambda: str(book.by_status()))
            # It takes the new secret, and the old one ends.
            receiver.secret = known_to_both
            book.pass_time(24 * 3600)
            tell(made, [FACTS - 1])
            until(lambda: is_still(book), 40, lambda: str(book.by_status()))
            # A person sends again what was on its last try when it was forgotten, and some that they are in doubt of.
            assert set(book.by_status()) <= {"delivered", "failed"}
            made.python(
                f"{HOOKS}some = WebhookDelivery.objects.order_by('-status', 'pk').values('pk')[:{CAMPAIGNS}]; "
                "print(outbound.retry(WebhookDelivery.objects.filter(pk__in=some)))"
            )
            until(lambda: is_still(book), 40, lambda: str(book.by_status()))
            assert book.by_status() == {"delivered": DELIVERIES}

    assert any(key.startswith("endpoint:") for (key,) in alerts), alerts
    assert receiver.refused == []
    assert len(receiver.applied) == DELIVERIES
    assert order_of(receiver) == {f"c{number}": list(range(FACTS)) for number in range(CAMPAIGNS)}
    # It was told more often than it applied: what it forgot to answer, and what was sent again.
    assert len(receiver.calls) >= DELIVERIES + CAMPAIGNS
