"""What came in and what went out is listed by date without sorting all of it."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0010_inbound_done_of_entity"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="inboundevent",
            index=models.Index(fields=["-received_at", "-id"], name="inbound_by_date"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["-created_at", "-id"], name="webhook_by_date"),
        ),
    ]
