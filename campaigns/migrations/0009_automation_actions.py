"""A rule does several things: each is a row, and a run keeps what was asked and what came of each."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0008_payload_is_sealed"),
    ]

    operations = [
        migrations.CreateModel(
            name="AutomationAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="rang")),
                ("kind", models.CharField(max_length=50, verbose_name="action")),
                ("params", models.JSONField(blank=True, default=dict, verbose_name="paramètres")),
                (
                    "automation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="actions",
                        to="campaigns.automation",
                        verbose_name="automatisme",
                    ),
                ),
            ],
            options={
                "verbose_name": "action d'un automatisme",
                "verbose_name_plural": "actions d'un automatisme",
                "ordering": ["position", "pk"],
            },
        ),
        migrations.AddField(
            model_name="automationrun",
            name="asked",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="actions demandées"),
        ),
        migrations.AddField(
            model_name="automationrun",
            name="outcomes",
            field=models.JSONField(blank=True, default=list, editable=False, verbose_name="issue de chaque action"),
        ),
    ]
