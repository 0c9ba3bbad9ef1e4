"""What we say and when: campaigns, their phases and channels, and the contents they carry."""

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable


class Campaign(models.Model):
    """A marketing campaign: an aim, an audience, dates, and phases that act."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("brouillon")
        SCHEDULED = "scheduled", _("programmée")
        ACTIVE = "active", _("en cours")
        PAUSED = "paused", _("en pause")
        COMPLETED = "completed", _("terminée")
        CANCELED = "canceled", _("annulée")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    start_date = models.DateTimeField(_("début"))
    end_date = models.DateTimeField(_("fin"), null=True, blank=True)
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.DRAFT)
    target_audience = models.JSONField(_("public visé"), default=list, blank=True)
    budget = models.DecimalField(
        _("budget (€)"), max_digits=10, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    success_metrics = models.JSONField(_("objectifs"), default=dict, blank=True)
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)
    priority = models.PositiveSmallIntegerField(_("priorité"), default=5)
    # Law 6: what became of every phase, written when the campaign ends; "partial" is said here, with the reasons.
    outcome = models.JSONField(_("bilan"), default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("créée par"), null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(_("créée le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifiée le"), auto_now=True)

    class Meta:
        verbose_name = _("campagne")
        verbose_name_plural = _("campagnes")
        ordering = ["-start_date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gt=F("start_date")),
                name="campaign_ends_after_it_starts",
                violation_error_message=_("La fin doit venir après le début."),
            ),
            models.CheckConstraint(
                condition=Q(budget__isnull=True) | Q(budget__gte=0),
                name="campaign_budget_not_negative",
                violation_error_message=_("Le budget ne peut pas être négatif."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Channel(models.Model):
    """One way a campaign speaks."""

    class Type(models.TextChoices):
        SOCIAL_MEDIA = "social_media", _("réseaux sociaux")
        EMAIL = "email", _("e-mail")
        SMS = "sms", _("SMS")
        WEB = "web", _("site web")

    campaign = models.ForeignKey(
        Campaign, verbose_name=_("campagne"), on_delete=models.CASCADE, related_name="channels"
    )
    type = models.CharField(_("canal"), max_length=12, choices=Type.choices)
    config = models.JSONField(_("réglages"), default=dict, blank=True)
    content_template = models.CharField(_("modèle de contenu"), max_length=200, blank=True)
    schedule = models.JSONField(_("calendrier"), default=dict, blank=True)

    class Meta:
        verbose_name = _("canal")
        verbose_name_plural = _("canaux")
        constraints = [models.UniqueConstraint(fields=["campaign", "type"], name="channel_once_per_campaign")]

    def __str__(self) -> str:
        return self.get_type_display()


class ChannelAnalytics(models.Model):
    """The running totals of one channel of one campaign; an absent figure is null, not zero."""

    channel = models.OneToOneField(Channel, verbose_name=_("canal"), on_delete=models.CASCADE, related_name="analytics")
    sent = models.PositiveIntegerField(_("envoyés"), default=0)
    delivered = models.PositiveIntegerField(_("remis"), null=True, blank=True)
    opened = models.PositiveIntegerField(_("ouverts"), null=True, blank=True)
    clicked = models.PositiveIntegerField(_("cliqués"), null=True, blank=True)
    failed = models.PositiveIntegerField(_("en échec"), default=0)
    excluded = models.PositiveIntegerField(_("exclus"), default=0)
    updated_at = models.DateTimeField(_("mis à jour le"), auto_now=True)

    class Meta:
        verbose_name = _("statistiques d'un canal")
        verbose_name_plural = _("statistiques des canaux")

    def __str__(self) -> str:
        return str(self.channel)


class Approval(models.TextChoices):
    DRAFT = "draft", _("brouillon")
    SUBMITTED = "submitted", _("à valider")
    APPROVED = "approved", _("validé")


class LateRule(models.TextChoices):
    """What to do with a post whose slot passed while the house was down; the networks' rows carry the same words."""

    SEND = "send", _("publier en retard")
    MOVE = "move", _("remettre au prochain bon créneau")
    DROP = "drop", _("abandonner")


class Content(models.Model):
    """What is said: a text, its media and its labels, before any network adapts it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    title = models.CharField(_("titre"), max_length=300, blank=True)
    body = models.TextField(_("texte"), blank=True)
    link = models.URLField(_("lien"), max_length=500, blank=True)
    hashtags = models.JSONField(_("mots-dièse"), default=list, blank=True)
    # Law 10: refs of the dishes this text names, checked again against availability when it leaves.
    item_refs = models.JSONField(_("plats cités"), default=list, blank=True)
    late_rule = models.CharField(
        _("si l'heure est passée"),
        max_length=8,
        choices=LateRule.choices,
        default=LateRule.SEND,
        help_text=_("Après une panne, une publication dont l'heure est passée depuis plus d'un quart d'heure."),
    )
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("écrit par"), null=True, blank=True, on_delete=models.SET_NULL
    )
    # A text is approved as it stands: `approved_hash` names the words approved, and other words need a new approval.
    approval = models.CharField(_("validation"), max_length=10, choices=Approval.choices, default=Approval.DRAFT)
    approved_hash = models.CharField(max_length=64, blank=True, editable=False)
    submitted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("soumis par"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    approved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("validé par"),
        null=True,
        blank=True,
        editable=False,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    approved_at = models.DateTimeField(_("validé le"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("contenu")
        verbose_name_plural = _("contenus")
        ordering = ["-created_at"]
        permissions = [("approve_content", _("Peut valider un contenu"))]

    def __str__(self) -> str:
        return self.title or self.body[:60] or str(self.pk)


class ContentVariation(models.Model):
    """The same content as one network should say it; what is written here wins over adaptation."""

    content = models.ForeignKey(Content, verbose_name=_("contenu"), on_delete=models.CASCADE, related_name="variations")
    platform = models.CharField(_("plateforme"), max_length=40)
    title = models.CharField(_("titre"), max_length=300, blank=True)
    body = models.TextField(_("texte"), blank=True)
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)

    class Meta:
        verbose_name = _("variante")
        verbose_name_plural = _("variantes")
        constraints = [models.UniqueConstraint(fields=["content", "platform"], name="variation_once_per_platform")]

    def __str__(self) -> str:
        return self.platform


class Media(models.Model):
    """A picture or a video of a content: a file of ours, or a public address."""

    class Kind(models.TextChoices):
        IMAGE = "image", _("image")
        VIDEO = "video", _("vidéo")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    content = models.ForeignKey(Content, verbose_name=_("contenu"), on_delete=models.CASCADE, related_name="media")
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    kind = models.CharField(_("nature"), max_length=8, choices=Kind.choices, default=Kind.IMAGE)
    url = models.URLField(_("adresse"), max_length=500, blank=True)
    file = models.FileField(_("fichier"), upload_to="contents/%Y/%m/", blank=True)
    alt_text = models.CharField(_("description pour les malvoyants"), max_length=1000, blank=True)

    class Meta:
        verbose_name = _("média")
        verbose_name_plural = _("médias")
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(url="") | ~Q(file=""),
                name="media_has_url_or_file",
                violation_error_message=_("Donnez une adresse ou un fichier."),
            )
        ]

    def __str__(self) -> str:
        return self.alt_text or self.url or self.file.name or ""

    @property
    def address(self) -> str:
        """The public address: given as it is, or that of our own file."""
        return self.url or f"{settings.PUBLIC_URL}{self.file.url}"


class Phase(Claimable):
    """One step of a campaign: when it fires, and what it then does."""

    class Trigger(models.TextChoices):
        DATE = "date", _("à une date")
        DELAY = "delay", _("après un délai")
        EVENT = "event", _("sur un événement")

    class Status(models.TextChoices):
        WAITING = "waiting", _("attend son tour")
        PENDING = "pending", _("programmée")
        RUNNING = "running", _("en cours")
        COMPLETED = "completed", _("terminée")
        PARTIAL = "partial", _("incomplète")
        FAILED = "failed", _("en échec")
        CANCELED = "canceled", _("annulée")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    campaign = models.ForeignKey(Campaign, verbose_name=_("campagne"), on_delete=models.CASCADE, related_name="phases")
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    name = models.CharField(_("nom"), max_length=200)
    trigger = models.CharField(_("déclencheur"), max_length=8, choices=Trigger.choices, default=Trigger.DATE)
    starts_at = models.DateTimeField(_("date"), null=True, blank=True)
    delay_minutes = models.PositiveIntegerField(_("délai (minutes)"), null=True, blank=True)
    event = models.CharField(_("événement attendu"), max_length=80, blank=True)
    # Waiting until its moment is known (the campaign starts, the phase before has fired, the event comes), then
    # pending with that moment in `next_attempt_at`.
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.WAITING)
    fired_at = models.DateTimeField(_("déclenchée le"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finie le"), null=True, blank=True)

    class Meta:
        verbose_name = _("phase")
        verbose_name_plural = _("phases")
        ordering = ["campaign", "position"]
        constraints = [
            models.UniqueConstraint(fields=["campaign", "position"], name="phase_position_once"),
            models.CheckConstraint(
                condition=(
                    Q(trigger="date", starts_at__isnull=False)
                    | Q(trigger="delay", delay_minutes__isnull=False)
                    | (Q(trigger="event") & ~Q(event=""))
                ),
                name="phase_trigger_has_its_value",
                violation_error_message=_("Le déclencheur demande sa valeur : une date, un délai ou un événement."),
            ),
        ]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="phase_due")]

    def __str__(self) -> str:
        return self.name


class PhaseAction(models.Model):
    """One thing a phase does, through the orchestrator."""

    class Kind(models.TextChoices):
        PUBLISH = "publish", _("publier")
        NOTIFY = "notify", _("écrire aux clients")
        UPDATE_MENU = "update_menu", _("mettre à jour la carte")

    phase = models.ForeignKey(Phase, verbose_name=_("phase"), on_delete=models.CASCADE, related_name="actions")
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    kind = models.CharField(_("action"), max_length=12, choices=Kind.choices)
    params = models.JSONField(_("paramètres"), default=dict, blank=True)
    task_id = models.UUIDField(_("tâche"), null=True, blank=True, editable=False)
    error = models.TextField(_("erreur"), blank=True, editable=False)

    class Meta:
        verbose_name = _("action")
        verbose_name_plural = _("actions")
        ordering = ["phase", "position"]
        constraints = [models.UniqueConstraint(fields=["phase", "position"], name="action_position_once")]

    def __str__(self) -> str:
        return self.get_kind_display()
