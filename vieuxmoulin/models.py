"""The ledger of requests: what was asked of the house, by whom, and what came of it."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedJSONField
from integrations.ids import time_ordered_uuid
from vieuxmoulin.exchange.models import ContactLink, Difference, SlowDishRound

__all__ = ["Alert", "ApiClient", "ContactLink", "Difference", "IdempotencyRecord", "SlowDishRound", "Task"]


class Task(models.Model):
    """The envelope of one request. The work itself lives on the rows that carry this id (`task_id`)."""

    class Type(models.TextChoices):
        PUBLISH = "publish", _("publication")
        NOTIFY = "notify", _("envoi de messages")
        UPDATE_MENU = "update_menu", _("mise à jour de la carte")
        CAMPAIGN = "campaign", _("campagne")
        SYNC = "sync", _("synchronisation")

    class Status(models.TextChoices):
        QUEUED = "queued", _("en attente")
        RUNNING = "running", _("en cours")
        SUCCEEDED = "succeeded", _("réussie")
        PARTIAL = "partial", _("incomplète")
        FAILED = "failed", _("en échec")
        CANCELED = "canceled", _("annulée")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    type = models.CharField(_("type"), max_length=12, choices=Type.choices)
    timestamp = models.DateTimeField(_("reçue le"), auto_now_add=True)
    params = models.JSONField(_("paramètres"), default=dict)
    priority = models.PositiveSmallIntegerField(_("priorité"), default=5)
    requested_by = models.CharField(_("demandée par"), max_length=150, blank=True)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("utilisateur"), null=True, blank=True, on_delete=models.SET_NULL
    )
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.QUEUED)
    # Counts by final state, and the reasons of what did not arrive (law 6).
    outcome = models.JSONField(_("issue"), default=dict, blank=True)
    finished_at = models.DateTimeField(_("finie le"), null=True, blank=True)
    correlation_id = models.CharField(_("corrélation"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("tâche")
        verbose_name_plural = _("journal des tâches")
        ordering = ["-timestamp"]
        indexes = [models.Index(fields=["status", "timestamp"], name="task_status")]

    def __str__(self) -> str:
        return f"{self.get_type_display()} · {self.timestamp:%d/%m/%Y %H:%M}" if self.timestamp else self.type

    @property
    def asked_by(self) -> str:
        """Who asked, as staff know them: the person's name, else that of the program or of the rule."""
        return (self.user.get_full_name() if self.user else "") or self.requested_by


class Alert(models.Model):
    """Something that waits for a person: said once on the home page and once by e-mail, however often it happens."""

    key = models.CharField(_("sujet"), max_length=200, unique=True, editable=False)
    title = models.CharField(_("ce qui se passe"), max_length=200)
    message = models.TextField(_("pourquoi, et que faire"), blank=True)
    # A page of the back-office, seen from its root.
    address = models.CharField(_("page"), max_length=300, blank=True)
    # Who is told: whoever may do this; everybody of the staff without it.
    permission = models.CharField(_("droit"), max_length=100, blank=True)
    is_urgent = models.BooleanField(_("urgente"), default=False)
    times = models.PositiveIntegerField(_("fois"), default=1)
    first_at = models.DateTimeField(_("depuis le"), auto_now_add=True)
    last_at = models.DateTimeField(_("vue le"))
    # When the e-mail that names it left; empty while it waits for the next one.
    mailed_at = models.DateTimeField(_("annoncée le"), null=True, blank=True)
    resolved_at = models.DateTimeField(_("réglée le"), null=True, blank=True)

    class Meta:
        verbose_name = _("alerte")
        verbose_name_plural = _("alertes")
        ordering = ["-last_at"]
        indexes = [models.Index(fields=["resolved_at", "mailed_at"], name="alert_open")]

    def __str__(self) -> str:
        return self.title


class ApiClient(models.Model):
    """What a program may ask of the API: the scopes it was created with, and no others."""

    application = models.OneToOneField(
        settings.OAUTH2_PROVIDER_APPLICATION_MODEL,
        verbose_name=_("application"),
        on_delete=models.CASCADE,
        related_name="api_client",
    )
    scopes = models.JSONField(_("droits"), default=list)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("client de l'API")
        verbose_name_plural = _("clients de l'API")

    def __str__(self) -> str:
        return str(self.application)


class IdempotencyRecord(models.Model):
    """The answer given to one Idempotency-Key, given again to the same request.

    Without a status the request is still running, until `running_until`: a process that died holds a key no longer.
    """

    client = models.CharField(max_length=150)
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    running_until = models.DateTimeField()
    response_status = models.PositiveSmallIntegerField(null=True)
    # Sealed: an answer may hold a secret that is shown once (that of a webhook endpoint).
    response_body = EncryptedJSONField(null=True)
    response_headers = models.JSONField(default=dict)
    created_at = models.DateTimeField(auto_now_add=True, db_index=True)

    class Meta:
        verbose_name = _("clé d'idempotence")
        verbose_name_plural = _("clés d'idempotence")
        constraints = [models.UniqueConstraint(fields=["client", "key"], name="idempotency_key_once")]

    def __str__(self) -> str:
        return self.key
