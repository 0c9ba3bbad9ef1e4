"""Late events look for a later one that was acted upon: found by its entity."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('integrations', '0009_audit_append_only'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='inboundevent',
            index=models.Index(condition=models.Q(('status', 'processed'), models.Q(('entity', ''), _negated=True)), fields=['entity', 'occurred_at'], name='inbound_done_of_entity'),
        ),
    ]
