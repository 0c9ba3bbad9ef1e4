"""Embedded mode: the Celery worker and the beat as threads of the one web process, over an in-memory queue.

The queue dies with the process; the rows and the sweep of each minute are what makes that safe (nothing is decided by
what the queue holds). With BROKER_URL set, nothing here runs: worker and beat are processes of their own.
"""

import threading
import warnings

import structlog
from celery import signals
from celery.exceptions import SecurityWarning
from celery.worker import state
from django.conf import settings

from vieuxmoulin.celery import app
from vieuxmoulin.schedule import first_round

CONCURRENCY = 8
BEAT_INTERVAL_SECONDS = 2
STOP_SECONDS = 12
# The in-memory queue is looked at this often; Celery's default of one second would be felt by whoever publishes.
POLLING_SECONDS = 0.02

log = structlog.get_logger(__name__)


class Engine:
    """One worker and one beat, started and stopped together."""

    def __init__(self) -> None:
        self.ready = threading.Event()
        # One process: nobody to send remote commands, and fewer queues to look at.
        app.conf.worker_enable_remote_control = False
        app.conf.broker_transport_options = {"polling_interval": POLLING_SECONDS}
        self.worker = self._make_worker()
        self.beat = app.Beat().Service(
            app, scheduler_cls=settings.CELERY_BEAT_SCHEDULER, max_interval=BEAT_INTERVAL_SECONDS
        )
        self.threads = [
            threading.Thread(target=self._run, args=(self.worker.start,), name="celery-worker", daemon=True),
            threading.Thread(target=self._run, args=(self.beat.start,), name="celery-beat", daemon=True),
        ]

    @staticmethod
    def _make_worker():
        with warnings.catch_warnings():
            # "You're running the worker with superuser privileges": so is the web server it lives in.
            warnings.simplefilter("ignore", SecurityWarning)
            return app.Worker(
                pool="threads",
                concurrency=CONCURRENCY,
                queues=list(settings.QUEUES),
                without_gossip=True,
                without_mingle=True,
                without_heartbeat=True,
                loglevel=settings.LOG_LEVEL,
                quiet=True,
                redirect_stdouts=False,
            )

    def start(self) -> None:
        """Start both threads; returns once the worker takes tasks."""
        state.should_stop = None
        signals.worker_ready.connect(self._on_ready, weak=False)
        for thread in self.threads:
            thread.start()
        if not self.ready.wait(STOP_SECONDS):
            log.warning("embedded_worker_slow_to_start", seconds=STOP_SECONDS)
        # A beat that is a process of its own does this by itself (celery.signals.beat_init).
        first_round()

    def stop(self) -> None:
        """Let running tasks end, for twelve seconds at most; what is cut short is resumed from its row."""
        self.beat.stop(wait=False)
        state.should_stop = 0
        for thread in self.threads:
            thread.join(STOP_SECONDS)

    def alive(self) -> bool:
        """Whether both threads still run."""
        return all(thread.is_alive() for thread in self.threads)

    def _on_ready(self, **facts) -> None:
        self.ready.set()

    def _run(self, target) -> None:
        try:
            target()
        except SystemExit:
            # How Celery ends a worker that was asked to stop.
            return
        except Exception:
            log.exception("embedded_thread_died", thread=threading.current_thread().name)
            raise
