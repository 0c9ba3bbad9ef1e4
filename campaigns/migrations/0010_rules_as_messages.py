"""The one thing that each rule did becomes its first action; what waits to be done keeps what it was asked."""

from django.db import migrations

MESSAGE = "message"


def to_actions(apps, schema_editor):
    Automation, Action, Run = (
        apps.get_model("campaigns", name) for name in ("Automation", "AutomationAction", "AutomationRun")
    )
    for rule in Automation.objects.filter(actions__isnull=True):
        Action.objects.create(automation=rule, kind=MESSAGE, params=rule.params)
        asked = [{"kind": MESSAGE, "params": rule.params}]
        Run.objects.filter(automation=rule, status__in=["pending", "running"], asked=[]).update(asked=asked)


def to_one(apps, schema_editor):
    """What is no message cannot be told in the older form: a rule without any is put aside."""
    Automation = apps.get_model("campaigns", "Automation")
    for rule in Automation.objects.all():
        action = rule.actions.filter(kind=MESSAGE).order_by("position", "pk").first()
        rule.params = action.params if action else {}
        rule.is_active = rule.is_active and action is not None
        rule.save(update_fields=["params", "is_active"])
    apps.get_model("campaigns", "AutomationAction").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [
        ("campaigns", "0009_automation_actions"),
    ]

    operations = [
        migrations.RunPython(to_actions, to_one),
    ]
