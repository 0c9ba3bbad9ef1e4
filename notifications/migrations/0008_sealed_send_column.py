"""What a send says to all its guests may come from an event about one of them: it is sealed. First its new column."""

from django.db import migrations

from integrations.fields import EncryptedJSONField


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0007_lighter_messages"),
    ]

    operations = [
        migrations.AddField(
            model_name="chunk",
            name="sealed",
            field=EncryptedJSONField(blank=True, default=dict, verbose_name="données communes"),
        ),
    ]
