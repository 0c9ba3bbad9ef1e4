"""Guests, what they agreed to, and the addresses never to be written to again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from integrations.fields import EncryptedJSONField, EncryptedTextField
from integrations.ids import time_ordered_uuid


class ChannelType(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("SMS")
    PUSH = "push", _("notification push")


class Purpose(models.TextChoices):
    MARKETING = "marketing", _("offres et nouvelles")
    TRANSACTIONAL = "transactional", _("service (réservation…)")


# Those of the guests of the Médoc, by their ISO 639-1 code.
LANGUAGES = {
    "fr": "français",
    "en": "anglais",
    "de": "allemand",
    "es": "espagnol",
    "it": "italien",
    "nl": "néerlandais",
    "pt": "portugais",
}


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


def full_name(first_name: str, last_name: str) -> str:
    """What a guest is called on screens and envelopes."""
    return f"{first_name} {last_name}".strip() or str(_("Contact sans nom"))


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
    birthday = models.DateField(_("anniversaire"), null=True, blank=True)
    postcode = models.CharField(_("code postal"), max_length=12, blank=True)
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)
    attributes = models.JSONField(_("attributs"), default=dict, blank=True)
    tags = models.ManyToManyField(Tag, verbose_name=_("étiquettes"), blank=True, related_name="contacts")
    source = models.CharField(_("origine"), max_length=60, blank=True)
    created_at = models.DateTimeField(_("ajouté le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("contact")
        verbose_name_plural = _("contacts")
        ordering = ["last_name", "first_name"]
        indexes = [models.Index(fields=["last_name", "first_name", "-id"], name="contact_by_name")]
        permissions = [("export_contact", _("Peut exporter les contacts"))]

    def __str__(self) -> str:
        return full_name(self.first_name, self.last_name)

    def address(self, channel: str) -> str:
        """Where this contact is written to on a channel; empty when unknown."""
        # One or the other: to read both would open both.
        if channel == ChannelType.EMAIL:
            return self.email
        return self.phone if channel == ChannelType.SMS else ""


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


class ConsentEvent(models.Model):
    """One thing that a guest said about being written to; never rewritten, kept as evidence after the guest is gone."""

    class Action(models.TextChoices):
        REQUESTED = "requested", _("confirmation demandée")
        GRANTED = "granted", _("accord donné")
        WITHDRAWN = "withdrawn", _("accord retiré")
        OPPOSED = "opposed", _("opposition")
        LIFTED = "lifted", _("opposition levée")

    contact = models.ForeignKey(
        Contact, verbose_name=_("contact"), null=True, on_delete=models.SET_NULL, related_name="consent_events"
    )
    # The keyed fingerprint of the address then in use: evidence that outlives a change of address, and the guest.
    address_index = models.CharField(_("empreinte"), max_length=64, blank=True, default="", editable=False)
    purpose = models.CharField(_("finalité"), max_length=16, choices=Consent.Purpose.choices)
    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    action = models.CharField(_("acte"), max_length=10, choices=Action.choices)
    wording = models.TextField(_("texte présenté"), blank=True)
    wording_version = models.CharField(_("version du texte"), max_length=40, blank=True)
    source = models.CharField(_("recueilli par"), max_length=120, blank=True)
    ip_address = models.GenericIPAddressField(_("adresse IP"), null=True, blank=True)
    occurred_at = models.DateTimeField(_("le"), auto_now_add=True)

    class Meta:
        verbose_name = _("acte de consentement")
        verbose_name_plural = _("actes de consentement")
        ordering = ["-occurred_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_action_display()} · {self.get_purpose_display()} / {self.get_channel_display()}"


class PushSubscription(models.Model):
    """One browser of a guest that agreed to show our notifications; its address is a secret between it and us."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    contact = models.ForeignKey(
        Contact, verbose_name=_("contact"), on_delete=models.CASCADE, related_name="push_subscriptions"
    )
    # {"endpoint", "keys": {"p256dh", "auth"}} as the browser gave it.
    subscription = EncryptedJSONField(_("abonnement"))
    endpoint_index = models.CharField(max_length=64, unique=True, editable=False)
    device = models.CharField(_("appareil"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("depuis le"), auto_now_add=True)

    class Meta:
        verbose_name = _("appareil")
        verbose_name_plural = _("appareils")

    def __str__(self) -> str:
        return self.device or str(_("Appareil"))


class Purchase(models.Model):
    """What a guest bought, as the till or the CRM told it: what segments by habits are made of."""

    contact = models.ForeignKey(Contact, verbose_name=_("contact"), on_delete=models.CASCADE, related_name="purchases")
    source = models.CharField(_("origine"), max_length=40)
    external_id = models.CharField(_("identifiant d'origine"), max_length=120)
    occurred_at = models.DateTimeField(_("le"))
    amount_cents = models.PositiveIntegerField(_("montant (centimes)"))
    item_refs = models.JSONField(_("plats"), default=list, blank=True)

    class Meta:
        verbose_name = _("achat")
        verbose_name_plural = _("achats")
        ordering = ["-occurred_at"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="purchase_once")]
        indexes = [models.Index(fields=["contact", "occurred_at"], name="purchase_by_guest")]

    def __str__(self) -> str:
        return f"{self.amount_cents / 100:.2f} €"


class Habit(models.Model):
    """How often a guest was seen opening, clicking or booking in one hour of the week (Paris time)."""

    contact = models.ForeignKey(Contact, verbose_name=_("contact"), on_delete=models.CASCADE, related_name="habits")
    # 0 is Monday from midnight to one, 167 Sunday's last hour.
    hour = models.PositiveSmallIntegerField(_("heure de la semaine"))
    weight = models.PositiveIntegerField(_("poids"), default=0)

    class Meta:
        verbose_name = _("habitude")
        verbose_name_plural = _("habitudes")
        constraints = [
            models.UniqueConstraint(fields=["contact", "hour"], name="habit_once"),
            models.CheckConstraint(condition=Q(hour__lt=168), name="habit_hour_in_week"),
        ]

    def __str__(self) -> str:
        return f"{self.hour} × {self.weight}"


class Segment(models.Model):
    """A group of guests told by rules, counted and written to as they stand at that moment."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    slug = models.SlugField(_("identifiant"), max_length=60, unique=True)
    name = models.CharField(_("nom"), max_length=120)
    description = models.CharField(_("description"), max_length=300, blank=True)
    # {"all": [rule, {"any": [...]}, {"not": …}]}, a rule being {"field", "op", "value"}: see services/segments.
    rules = models.JSONField(_("règles"), default=dict, blank=True)
    last_count = models.PositiveIntegerField(_("clients"), null=True, blank=True)
    counted_at = models.DateTimeField(_("compté le"), null=True, blank=True)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class ContactImport(models.Model):
    """A file of guests on its way in: looked at first, then taken; the file is forgotten once it is in."""

    class Status(models.TextChoices):
        UPLOADED = "uploaded", _("à relire")
        RUNNING = "running", _("en cours")
        DONE = "done", _("terminé")
        FAILED = "failed", _("en échec")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    name = models.CharField(_("fichier"), max_length=200)
    # The rows as read, sealed: they hold addresses.
    rows = EncryptedJSONField(_("lignes"), null=True)
    columns = models.JSONField(_("colonnes"), default=list)
    mapping = models.JSONField(_("correspondance"), default=dict, blank=True)
    consent = models.JSONField(_("consentement déclaré"), default=dict, blank=True)
    status = models.CharField(_("état"), max_length=10, choices=Status.choices, default=Status.UPLOADED)
    # {"added", "updated", "unchanged", "refused": [{"line", "column", "reason"}]}; no address in it.
    report = models.JSONField(_("compte rendu"), default=dict, blank=True)
    requested_by = models.CharField(_("demandé par"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("reçu le"), auto_now_add=True)
    finished_at = models.DateTimeField(_("fini le"), null=True, blank=True)

    class Meta:
        verbose_name = _("import de contacts")
        verbose_name_plural = _("imports de contacts")
        ordering = ["-created_at"]

    def __str__(self) -> str:
        return self.name


class Suppression(models.Model):
    """An address not to be written to again, known only by its keyed index."""

    class Scope(models.TextChoices):
        OFFERS = "offers", _("offres et nouvelles")
        ALL = "all", _("tout message")

    channel = models.CharField(_("canal"), max_length=8, choices=ChannelType.choices)
    address_index = models.CharField(_("empreinte"), max_length=64)
    # Who unsubscribes from offers still wants to hear of their booking; a dead address takes nothing at all.
    scope = models.CharField(_("portée"), max_length=8, choices=Scope.choices, default=Scope.ALL)
    reason = models.CharField(_("raison"), max_length=60)
    created_at = models.DateTimeField(_("depuis le"), auto_now_add=True)

    class Meta:
        verbose_name = _("opposition")
        verbose_name_plural = _("oppositions")
        constraints = [models.UniqueConstraint(fields=["channel", "address_index"], name="suppression_once")]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} · {self.reason}"


class ErasedAddress(models.Model):
    """The keyed index of an address whose guest was erased: no older news of another module brings them back."""

    address_index = models.CharField(_("empreinte"), max_length=64, unique=True)
    erased_at = models.DateTimeField(_("effacé le"))

    class Meta:
        verbose_name = _("adresse effacée")
        verbose_name_plural = _("adresses effacées")

    def __str__(self) -> str:
        return f"{self.erased_at:%d/%m/%Y}"
