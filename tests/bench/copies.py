"""Very many rows like one that exists, made by the database itself; for PostgreSQL."""

import uuid

from django.db import connection
from django.db.models import Model

from notifications.models import Consent, Contact, Tag


def copy(row: Model, lines: str, params: tuple = (), /, **changes: str) -> None:
    """One row like this one for each line of a query.

    lines: the query; its columns are `s.…` in the changes. changes: by column, its SQL. A key is made anew.
    """
    table, key = row._meta.db_table, row._meta.pk
    columns = [
        field.column for field in row._meta.local_concrete_fields if field != key or isinstance(row.pk, uuid.UUID)
    ]
    values = {column: f"p.{column}" for column in columns}
    if key is not None and key.column in values:
        values[key.column] = "gen_random_uuid()"
    values |= changes
    # Names of our own models and SQL of our own: nothing of it comes from outside.
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(values[column] for column in columns)} "  # noqa: S608
        f"FROM {table} p, ({lines}) s WHERE p.{key.column if key else 'id'} = %s"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*params, row.pk])


def numbers(number: int) -> str:
    """The query of the ranks from 1 on, as `s.n`."""
    return f"SELECT n FROM generate_series(1, {int(number)}) n"


def guests(number: int, tag: str) -> None:
    """Guests like one willing guest, under a tag: the same sealed address, a fingerprint of their own."""
    label, _ = Tag.objects.get_or_create(slug=tag, name=tag)
    first = Contact.objects.filter(consents__channel="sms").order_by("pk").first()
    if first is None:
        raise SystemExit("Il faut un premier client à copier.")
    indexes = {name: f"md5('{name}{tag}' || s.n) || md5('x' || s.n)" for name in ("email_index", "phone_index")}
    copy(first, numbers(number), source=f"'{tag}'", **indexes)
    made = "SELECT id FROM notifications_contact WHERE source = %s"
    for consent in Consent.objects.filter(contact=first):
        copy(consent, made, (tag,), contact_id="s.id")
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {Contact.tags.through._meta.db_table} (contact_id, tag_id) SELECT id, %s FROM ({made}) s",  # noqa: S608
            [label.pk, tag],
        )
        cursor.execute("ANALYZE")


def fill(row: Model, number: int, /, **changes: str) -> None:
    """So many rows like this one; changes may use `s.n`, their rank."""
    copy(row, numbers(number), **changes)
