"""Rows of the ground floor: secrets, webhooks in and out, and how each outside service feels."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.audit_models import AuditEntry, CredentialUse  # noqa: F401 (rows of this app)
from integrations.claims import Claimable
from integrations.fields import EncryptedJSONField, EncryptedTextField
from integrations.ids import time_ordered_uuid


class EncryptionCheck(models.Model):
    """A sample sealed with one key: tells at start whether the key ring is the one this database knows."""

    key_id = models.CharField(_("clé"), max_length=40, unique=True)
    sample = models.TextField(_("échantillon chiffré"))
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("témoin de chiffrement")
        verbose_name_plural = _("témoins de chiffrement")

    def __str__(self) -> str:
        return self.key_id


class Credential(models.Model):
    """What one platform gave us to speak in our name; sealed, and never shown again."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    platform = models.CharField(_("plateforme"), max_length=40)
    name = models.CharField(_("nom"), max_length=120)
    secrets = EncryptedJSONField(_("secrets"), default=dict)
    # Who typed it in, or gave the platform's agreement.
    created_by = models.CharField(_("créé par"), max_length=200, blank=True, editable=False)
    expires_at = models.DateTimeField(_("expire le"), null=True, blank=True)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("accès")
        verbose_name_plural = _("accès")
        constraints = [models.UniqueConstraint(fields=["platform", "name"], name="credential_once_per_platform")]

    def __str__(self) -> str:
        return f"{self.platform} · {self.name}"


class InboundEvent(Claimable):
    """An event another module told us: stored before it is answered, processed after."""

    class Status(models.TextChoices):
        PENDING = "pending", _("à traiter")
        PROCESSING = "processing", _("en cours")
        PROCESSED = "processed", _("traité")
        FAILED = "failed", _("en échec")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    # The sender's own id, or a hash of the body where it gives none: what makes a second delivery a no-op.
    delivery_id = models.CharField(_("identifiant reçu"), max_length=128)
    source = models.CharField(_("source"), max_length=40)
    event = models.CharField(_("événement"), max_length=80)
    occurred_at = models.DateTimeField(_("survenu le"))
    # Sealed: other modules name guests, and how to reach them.
    payload = EncryptedJSONField(_("contenu"), default=dict)
    # « booking:123 »: events about one thing are processed one after the other; empty where order means nothing.
    entity = models.CharField(_("à propos de"), max_length=140, blank=True)
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.PENDING)
    received_at = models.DateTimeField(_("reçu le"), auto_now_add=True)
    processed_at = models.DateTimeField(_("traité le"), null=True, blank=True)
    correlation_id = models.CharField(_("corrélation"), max_length=64, blank=True)

    class Meta:
        verbose_name = _("événement reçu")
        verbose_name_plural = _("événements reçus")
        ordering = ["-received_at"]
        constraints = [models.UniqueConstraint(fields=["source", "delivery_id"], name="inbound_event_once")]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="inbound_due"),
            models.Index(fields=["-received_at", "-id"], name="inbound_by_date"),
            models.Index(
                fields=["entity", "occurred_at"],
                condition=Q(status__in=["pending", "processing"]) & ~Q(entity=""),
                name="inbound_in_line",
            ),
            models.Index(
                fields=["entity", "occurred_at"],
                condition=Q(status="processed") & ~Q(entity=""),
                name="inbound_done_of_entity",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} ({self.source})"


class WebhookEndpoint(models.Model):
    """An address that wants to know: which events, and the secret that signs them."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    url = models.URLField(_("adresse"), max_length=500)
    events = models.JSONField(_("événements"), default=list, help_text=_("Liste des événements, ou « * » pour tous."))
    secret = EncryptedTextField(_("secret"))
    # After a change both sign for a while, so that the other side can change without losing a call.
    previous_secret = EncryptedTextField(_("ancien secret"), blank=True, default="", editable=False)
    previous_until = models.DateTimeField(_("ancien secret valable jusqu'au"), null=True, blank=True, editable=False)
    description = models.CharField(_("description"), max_length=200, blank=True)
    is_active = models.BooleanField(_("actif"), default=True)
    # Since when every call failed; empty while it answers.
    failing_since = models.DateTimeField(_("ne répond plus depuis"), null=True, blank=True, editable=False)
    stopped_reason = models.CharField(_("arrêté parce que"), max_length=300, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("destinataire de webhooks")
        verbose_name_plural = _("destinataires de webhooks")
        constraints = [models.UniqueConstraint(fields=["url"], name="webhook_endpoint_once")]

    def __str__(self) -> str:
        return self.url


class WebhookDelivery(Claimable):
    """One fact on its way to one endpoint."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        SENDING = "sending", _("envoi en cours")
        DELIVERED = "delivered", _("remis")
        FAILED = "failed", _("abandonné")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    endpoint = models.ForeignKey(
        WebhookEndpoint, verbose_name=_("destinataire"), on_delete=models.CASCADE, related_name="deliveries"
    )
    event = models.CharField(_("événement"), max_length=80)
    # Names the fact (a publication and its outcome, say): the same fact is told once to an endpoint.
    fact_key = models.CharField(_("fait"), max_length=200)
    body = models.JSONField(_("contenu"))
    # « publication:fb_12 »: facts about one thing are told in their order.
    entity = models.CharField(_("à propos de"), max_length=140, blank=True)
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.PENDING)
    response_status = models.PositiveSmallIntegerField(_("réponse HTTP"), null=True, blank=True)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    delivered_at = models.DateTimeField(_("remis le"), null=True, blank=True)

    class Meta:
        verbose_name = _("envoi de webhook")
        verbose_name_plural = _("envois de webhooks")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["endpoint", "fact_key"], name="webhook_fact_once")]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="webhook_due"),
            models.Index(fields=["-created_at", "-id"], name="webhook_by_date"),
            models.Index(
                fields=["endpoint", "entity", "created_at"],
                condition=Q(status__in=["pending", "sending"]) & ~Q(entity=""),
                name="webhook_in_line",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.event} → {self.endpoint_id}"


class RefusedCall(models.Model):
    """Calls that did not come through the door: counted by hour, so that an attack does not fill the disk."""

    door = models.CharField(_("entrée"), max_length=60)
    reason = models.CharField(_("raison"), max_length=40)
    address = models.CharField(_("adresse IP"), max_length=45)
    source = models.CharField(_("source annoncée"), max_length=40, blank=True)
    hour = models.DateTimeField(_("heure"))
    times = models.PositiveIntegerField(_("fois"), default=1)
    last_at = models.DateTimeField(_("la dernière"))

    class Meta:
        verbose_name = _("appel refusé")
        verbose_name_plural = _("appels refusés")
        ordering = ["-last_at"]
        constraints = [
            models.UniqueConstraint(fields=["door", "reason", "address", "hour"], name="refused_call_once_an_hour")
        ]

    def __str__(self) -> str:
        return f"{self.door} · {self.reason} · {self.address}"


class ServiceHealth(models.Model):
    """What the last call told us of one outside service."""

    slug = models.CharField(_("service"), max_length=60, unique=True)
    is_up = models.BooleanField(_("répond"), default=True)
    last_success_at = models.DateTimeField(_("dernier succès"), null=True, blank=True)
    last_failure_at = models.DateTimeField(_("dernier échec"), null=True, blank=True)
    last_error = models.TextField(_("dernière erreur"), blank=True)
    # Of the last visit that was answered.
    latency_ms = models.PositiveIntegerField(_("délai de réponse (ms)"), null=True, blank=True)

    class Meta:
        verbose_name = _("état d'un service")
        verbose_name_plural = _("état des services")
        ordering = ["slug"]

    def __str__(self) -> str:
        return self.slug


class ServiceDay(models.Model):
    """How often a service answered our visits on one day: its uptime is told from these."""

    slug = models.CharField(_("service"), max_length=60)
    day = models.DateField(_("jour"))
    answered = models.PositiveIntegerField(_("visites répondues"), default=0)
    failed = models.PositiveIntegerField(_("visites en échec"), default=0)

    class Meta:
        verbose_name = _("journée d'un service")
        verbose_name_plural = _("journées des services")
        ordering = ["-day", "slug"]
        constraints = [models.UniqueConstraint(fields=["slug", "day"], name="service_day_once")]

    def __str__(self) -> str:
        return f"{self.slug} · {self.day}"


class Heartbeat(models.Model):
    """The pulse of beat and of each queue's workers (law 5)."""

    name = models.CharField(_("nom"), max_length=60, unique=True)
    seen_at = models.DateTimeField(_("vu à"))

    class Meta:
        verbose_name = _("battement")
        verbose_name_plural = _("battements")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ModuleCursor(Claimable):
    """How far we have read one stream of a neighbouring module; moved only with what was read (one transaction)."""

    class Status(models.TextChoices):
        IDLE = "idle", _("à jour")
        RUNNING = "running", _("en cours")

    module = models.CharField(_("module"), max_length=40)
    stream = models.CharField(_("flux"), max_length=40)
    cursor = models.CharField(_("position"), max_length=500, blank=True)
    etag = models.CharField(_("version lue"), max_length=200, blank=True)
    status = models.CharField(_("état"), max_length=8, choices=Status.choices, default=Status.IDLE)
    # When the stream was last read to its end; empty until it was, once.
    synced_at = models.DateTimeField(_("à jour le"), null=True, blank=True)
    # Since when it fails without a break.
    failing_since = models.DateTimeField(_("en échec depuis"), null=True, blank=True)
    # Elements that could not be used: [{"id", "reason", "at"}], the latest first; no value of theirs.
    refused = models.JSONField(_("éléments écartés"), default=list, blank=True)

    class Meta:
        verbose_name = _("lecture d'un module")
        verbose_name_plural = _("lectures des modules")
        ordering = ["module", "stream"]
        constraints = [models.UniqueConstraint(fields=["module", "stream"], name="module_cursor_once")]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="module_cursor_due")]

    def __str__(self) -> str:
        return f"{self.module} · {self.stream}"


class ToldState(models.Model):
    """What a module last told us of one thing (a booking, a recipe), by webhook or by our own reading: told twice, the
    same state counts once."""

    class Origin(models.TextChoices):
        WEBHOOK = "webhook", _("webhook")
        READING = "reading", _("lecture")

    source = models.CharField(_("source"), max_length=40)
    thing = models.CharField(_("chose"), max_length=160)
    state = models.CharField(_("état"), max_length=160)
    origin = models.CharField(_("appris par"), max_length=8, choices=Origin.choices)
    occurred_at = models.DateTimeField(_("survenu le"))

    class Meta:
        verbose_name = _("fait connu")
        verbose_name_plural = _("faits connus")
        constraints = [models.UniqueConstraint(fields=["source", "thing"], name="told_state_once")]

    def __str__(self) -> str:
        return f"{self.source} · {self.thing}"
