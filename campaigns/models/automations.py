"""What the house does by itself: when this event comes, under these conditions, those things are done."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable
from integrations.fields import EncryptedJSONField


class Automation(models.Model):
    """A rule that staff write: an event, conditions that must all hold, and what is then done (its actions)."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=120, unique=True)
    event = models.CharField(_("quand arrive"), max_length=80)
    delay_minutes = models.PositiveIntegerField(_("délai (minutes)"), default=0)
    # A path in the event to a date, for what is done before it: a reminder, the day before a booking.
    before_path = models.CharField(_("avant la date"), max_length=120, blank=True)
    # Events after which what is still to be done is dropped (a booking canceled), and the path that tells that they
    # speak of the same thing.
    stop_events = models.CharField(_("sauf si arrive"), max_length=200, blank=True)
    entity_path = models.CharField(_("pour le même"), max_length=120, blank=True)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("créée le"), auto_now_add=True)

    class Meta:
        verbose_name = _("automatisme")
        verbose_name_plural = _("automatismes")
        ordering = ["name"]
        indexes = [models.Index(fields=["event", "is_active"], name="automation_of_event")]

    def __str__(self) -> str:
        return self.name


class AutomationCondition(models.Model):
    """One thing that must be true of the event."""

    class Operator(models.TextChoices):
        EQUALS = "equals", _("est")
        DIFFERS = "differs", _("n'est pas")
        CONTAINS = "contains", _("contient")
        ABOVE = "above", _("est plus grand que")
        BELOW = "below", _("est plus petit que")
        EXISTS = "exists", _("existe")

    automation = models.ForeignKey(
        Automation, verbose_name=_("automatisme"), on_delete=models.CASCADE, related_name="conditions"
    )
    path = models.CharField(_("champ de l'événement"), max_length=120)
    operator = models.CharField(_("condition"), max_length=10, choices=Operator.choices, default=Operator.EQUALS)
    value = models.CharField(_("valeur"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.path} {self.get_operator_display()} {self.value}".strip()


class AutomationAction(models.Model):
    """One thing that a rule does, in its order. The kinds are on the top floor, a file each: a new one asks no migration."""

    automation = models.ForeignKey(
        Automation, verbose_name=_("automatisme"), on_delete=models.CASCADE, related_name="actions"
    )
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    kind = models.CharField(_("action"), max_length=50)
    params = models.JSONField(_("paramètres"), default=dict, blank=True)

    class Meta:
        verbose_name = _("action d'un automatisme")
        verbose_name_plural = _("actions d'un automatisme")
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.kind


class AutomationRun(Claimable):
    """What one rule did of one event, and why: done once, whatever happens."""

    class Status(models.TextChoices):
        PENDING = "pending", _("à faire")
        RUNNING = "running", _("en cours")
        DONE = "done", _("faite")
        SKIPPED = "skipped", _("sans objet")
        FAILED = "failed", _("en échec")

    automation = models.ForeignKey(
        Automation, verbose_name=_("automatisme"), on_delete=models.CASCADE, related_name="runs"
    )
    event_id = models.CharField(_("événement"), max_length=120)
    status = models.CharField(_("état"), max_length=8, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(_("pourquoi"), max_length=300, blank=True)
    # Sealed: it names a guest, and how to reach them.
    payload = EncryptedJSONField(_("contenu de l'événement"), default=dict)
    # What the rule asked for when the event came, [{"kind", "params"}]: edited since, the rule acts on the next event.
    asked = models.JSONField(_("actions demandées"), default=list, blank=True, editable=False)
    # What came of each, in the same order: {"kind", "state", "words", "task_id"}.
    outcomes = models.JSONField(_("issue de chaque action"), default=list, blank=True, editable=False)
    # The first request in the ledger; the others are named by their outcome.
    task_id = models.UUIDField(_("tâche"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("le"), auto_now_add=True)

    class Meta:
        verbose_name = _("passage d'un automatisme")
        verbose_name_plural = _("passages des automatismes")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["automation", "event_id"], name="automation_once_per_event")]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="automation_run_due")]

    def __str__(self) -> str:
        return f"{self.automation} · {self.get_status_display()}"
