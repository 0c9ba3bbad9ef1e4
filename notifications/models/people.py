"""Guests, what they agreed to, and the addresses never to be written to again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedTextField
from integrations.ids import time_ordered_uuid


class ChannelType(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("notification push")


class Purpose(models.TextChoices):
    MARKETING = "marketing", _("offres et nouvelles")
    TRANSACTIONAL = "transactional", _("service (réservation…)")


class Tag(models.Model):
    """A name for a group of guests, as in « habitués »."""

    slug = models.SlugField(_("identifiant"), max_length=60, unique=True)
    name = models.CharField(_("nom"), max_length=120)

    class Meta:
        verbose_name = _("étiquette")
        verbose_name_plural = _("étiquettes")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Contact(models.Model):
    """A guest we may write to. Address and number are sealed; a keyed index finds them again."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    first_name = models.CharField(_("prénom"), max_length=100, blank=True)
    last_name = models.CharField(_("nom"), max_length=100, blank=True)
    email = EncryptedTextField(_("e-mail"), blank=True, default="")
    email_index = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    phone = EncryptedTextField(_("mobile"), blank=True, default="")
    phone_index = models.CharField(max_length=64, null=True, blank=True, unique=True, editable=False)
    language = models.CharField(_("langue"), max_length=5, default="fr")
    attributes = models.JSONField(_("attributs"), default=dict, blank=True)
    tags = models.ManyToManyField(Tag, verbose_name=_("étiquettes"), blank=True, related_name="contacts")
    source = models.CharField(_("origine"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("ajouté le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["last_name", "first_name"]

    def __str__(self) -> str:
        return f"{self.first_name} {self.last_name}".strip() or str(_("Contact sans nom"))

    def address(self, channel: str) -> str:
        """Where this contact is written to on a channel; empty when unknown."""
        return {"email": self.email, "sms": self.phone}.get(channel, "")


class Consent(models.Model):
    """What one guest agreed to, for one purpose on one channel, with its proof."""

    class Purpose(models.TextChoices):
        MARKETING = "marketing", _("offres et nouvelles")
        TRACKING = "tracking", _("mesure des ouvertures et des clics")

    class Status(models.TextChoices):
        PENDING = "pending", _("à confirmer")
        GRANTED = "granted", _("donné")
        WITHDRAWN = "withdrawn", _("retiré")

    contact = models.ForeignKey(Contact, verbose_name=_("contact"), on_delete=models.CASCADE, related_name="consents")
    purpose = models.CharField(_("finalité"), max_length=16, choices=Purpose.choices)
    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    status = models.CharField(_("état"), max_length=12, choices=Status.choices)
    wording = models.TextField(_("texte accepté"), blank=True)
    wording_version = models.CharField(_("version du texte"), max_length=40, blank=True)
    source = models.CharField(_("recueilli par"), max_length=120, blank=True)
    ip_address = models.GenericIPAddressField(_("adresse IP"), null=True, blank=True)
    granted_at = models.DateTimeField(_("donné le"), null=True, blank=True)
    withdrawn_at = models.DateTimeField(_("retiré le"), null=True, blank=True)

    class Meta:
        verbose_name = _("consentement")
        verbose_name_plural = _("consentements")
        constraints = [
            models.UniqueConstraint(fields=["contact", "purpose", "channel"], name="consent_once"),
            models.CheckConstraint(
                condition=~Q(status="granted") | Q(granted_at__isnull=False), name="granted_consent_has_a_date"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} / {self.get_channel_display()} : {self.get_status_display()}"


class Suppression(models.Model):
    """An address never to be written to again, known only by its keyed index."""

    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    address_index = models.CharField(_("empreinte"), max_length=64)
    reason = models.CharField(_("raison"), max_length=60)
    created_at = models.DateTimeField(_("depuis le"), auto_now_add=True)

    class Meta:
        verbose_name = _("opposition")
        verbose_name_plural = _("oppositions")
        constraints = [models.UniqueConstraint(fields=["channel", "address_index"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} · {self.reason}"
