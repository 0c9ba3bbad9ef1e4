"""Each message on its way: its template, the batch that carries it, the service that sends it."""

import uuid

from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable
from integrations.fields import EncryptedJSONField, EncryptedTextField
from integrations.ids import time_ordered_uuid
from notifications.connectors import platforms
from notifications.models.people import ChannelType, Contact, Purpose, Segment


class MessageTemplate(models.Model):
    """A Handlebars message; a change makes a new version, and each message keeps the version it was sent with."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    slug = models.SlugField(_("identifiant"), max_length=80)
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    name = models.CharField(_("nom"), max_length=120)
    purpose = models.CharField(_("finalité"), max_length=16, choices=Purpose.choices, default=Purpose.MARKETING)
    subject = models.CharField(_("objet"), max_length=300, blank=True)
    body_html = models.TextField(_("e-mail (HTML)"), blank=True)
    body_text = models.TextField(_("e-mail (texte)"), blank=True)
    sms_body = models.TextField(_("SMS"), blank=True)
    push_body = models.TextField(_("notification push"), blank=True)
    sample = models.JSONField(_("données d'exemple"), default=dict, blank=True)
    is_current = models.BooleanField(_("en usage"), default=True, editable=False)
    created_at = models.DateTimeField(_("écrit le"), auto_now_add=True)

    class Meta:
        verbose_name = _("modèle de message")
        verbose_name_plural = _("modèles de messages")
        ordering = ["slug", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["slug", "version"], name="template_version_once"),
            models.UniqueConstraint(fields=["slug"], condition=Q(is_current=True), name="template_one_current"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (v{self.version})"

    def body(self, channel: str) -> str:
        """The main text for one channel; empty when this template does not speak on it."""
        return {
            ChannelType.EMAIL: self.body_html or self.body_text,
            ChannelType.SMS: self.sms_body,
            ChannelType.PUSH: self.push_body,
        }[ChannelType(channel)]


class Provider(models.Model):
    """A sending service and our access to it; the lowest position of a channel is used first."""

    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    platform = models.CharField(_("service"), max_length=40, choices=platforms)
    credential = models.ForeignKey(
        "integrations.Credential", verbose_name=_("accès"), on_delete=models.PROTECT, related_name="+"
    )
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    is_active = models.BooleanField(_("actif"), default=True)
    # Shared by all workers; empty: as fast as the service takes it.
    rate_per_second = models.PositiveIntegerField(
        _("messages par seconde au plus"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    # Set by what the service answers: until then the next one of the channel takes over.
    resting_until = models.DateTimeField(_("écarté jusqu'à"), null=True, blank=True, editable=False)
    resting_reason = models.TextField(_("raison"), blank=True, editable=False)
    # Since when the service was asked to call us; asked again each day, in case it forgot.
    listens_since = models.DateTimeField(_("ses retours sont reçus depuis"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("prestataire d'envoi")
        verbose_name_plural = _("prestataires d'envoi")
        ordering = ["channel", "position"]
        constraints = [models.UniqueConstraint(fields=["channel", "platform"], name="provider_once")]

    def __str__(self) -> str:
        return f"{self.get_platform_display()} ({self.get_channel_display()})"


class Chunk(Claimable):
    """A batch of messages of one send on one channel: what a worker claims, so the big table is left in peace."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        SENDING = "sending", _("envoi en cours")
        PAUSED = "paused", _("en pause")
        DONE = "done", _("terminé")
        CANCELED = "canceled", _("annulé")

    task_id = models.UUIDField(_("tâche"), db_index=True, editable=False)
    template = models.ForeignKey(MessageTemplate, verbose_name=_("modèle"), on_delete=models.PROTECT)
    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    provider = models.ForeignKey(
        Provider, verbose_name=_("prestataire"), null=True, blank=True, on_delete=models.SET_NULL
    )
    # Sealed: a rule that answers an event passes it on, with the guest whom it names.
    data = EncryptedJSONField(_("données communes"), default=dict, blank=True)
    size = models.PositiveIntegerField(_("messages"), default=0)
    priority = models.PositiveSmallIntegerField(_("priorité"), default=5)
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.PENDING)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("lot d'envoi")
        verbose_name_plural = _("lots d'envoi")
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="chunk_due")]

    def __str__(self) -> str:
        return f"{self.template} · {self.get_channel_display()} · {self.size}"


class Notification(models.Model):
    """One message to one guest on one channel."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        QUEUED = "queued", _("en file")
        SENDING = "sending", _("envoi en cours")
        SENT = "sent", _("envoyé")
        DELIVERED = "delivered", _("remis")
        FAILED = "failed", _("en échec")
        UNKNOWN = "unknown", _("à vérifier")
        SKIPPED = "skipped", _("non envoyé")
        CANCELED = "canceled", _("annulé")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    # Of few values for very many rows: an index on it serves no question, and misleads the database in others.
    template = models.ForeignKey(
        MessageTemplate,
        verbose_name=_("modèle"),
        on_delete=models.PROTECT,
        related_name="notifications",
        db_index=False,
    )
    contact = models.ForeignKey(
        Contact, verbose_name=_("contact"), null=True, on_delete=models.SET_NULL, related_name="notifications"
    )
    recipient = EncryptedTextField(_("destinataire"), blank=True, default="")
    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    data = models.JSONField(_("données"), default=dict, blank=True)
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.PENDING)
    reason = models.CharField(_("raison"), max_length=300, blank=True)
    chunk = models.ForeignKey(
        Chunk, verbose_name=_("lot"), null=True, on_delete=models.SET_NULL, related_name="notifications"
    )
    task_id = models.UUIDField(_("tâche"), editable=False)
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        verbose_name=_("campagne"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
    )
    phase = models.ForeignKey(
        "campaigns.Phase",
        verbose_name=_("phase"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        db_index=False,
    )
    provider = models.CharField(_("prestataire"), max_length=40, blank=True)
    external_id = models.CharField(_("identifiant chez le prestataire"), max_length=200, blank=True)
    # The service gave one id for a whole batch: nothing is found by it, so it has no index to pay for.
    batch_id = models.CharField(_("identifiant du lot chez le prestataire"), max_length=200, blank=True, default="")
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    sending_at = models.DateTimeField(_("parti à"), null=True, blank=True)
    sent_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)
    delivered_at = models.DateTimeField(_("remis le"), null=True, blank=True)
    # Whether this guest agreed, when it left, that opens and clicks be measured (law 8); rates count only these.
    is_tracked = models.BooleanField(_("mesuré"), default=False)
    opened_at = models.DateTimeField(_("ouvert le"), null=True, blank=True)
    clicked_at = models.DateTimeField(_("cliqué le"), null=True, blank=True)
    # Mail proxies, scanners and robots, told apart from people.
    machine_opened_at = models.DateTimeField(_("ouvert par une machine le"), null=True, blank=True)
    machine_clicked_at = models.DateTimeField(_("cliqué par une machine le"), null=True, blank=True)
    bounced_at = models.DateTimeField(_("revenu le"), null=True, blank=True)
    complained_at = models.DateTimeField(_("signalé le"), null=True, blank=True)
    unsubscribed_at = models.DateTimeField(_("désabonné le"), null=True, blank=True)
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
        db_index=False,
    )
    variation = models.CharField(_("variante"), max_length=40, blank=True, default="")
    # Why it leaves at that hour, in words; empty when nothing was chosen for this guest.
    moment_reason = models.CharField(_("pourquoi cette heure"), max_length=200, blank=True, default="")

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "phase", "contact", "channel", "template"],
                condition=Q(phase__isnull=False),
                name="message_once_per_phase",
            ),
            models.UniqueConstraint(fields=["task_id", "contact", "channel", "template"], name="message_once_per_task"),
        ]
        # Each message pays for each index, at its birth and each time an indexed column changes: none holds the provider,
        # written before the id, and most messages belong to no campaign and no segment. None serves the list by date: a
        # tenth more time at each request of a send, where a hundred thousand messages are sorted in some 50 ms.
        indexes = [
            models.Index(fields=["external_id"], name="message_by_external_id"),
            models.Index(fields=["campaign"], condition=Q(campaign__isnull=False), name="message_by_campaign"),
            models.Index(fields=["phase"], condition=Q(phase__isnull=False), name="message_by_phase"),
            models.Index(fields=["segment"], condition=Q(segment__isnull=False), name="message_by_segment"),
        ]

    def __str__(self) -> str:
        return f"{self.template} → {self.contact or '—'}"
