"""Screens of what is said to one person: guests, templates, and each message on its way."""

from notifications.admin import contacts, imports, messages, segments, templates

__all__ = ["contacts", "imports", "messages", "segments", "templates"]
