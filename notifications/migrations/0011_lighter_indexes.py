"""Messages pay for no index that answers no question, and have room beside them for both times they are written again."""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import F

TABLE = "notifications_notification"


def half_fill(apps, schema_editor):
    """New pages are filled to 50 %, for all rows of a page are written at once (PostgreSQL, HOT)."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} SET (fillfactor = 50)")


def fill_more(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(f"ALTER TABLE {TABLE} SET (fillfactor = 70)")


def keep_batch_ids(apps, schema_editor):
    """Backwards: the id of a batch goes where it was kept before."""
    messages = apps.get_model("notifications", "Notification")
    messages.objects.filter(external_id="").exclude(batch_id="").update(external_id=F("batch_id"))


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0011_drop_single_action"),
        ("notifications", "0010_send_is_sealed"),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="batch_id",
            field=models.CharField(
                blank=True, default="", max_length=200, verbose_name="identifiant du lot chez le prestataire"
            ),
        ),
        migrations.RunPython(migrations.RunPython.noop, keep_batch_ids),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                fields=["campaign"], condition=models.Q(campaign__isnull=False), name="message_by_campaign"
            ),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(fields=["phase"], condition=models.Q(phase__isnull=False), name="message_by_phase"),
        ),
        migrations.AddIndex(
            model_name="notification",
            index=models.Index(
                fields=["segment"], condition=models.Q(segment__isnull=False), name="message_by_segment"
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="campaign",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="campaigns.campaign",
                verbose_name="campagne",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="phase",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                to="campaigns.phase",
                verbose_name="phase",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="segment",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to="notifications.segment",
                verbose_name="segment",
            ),
        ),
        migrations.AlterField(
            model_name="notification",
            name="template",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="notifications",
                to="notifications.messagetemplate",
                verbose_name="modèle",
            ),
        ),
        migrations.RunPython(half_fill, fill_more),
    ]
