"""What other modules tell names guests: it is sealed like their contact points. First its new column."""

from django.db import migrations

from integrations.fields import EncryptedJSONField


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0002_webhooks_in_order"),
    ]

    operations = [
        migrations.AddField(
            model_name="inboundevent",
            name="sealed",
            field=EncryptedJSONField(default=dict, verbose_name="contenu"),
        ),
    ]
