"""The card: what is served, at what price, with which allergens."""

import uuid

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

REF = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$", _("Lettres sans accent, chiffres, « - » et « _ » ; 64 signes au plus.")
)
# The longest that the canonical format takes; each destination shortens for itself.
LONGEST_NAME, LONGEST_TEXT = 500, 5000
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
    # Weekly periods, [{"days": ["mon", …], "start": "12:00", "end": "14:30"}]; one that ends before it starts runs past
    # midnight. Empty: whenever the house is open.
    service_hours = models.JSONField(_("heures de service"), default=list, blank=True)
    translations = models.JSONField(_("traductions"), default=dict, blank=True)
    # In the words of the canonical format: languages, source_url, cuisines, price_notice (what the law wants at the foot).
    details = models.JSONField(_("autres précisions"), default=dict, blank=True)
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
    name = models.CharField(_("nom"), max_length=LONGEST_NAME)
    description = models.TextField(_("description"), max_length=LONGEST_TEXT, blank=True)
    parent = models.ForeignKey(
        "self", verbose_name=_("dans"), null=True, blank=True, on_delete=models.SET_NULL, related_name="children"
    )
    translations = models.JSONField(_("traductions"), default=dict, blank=True)
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)

    class Meta:
        verbose_name = _("catégorie")
        verbose_name_plural = _("catégories")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["menu", "ref"], name="category_ref_once")]

    def __str__(self) -> str:
        return self.name


class Availability(models.TextChoices):
    """Whether a thing of the card can be ordered."""

    AVAILABLE = "available", _("disponible")
    UNAVAILABLE = "unavailable", _("épuisé")
    HIDDEN = "hidden", _("retiré de la carte")


class StockSource(models.TextChoices):
    """Who said that it ran out: a sensor never undoes what a person did."""

    MANUAL = "manual", _("une personne")
    IOT = "iot", _("les stocks")
    SCHEDULE = "schedule", _("l'heure")


class OptionGroup(models.Model):
    """A choice the guest makes with a dish: how it is cooked, which side."""

    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.CASCADE, related_name="option_groups")
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=120)
    min_choices = models.PositiveSmallIntegerField(_("au moins"), default=0)
    # Empty: as many as there are.
    max_choices = models.PositiveSmallIntegerField(_("au plus"), default=1, null=True, blank=True)
    translations = models.JSONField(_("traductions"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)

    class Meta:
        verbose_name = _("choix")
        verbose_name_plural = _("choix")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["menu", "ref"], name="option_group_ref_once"),
            models.CheckConstraint(
                condition=Q(max_choices__isnull=True) | Q(max_choices__gte=F("min_choices")) & Q(max_choices__gte=1),
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
    allergens = models.JSONField(_("allergènes"), null=True, blank=True, default=None)
    availability = models.CharField(
        _("disponibilité"), max_length=12, choices=Availability.choices, default=Availability.AVAILABLE
    )
    translations = models.JSONField(_("traductions"), default=dict, blank=True)
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

    Availability = Availability

    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.CASCADE, related_name="items")
    category = models.ForeignKey(Category, verbose_name=_("catégorie"), on_delete=models.CASCADE, related_name="items")
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=LONGEST_NAME)
    description = models.TextField(_("description"), blank=True, max_length=LONGEST_TEXT)
    # Empty when it comes in sizes: each has its own price.
    price_cents = models.PositiveIntegerField(
        _("prix (centimes TTC)"), null=True, blank=True, validators=[MaxValueValidator(HIGHEST_PRICE_CENTS)]
    )
    # Two sizes at least, [{"id", "name", "price_cents", …}], as in the canonical format.
    variants = models.JSONField(_("tailles"), default=list, blank=True)
    # {"uber_eats": 2590}: where another price is asked.
    channel_prices = models.JSONField(_("prix par destination"), default=dict, blank=True)
    # Three states, never two: a list, an empty list (declared: none), null (unknown, never shown as "none").
    allergens = models.JSONField(_("allergènes"), null=True, blank=True, default=None)
    traces = models.JSONField(_("traces possibles"), default=list, blank=True)
    diets = models.JSONField(_("régimes"), default=list, blank=True)
    labels = models.JSONField(_("labels"), default=list, blank=True)
    is_homemade = models.BooleanField(_("fait maison"), default=False)
    # [{"species", "born", "raised": […], "slaughtered"}]: the law wants it of beef, pork, lamb and poultry.
    meat_origins = models.JSONField(_("origine des viandes"), default=list, blank=True)
    # What is rarer, in the words of the canonical format: spiciness, contains_alcohol, abv, volume, portion, serves,
    # nutrition, tax, further images.
    details = models.JSONField(_("autres précisions"), default=dict, blank=True)
    photo_url = models.URLField(_("photo"), max_length=500, blank=True)
    photo_alt = models.TextField(_("description de la photo"), max_length=1000, blank=True)
    translations = models.JSONField(_("traductions"), default=dict, blank=True)
    schedule = models.JSONField(_("servi à ces heures"), default=list, blank=True)
    start_date = models.DateTimeField(_("à partir du"), null=True, blank=True)
    end_date = models.DateTimeField(_("jusqu'au"), null=True, blank=True)
    # Empty: everywhere.
    channels = models.JSONField(_("destinations"), null=True, blank=True, default=None)
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)
    option_groups = models.ManyToManyField(OptionGroup, verbose_name=_("choix"), blank=True, related_name="items")
    position = models.PositiveSmallIntegerField(_("rang"), default=0)
    availability = models.CharField(
        _("disponibilité"), max_length=12, choices=Availability.choices, default=Availability.AVAILABLE
    )
    unavailable_until = models.DateTimeField(_("épuisé jusqu'à"), null=True, blank=True)
    unavailable_reason = models.CharField(_("raison"), max_length=120, blank=True)
    availability_source = models.CharField(
        _("selon"), max_length=10, choices=StockSource.choices, default=StockSource.MANUAL
    )
    availability_changed_at = models.DateTimeField(_("changé le"), null=True, blank=True, editable=False)

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


class Formula(models.Model):
    """A set menu: one price, a choice at each step."""

    class Drink(models.TextChoices):
        INCLUDED = "included", _("boisson comprise")
        EXCLUDED = "excluded", _("boisson non comprise")

    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.CASCADE, related_name="formulas")
    category = models.ForeignKey(
        Category, verbose_name=_("catégorie"), null=True, blank=True, on_delete=models.SET_NULL, related_name="formulas"
    )
    ref = models.CharField(_("référence"), max_length=64, validators=[REF])
    name = models.CharField(_("nom"), max_length=LONGEST_NAME)
    description = models.TextField(_("description"), blank=True, max_length=LONGEST_TEXT)
    price_cents = models.PositiveIntegerField(
        _("prix (centimes TTC)"), validators=[MaxValueValidator(HIGHEST_PRICE_CENTS)]
    )
    channel_prices = models.JSONField(_("prix par destination"), default=dict, blank=True)
    # The law wants it said of each set menu.
    drink = models.CharField(_("boisson"), max_length=8, choices=Drink.choices, blank=True)
    # [{"id", "name", "min", "max", "choices": [{"item_id", "variant_id", "supplement_cents"}]}]
    steps = models.JSONField(_("étapes"), default=list)
    tax = models.JSONField(_("TVA"), default=dict, blank=True)
    schedule = models.JSONField(_("servie à ces heures"), default=list, blank=True)
    start_date = models.DateTimeField(_("à partir du"), null=True, blank=True)
    end_date = models.DateTimeField(_("jusqu'au"), null=True, blank=True)
    channels = models.JSONField(_("destinations"), null=True, blank=True, default=None)
    availability = models.CharField(
        _("disponibilité"), max_length=12, choices=Availability.choices, default=Availability.AVAILABLE
    )
    translations = models.JSONField(_("traductions"), default=dict, blank=True)
    metadata = models.JSONField(_("données libres"), default=dict, blank=True)
    position = models.PositiveSmallIntegerField(_("rang"), default=0)

    class Meta:
        verbose_name = _("formule")
        verbose_name_plural = _("formules")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["menu", "ref"], name="formula_ref_once"),
            models.CheckConstraint(
                condition=Q(price_cents__lte=HIGHEST_PRICE_CENTS),
                name="formula_price_is_plausible",
                violation_error_message=_("Ce prix dépasse 1 000 € : vérifiez les centimes."),
            ),
        ]

    def __str__(self) -> str:
        return self.name
