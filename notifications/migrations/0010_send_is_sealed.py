"""The sealed column takes the name of the one in clear, which is dropped."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0009_seal_sends"),
    ]

    operations = [
        migrations.RemoveField(model_name="chunk", name="data"),
        migrations.RenameField(model_name="chunk", old_name="sealed", new_name="data"),
    ]
