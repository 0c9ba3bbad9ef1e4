"""Celery entry points of the top floor: the minute jobs that keep every promise, and the phases of campaigns."""

from datetime import timedelta

from celery import current_app, shared_task
from django.conf import settings
from oauth2_provider.models import clear_expired

from integrations.services import audit, credentials, pulse, refusals
from notifications.services import double_optin
from vieuxmoulin import listening, tidying
from vieuxmoulin import sweep as sweeping
from vieuxmoulin.api import idempotency
from vieuxmoulin.exchange import contacts as shared_guests
from vieuxmoulin.exchange import differences, links, slow_dishes
from vieuxmoulin.exchange import streams as module_streams
from vieuxmoulin.orchestrator import automating, card_posts, conducting, converting, goals, ledger, own_events, totals

# Long enough to look back at an attack; an address is personal data, and is not kept for ever.
REFUSALS_KEPT = timedelta(days=90)


@shared_task
def sweep() -> None:
    """Each minute: enqueue whatever is due, recover what a dead worker left, settle what is unknown (law 1)."""
    sweeping.sweep()


@shared_task
def fire_phase(phase_id: str) -> None:
    conducting.fire_phase(phase_id)


@shared_task
def refresh_task(task_id: str) -> None:
    ledger.refresh(task_id)
    totals.feed(task_id)


@shared_task
def run_automation(run_id: str) -> None:
    automating.run(run_id)


@shared_task
def post_card(sync_id: str) -> None:
    card_posts.post(sync_id)


@shared_task
def sync_modules(module: str = "") -> None:
    """Each minute: read what is due of the neighbouring modules, tell the CRM what it does not know. A named one: now."""
    if module or settings.MODULES_SYNC:
        module_streams.go_round(module)


@shared_task
def read_stream(row_id: str) -> None:
    module_streams.read(row_id)


@shared_task
def tell_crm(link_id: str) -> None:
    links.tell(link_id)


@shared_task
def compare_guests() -> None:
    """Each day: look again at what the CRM and we hold of each guest."""
    if settings.MODULES_SYNC:
        shared_guests.compare_again()


@shared_task
def propose_slow_dishes() -> None:
    """Each week: tell the rules that it begins, and make a draft for the dishes that sell little where staff asked for it."""
    own_events.begin_week()
    if settings.SLOW_DISHES_WEEKLY:
        slow_dishes.propose_weekly()


@shared_task
def beat_pulse() -> None:
    """Each minute: note that beat lives, and ask each queue's workers to note that they do (law 5)."""
    pulse.beat("beat")
    for queue in settings.QUEUES:
        current_app.tasks["vieuxmoulin.tasks.worker_pulse"].apply_async(args=[queue], queue=queue, expires=120)


@shared_task
def worker_pulse(queue: str) -> None:
    pulse.beat(f"worker.{queue}")


@shared_task
def tidy() -> None:
    """Each day: forget expired tokens, the answers kept for repeated requests, files that nothing names, lists
    of guests that were imported, subscriptions that nobody confirmed, and the oldest lines of the journals."""
    idempotency.forget_old()
    clear_expired()
    tidying.forget_files()
    tidying.forget_imports()
    double_optin.forget_unconfirmed()
    differences.forget()
    refusals.forget(REFUSALS_KEPT)
    pulse.forget()
    audit.forget_old()
    credentials.forget_old()


@shared_task
def count_conversions(campaign_id: str) -> None:
    converting.count(campaign_id)


@shared_task
def watch_goals() -> None:
    """Every five minutes: count what campaigns brought in, tell of the goals that they have met."""
    converting.count_all()
    goals.check_all()


@shared_task
def renew_subscriptions() -> None:
    """Each day: ask the services that call us whether they still do."""
    listening.renew()


@shared_task
def check_services() -> None:
    """Every five minutes: ask each connected service whether it still knows us."""
    sweeping.check_services()
