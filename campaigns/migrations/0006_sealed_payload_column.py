"""The event that a rule acts upon names its guest: it is sealed like a contact point. First its new column."""

from django.db import migrations

from integrations.fields import EncryptedJSONField


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0005_automations_stop"),
    ]

    operations = [
        migrations.AddField(
            model_name="automationrun",
            name="sealed",
            field=EncryptedJSONField(default=dict, verbose_name="contenu de l'événement"),
        ),
    ]
