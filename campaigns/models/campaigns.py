"""When it is said: campaigns, their channels, phases and what each phase does."""

import uuid

from django.conf import settings
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable

is_code = RegexValidator(
    r"^[A-Za-z0-9-]{3,30}\Z", _("Des lettres sans accent, des chiffres et des tirets, de 3 à 30 : AUTOMNE10.")
)


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
    # What guests say when they order: by it an order is known to come from this campaign. In capitals.
    code = models.CharField(
        _("code"),
        max_length=30,
        unique=True,
        null=True,
        blank=True,
        validators=[is_code],
        error_messages={
            "unique": _("Une autre campagne a ce code : on ne saurait pas de laquelle viennent les commandes.")
        },
    )
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

    def clean(self) -> None:
        """A code is the same however it is typed; without one, none is kept."""
        self.code = str(self.code).upper() if self.code else None


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
