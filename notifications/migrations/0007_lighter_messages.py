"""A message is written twice after it is made: room is kept beside it, and the first time touches no index."""

from django.db import migrations, models

TABLE = "notifications_notification"


def keep_room(apps, schema_editor):
    """New pages are filled to 70 %: an update that touches no index then stays on its page (PostgreSQL, HOT)."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} SET (fillfactor = 70)")


def fill_up(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} RESET (fillfactor)")


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0006_erased_addresses"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["external_id"], name="message_by_external_id"),
        ),
        migrations.RemoveIndex(model_name="notification", name="message_external_id"),
        migrations.RunPython(keep_room, fill_up),
    ]
