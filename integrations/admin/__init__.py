"""Screens of the ground floor, one file per subject."""

from integrations.admin import accesses, audit, health, webhooks  # noqa: F401
