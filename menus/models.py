"""The card: what is served, at what price, with which allergens; its published revisions and where they are shown."""

import uuid

from django.conf import settings
from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable
from integrations.ids import time_ordered_uuid
from menus.connectors import platforms

REF = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", _("Lettres sans accent, chiffres, « - » et « _ » ; 64 signes au plus.")
)
# A dish above this is a typing error, and some platforms refuse it.
HIGHEST_PRICE_CENTS = 100_000


class Menu(models.Model):
    """A card: regular, of a season, or for an occasion."""

    class Type(models.TextChoices):
        REGULAR = "regular", _("carte permanente")
        SEASONAL = "seasonal", _("carte de saison")
        SPECIAL = "special", _("occasion")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(_("nom"), max_length=120)
    description = models.TextField(_("description"), blank=True, max_length=500)
    start_date = models.DateTimeField(_("à partir du"))
    end_date = models.DateTimeField(_("jusqu'au"), null=True, blank=True)
    type = models.CharField(_("type"), max_length=10, choices=Type.choices, default=Type.REGULAR)
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("menu")
        verbose_name_plural = _("menus")
        ordering = ["-start_date"]
        constraints = [
            models.CheckConstraint(
                condition=Q(end_date__isnull=True) | Q(end_date__gt=F("start_date")),
                name="menu_ends_after_it_starts",
                violation_error_message=_("La fin doit venir après le début."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class Category(models.Model):
    """A part of the card: starters, mains…"""

    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.CASCADE, related_name="categories")
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=120)
    description = models.CharField(_("description"), max_length=255, blank=True)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)

    class Meta:
        verbose_name = _("catégorie")
        verbose_name_plural = _("catégories")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["menu", "ref"], name="category_ref_once")]

    def __str__(self) -> str:
        return self.name


class OptionGroup(models.Model):
    """A choice the guest makes with a dish: how it is cooked, which side."""

    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.CASCADE, related_name="option_groups")
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=120)
    min_choices = models.PositiveSmallIntegerField(_("au moins"), default=0)
    max_choices = models.PositiveSmallIntegerField(_("au plus"), default=1)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)

    class Meta:
        verbose_name = _("choix")
        verbose_name_plural = _("choix")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["menu", "ref"], name="option_group_ref_once"),
            models.CheckConstraint(
                condition=Q(max_choices__gte=F("min_choices")) & Q(max_choices__gte=1),
                name="option_group_max_not_below_min",
                violation_error_message=_("« Au plus » ne peut être inférieur à « au moins », ni à 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Option(models.Model):
    """One answer to a choice, with its supplement."""

    group = models.ForeignKey(OptionGroup, verbose_name=_("choix"), on_delete=models.CASCADE, related_name="options")
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=120)
    price_cents = models.PositiveIntegerField(_("supplément (centimes TTC)"), default=0)
    is_default = models.BooleanField(_("par défaut"), default=False)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)

    class Meta:
        verbose_name = _("option")
        verbose_name_plural = _("options")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["group", "ref"], name="option_ref_once")]

    def __str__(self) -> str:
        return self.name


class Item(models.Model):
    """A dish or a drink as the guest reads it."""

    class Availability(models.TextChoices):
        AVAILABLE = "available", _("disponible")
        UNAVAILABLE = "unavailable", _("épuisé")
        HIDDEN = "hidden", _("retiré de la carte")

    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.CASCADE, related_name="items")
    category = models.ForeignKey(Category, verbose_name=_("catégorie"), on_delete=models.CASCADE, related_name="items")
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=120)
    description = models.TextField(_("description"), blank=True, max_length=500)
    price_cents = models.PositiveIntegerField(
        _("prix (centimes TTC)"), validators=[MaxValueValidator(HIGHEST_PRICE_CENTS)]
    )
    # Three states, never two: a list, an empty list (declared: none), null (unknown, never shown as "none").
    allergens = models.JSONField(_("allergènes"), null=True, blank=True, default=None)
    diets = models.JSONField(_("régimes"), default=list, blank=True)
    photo_url = models.URLField(_("photo"), max_length=500, blank=True)
    option_groups = models.ManyToManyField(OptionGroup, verbose_name=_("choix"), blank=True, related_name="items")
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    availability = models.CharField(
        _("disponibilité"), max_length=12, choices=Availability.choices, default=Availability.AVAILABLE
    )
    unavailable_until = models.DateTimeField(_("épuisé jusqu'à"), null=True, blank=True)

    class Meta:
        verbose_name = _("plat")
        verbose_name_plural = _("plats")
        ordering = ["category__position", "position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["menu", "ref"], name="item_ref_once"),
            models.CheckConstraint(
                condition=Q(price_cents__lte=HIGHEST_PRICE_CENTS),
                name="item_price_is_plausible",
                violation_error_message=_("Ce prix dépasse 1 000 € : vérifiez les centimes."),
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MenuRevision(models.Model):
    """The card as it was published: never changed after."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(_("numéro"))
    document = models.JSONField(_("carte publiée"))
    content_hash = models.CharField(_("empreinte"), max_length=80)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("publiée par"), null=True, blank=True, on_delete=models.SET_NULL
    )
    created_at = models.DateTimeField(_("publiée le"), auto_now_add=True)

    class Meta:
        verbose_name = _("révision")
        verbose_name_plural = _("révisions")
        ordering = ["-created_at"]
        constraints = [models.UniqueConstraint(fields=["menu", "number"], name="revision_number_once")]

    def __str__(self) -> str:
        return f"{self.menu} · n° {self.number}"


class Destination(models.Model):
    """A place where the card is shown."""

    platform = models.CharField(_("plateforme"), max_length=40, choices=platforms, unique=True)
    name = models.CharField(_("nom"), max_length=120)
    credential = models.ForeignKey(
        "integrations.Credential",
        verbose_name=_("accès"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    settings = models.JSONField(_("réglages"), default=dict, blank=True)
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering = ["platform"]

    def __str__(self) -> str:
        return self.name


class MenuSync(Claimable):
    """One revision on its way to one destination, until it was read back there."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        PUSHING = "pushing", _("envoi en cours")
        VERIFYING = "verifying", _("relecture")
        COHERENT = "coherent", _("identique")
        DRIFTED = "drifted", _("différent")
        NOT_VERIFIABLE = "not_verifiable", _("non vérifiable")
        FAILED = "failed", _("en échec")
        SUPERSEDED = "superseded", _("remplacé")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    revision = models.ForeignKey(
        MenuRevision, verbose_name=_("révision"), on_delete=models.CASCADE, related_name="syncs"
    )
    destination = models.ForeignKey(
        Destination, verbose_name=_("destination"), on_delete=models.PROTECT, related_name="syncs"
    )
    task_id = models.UUIDField(_("tâche"), null=True, blank=True, db_index=True, editable=False)
    status = models.CharField(_("état"), max_length=16, choices=Status.choices, default=Status.PENDING)
    differences = models.JSONField(_("différences"), default=list, blank=True)
    warnings = models.JSONField(_("avertissements"), default=list, blank=True)
    pushed_at = models.DateTimeField(_("envoyé le"), null=True, blank=True)
    verified_at = models.DateTimeField(_("relu le"), null=True, blank=True)
    created_at = models.DateTimeField(_("créé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("synchronisation")
        verbose_name_plural = _("synchronisations")
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint(fields=["revision", "destination", "task_id"], name="sync_once"),
            # One write in flight per destination: a platform replaces its whole menu at each write.
            models.UniqueConstraint(
                fields=["destination"],
                condition=Q(status__in=["pushing", "verifying"]),
                name="one_write_in_flight_per_destination",
            ),
        ]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="sync_due")]

    def __str__(self) -> str:
        return f"{self.revision} → {self.destination}"
