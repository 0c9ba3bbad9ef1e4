"""The sealed column takes the name of the one in clear, which is dropped."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0004_seal_payloads"),
    ]

    operations = [
        migrations.RemoveField(model_name="inboundevent", name="payload"),
        migrations.RenameField(model_name="inboundevent", old_name="sealed", new_name="payload"),
    ]
