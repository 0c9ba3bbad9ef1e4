"""Screens of what is said to one person: guests, templates, and each message on its way."""

from notifications.admin import contacts, messages, segments, templates

__all__ = ["contacts", "messages", "segments", "templates"]
