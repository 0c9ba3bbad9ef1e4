"""Publications are listed by date without sorting all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_conversions"),
        ("social", "0002_interactions_metrics_planning"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="publication",
            index=models.Index(fields=["scheduled_at"], name="publication_by_date"),
        ),
    ]
