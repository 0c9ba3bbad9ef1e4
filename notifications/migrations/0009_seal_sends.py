"""Row by row, without holding the table: stopped midway, it is started again from the beginning, without harm."""

from django.db import migrations

from integrations.sealing import copy_column


def seal(apps, schema_editor):
    copy_column(apps.get_model("notifications", "Chunk"), "data", "sealed")


def open_again(apps, schema_editor):
    copy_column(apps.get_model("notifications", "Chunk"), "sealed", "data")


class Migration(migrations.Migration):
    atomic = False

    dependencies = [
        ("notifications", "0008_sealed_send_column"),
    ]

    operations = [
        migrations.RunPython(seal, open_again),
    ]
