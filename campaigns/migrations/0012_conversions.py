"""Campaigns have a code; orders that give it are kept, and what they come to."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_drop_single_action"),
        ("notifications", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="campaign",
            name="code",
            field=models.CharField(
                blank=True,
                error_messages={
                    "unique": "Une autre campagne a ce code : on ne saurait pas de laquelle viennent les commandes."
                },
                max_length=30,
                null=True,
                unique=True,
                validators=[
                    django.core.validators.RegexValidator(
                        "^[A-Za-z0-9-]{3,30}\\Z",
                        "Des lettres sans accent, des chiffres et des tirets, de 3 à 30 : AUTOMNE10.",
                    )
                ],
                verbose_name="code",
            ),
        ),
        migrations.CreateModel(
            name="Conversion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=40, verbose_name="origine")),
                ("external_id", models.CharField(max_length=120, verbose_name="commande")),
                ("code", models.CharField(db_index=True, max_length=60, verbose_name="code")),
                ("occurred_at", models.DateTimeField(verbose_name="le")),
                ("amount_cents", models.PositiveIntegerField(verbose_name="montant (centimes)")),
                (
                    "contact",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="notifications.contact",
                        verbose_name="contact",
                    ),
                ),
            ],
            options={
                "verbose_name": "commande venue d'une campagne",
                "verbose_name_plural": "commandes venues de campagnes",
                "ordering": ["-occurred_at"],
                "constraints": [
                    models.UniqueConstraint(fields=("source", "external_id"), name="conversion_once"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CampaignAnalytics",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("orders", models.PositiveIntegerField(default=0, verbose_name="commandes")),
                ("revenue_cents", models.PositiveBigIntegerField(default=0, verbose_name="montant (centimes)")),
                ("guests_written", models.PositiveIntegerField(default=0, verbose_name="clients à qui elle a écrit")),
                ("guests_converted", models.PositiveIntegerField(default=0, verbose_name="d'entre eux, ont commandé")),
                ("updated_at", models.DateTimeField(auto_now=True, verbose_name="compté le")),
                (
                    "campaign",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="analytics",
                        to="campaigns.campaign",
                        verbose_name="campagne",
                    ),
                ),
            ],
            options={
                "verbose_name": "bilan d'une campagne",
                "verbose_name_plural": "bilans des campagnes",
            },
        ),
    ]
