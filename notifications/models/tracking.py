"""What services and guests' programs said of messages after they left."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from notifications.models.messages import Notification


class DeliveryEvent(models.Model):
    """One fact about one message, kept once however often and in whatever order it is told."""

    class Kind(models.TextChoices):
        DELIVERED = "delivered", _("remis")
        DEFERRED = "deferred", _("remise retardée")
        BOUNCED = "bounced", _("adresse morte")
        BLOCKED = "blocked", _("refusé pour l'instant")
        FAILED = "failed", _("en échec")
        COMPLAINED = "complained", _("signalé comme indésirable")
        UNSUBSCRIBED = "unsubscribed", _("désabonné")
        OPENED = "opened", _("ouvert")
        CLICKED = "clicked", _("cliqué")

    notification = models.ForeignKey(
        Notification, verbose_name=_("message"), null=True, on_delete=models.CASCADE, related_name="events"
    )
    provider = models.CharField(_("origine"), max_length=40)
    event_id = models.CharField(_("identifiant"), max_length=200)
    kind = models.CharField(_("fait"), max_length=12, choices=Kind.choices)
    occurred_at = models.DateTimeField(_("le"))
    received_at = models.DateTimeField(_("appris le"), auto_now_add=True)
    is_machine = models.BooleanField(_("par une machine"), default=False)
    machine_reason = models.CharField(_("reconnue à"), max_length=80, blank=True)
    reason = models.CharField(_("raison"), max_length=300, blank=True)
    url = models.URLField(_("lien"), max_length=1000, blank=True)
    user_agent = models.CharField(_("logiciel"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("suivi")
        verbose_name_plural = _("suivis")
        ordering = ["occurred_at", "pk"]
        constraints = [models.UniqueConstraint(fields=["provider", "event_id"], name="delivery_event_once")]
        indexes = [models.Index(fields=["notification", "kind"], name="delivery_event_of")]

    def __str__(self) -> str:
        return self.get_kind_display()
