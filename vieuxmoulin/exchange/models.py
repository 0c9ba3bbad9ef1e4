"""Rows of the exchange with other modules."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable
from integrations.fields import EncryptedJSONField, EncryptedTextField


class ContactLink(Claimable):
    """One guest on both sides: ours and the CRM's, what the CRM said last, and whether it knows what we know."""

    class Status(models.TextChoices):
        IN_STEP = "in_step", _("d'accord")
        TO_TELL = "to_tell", _("à dire au CRM")
        TELLING = "telling", _("en cours")
        FAILED = "failed", _("refusé par le CRM")

    contact = models.OneToOneField(
        "notifications.Contact",
        verbose_name=_("contact"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="crm_link",
    )
    # Our guest's id: it outlives the guest, so that who was erased here is erased there, and never comes back.
    contact_ref = models.UUIDField(_("identifiant de notre contact"), null=True, blank=True, unique=True)
    # Empty until the CRM gave one.
    external_id = models.CharField(_("identifiant CRM"), max_length=120, null=True, blank=True, unique=True)
    # The guest as the CRM last told them, in our words; empty once erased.
    snapshot = EncryptedJSONField(_("dernière version du CRM"), default=dict)
    status = models.CharField(_("état"), max_length=8, choices=Status.choices, default=Status.IN_STEP)
    told_at = models.DateTimeField(_("d'accord depuis le"), null=True, blank=True)
    erased_at = models.DateTimeField(_("effacé le"), null=True, blank=True)
    # When the CRM said that it deleted this guest: nothing is told of them any more, and nobody puts them back there.
    gone_at = models.DateTimeField(_("supprimé du CRM le"), null=True, blank=True)

    class Meta:
        verbose_name = _("contact partagé avec le CRM")
        verbose_name_plural = _("contacts partagés avec le CRM")
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="contact_link_due")]

    def __str__(self) -> str:
        return str(self.contact or self.external_id or self.pk)


class Difference(models.Model):
    """What the rules cannot settle between the CRM and us: both values, for a person to choose."""

    class Field(models.TextChoices):
        EMAIL = "email", _("e-mail")
        PHONE = "phone", _("mobile")
        IDENTITY = "identity", _("deux contacts possibles")
        DUPLICATE = "duplicate", _("deux fiches du CRM")

    class Status(models.TextChoices):
        WAITING = "waiting", _("à trancher")
        OURS = "ours", _("la nôtre gardée")
        THEIRS = "theirs", _("celle du CRM prise")
        GONE = "gone", _("n'existe plus")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    link = models.ForeignKey(
        ContactLink, verbose_name=_("contact"), on_delete=models.CASCADE, related_name="differences"
    )
    field = models.CharField(_("champ"), max_length=10, choices=Field.choices)
    # What we hold and what the CRM holds; for IDENTITY, the ids of the two contacts; for DUPLICATE, those of the CRM.
    ours = EncryptedTextField(_("la nôtre"), blank=True, default="")
    theirs = EncryptedTextField(_("celle du CRM"), blank=True, default="")
    status = models.CharField(_("état"), max_length=8, choices=Status.choices, default=Status.WAITING)
    raised_at = models.DateTimeField(_("vue le"), auto_now_add=True)
    decided_at = models.DateTimeField(_("tranchée le"), null=True, blank=True)
    decided_by = models.CharField(_("tranchée par"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("différence avec le CRM")
        verbose_name_plural = _("différences avec le CRM")
        ordering = ["raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["link", "field"], condition=Q(status="waiting"), name="difference_waits_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_field_display()} · {self.get_status_display()}"


class SlowDishRound(models.Model):
    """One look at the dishes that sell little: one draft of a campaign per week, whoever asks."""

    # ISO week, "2026-W48".
    period = models.CharField(_("semaine"), max_length=8, unique=True)
    campaign = models.ForeignKey(
        "campaigns.Campaign",
        verbose_name=_("campagne"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    # What was kept and left out, each dish with its discount and the reason; whether the figures were stale.
    report = models.JSONField(_("compte rendu"), default=dict, blank=True)
    created_at = models.DateTimeField(_("faite le"), auto_now_add=True)

    class Meta:
        verbose_name = _("examen des plats peu vendus")
        verbose_name_plural = _("examens des plats peu vendus")
        ordering = ["-period"]

    def __str__(self) -> str:
        return self.period
