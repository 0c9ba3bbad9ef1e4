import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import integrations.fields


class Migration(migrations.Migration):
    """Clients of the API and their scopes; idempotency records sealed and with a lease (nothing wrote them before)."""

    dependencies = [
        ("vieuxmoulin", "0001_initial"),
        migrations.swappable_dependency(settings.OAUTH2_PROVIDER_APPLICATION_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiClient",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("scopes", models.JSONField(default=list, verbose_name="droits")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="créé le")),
                (
                    "application",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_client",
                        to=settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
                        verbose_name="application",
                    ),
                ),
            ],
            options={"verbose_name": "client de l'API", "verbose_name_plural": "clients de l'API"},
        ),
        migrations.DeleteModel(name="IdempotencyRecord"),
        migrations.CreateModel(
            name="IdempotencyRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("client", models.CharField(max_length=150)),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("running_until", models.DateTimeField()),
                ("response_status", models.PositiveSmallIntegerField(null=True)),
                ("response_body", integrations.fields.EncryptedJSONField(null=True)),
                ("response_headers", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True, db_index=True)),
            ],
            options={
                "verbose_name": "clé d'idempotence",
                "verbose_name_plural": "clés d'idempotence",
                "constraints": [models.UniqueConstraint(fields=("client", "key"), name="idempotency_key_once")],
            },
        ),
    ]
