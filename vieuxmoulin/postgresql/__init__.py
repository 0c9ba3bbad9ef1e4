"""Django's PostgreSQL, as this house talks to it."""
