"""The sealed column takes the name of the one in clear, which is dropped."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0007_seal_payloads"),
    ]

    operations = [
        migrations.RemoveField(model_name="automationrun", name="payload"),
        migrations.RenameField(model_name="automationrun", old_name="sealed", new_name="payload"),
    ]
