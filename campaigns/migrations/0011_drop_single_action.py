"""What actions say now is dropped from the rule."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0010_rules_as_messages"),
    ]

    operations = [
        migrations.RemoveField(model_name="automation", name="action"),
        migrations.RemoveField(model_name="automation", name="params"),
    ]
