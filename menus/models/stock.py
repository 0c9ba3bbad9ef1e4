"""What dishes are made of, and how much of it is left."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from menus.models.card import REF


class Ingredient(models.Model):
    """What dishes are made of, as the stock module counts it."""

    ref = models.CharField(_("référence"), max_length=64, unique=True, validators=[REF])
    name = models.CharField(_("nom"), max_length=120)
    unit = models.CharField(_("unité"), max_length=20, blank=True)
    quantity = models.DecimalField(_("en stock"), max_digits=12, decimal_places=3, null=True, blank=True)
    counted_at = models.DateTimeField(_("compté le"), null=True, blank=True)
    # Since when there is enough again: sensors flap, dishes do not.
    enough_since = models.DateTimeField(_("suffisant depuis"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("ingrédient")
        verbose_name_plural = _("ingrédients")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class RecipeLine(models.Model):
    """How much of an ingredient one portion of a dish takes; a dish is named by its reference, on whatever card."""

    item_ref = models.CharField(_("plat (référence)"), max_length=64, validators=[REF], db_index=True)
    ingredient = models.ForeignKey(
        Ingredient, verbose_name=_("ingrédient"), on_delete=models.CASCADE, related_name="recipe_lines"
    )
    quantity = models.DecimalField(_("par portion"), max_digits=12, decimal_places=3)

    class Meta:
        verbose_name = _("ligne de recette")
        verbose_name_plural = _("lignes de recette")
        ordering = ["item_ref", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["item_ref", "ingredient"], name="recipe_line_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="recipe_line_takes_something"),
        ]

    def __str__(self) -> str:
        return f"{self.item_ref} : {self.quantity} {self.ingredient}"
