"""Guests are listed by name without sorting all of them."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0012_conversions"),
        ("notifications", "0011_lighter_indexes"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(fields=["last_name", "first_name", "-id"], name="contact_by_name"),
        ),
    ]
