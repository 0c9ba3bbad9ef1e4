"""Top floor: settings, orchestrator, REST API and the pages that read across apps."""

from vieuxmoulin.celery import app as celery_app

__all__ = ("celery_app",)
__version__ = "0.1.0"
