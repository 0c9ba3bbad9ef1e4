"""What campaigns brought in: orders whose guests gave a code, and what they come to."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from campaigns.models.campaigns import Campaign


class Conversion(models.Model):
    """An order whose guest gave a code; it belongs to the campaign that has this code, now or later.

    The guest is forgotten with their page, the order then stays, of nobody.
    """

    source = models.CharField(_("origine"), max_length=40)
    external_id = models.CharField(_("commande"), max_length=120)
    code = models.CharField(_("code"), max_length=60, db_index=True)
    occurred_at = models.DateTimeField(_("le"))
    amount_cents = models.PositiveIntegerField(_("montant (centimes)"))
    contact = models.ForeignKey(
        "notifications.Contact",
        verbose_name=_("contact"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("commande venue d'une campagne")
        verbose_name_plural = _("commandes venues de campagnes")
        ordering = ["-occurred_at"]
        constraints = [models.UniqueConstraint(fields=["source", "external_id"], name="conversion_once")]

    def __str__(self) -> str:
        return f"{self.code} · {self.amount_cents / 100:.2f} €"


class CampaignAnalytics(models.Model):
    """What a campaign with a code has brought in so far, counted anew from its orders and messages.

    A guest is converted who ordered with the code after one of its messages had left for them.
    """

    campaign = models.OneToOneField(
        Campaign, verbose_name=_("campagne"), on_delete=models.CASCADE, related_name="analytics"
    )
    orders = models.PositiveIntegerField(_("commandes"), default=0)
    revenue_cents = models.PositiveBigIntegerField(_("montant (centimes)"), default=0)
    guests_written = models.PositiveIntegerField(_("clients à qui elle a écrit"), default=0)
    guests_converted = models.PositiveIntegerField(_("d'entre eux, ont commandé"), default=0)
    updated_at = models.DateTimeField(_("compté le"), auto_now=True)

    class Meta:
        verbose_name = _("bilan d'une campagne")
        verbose_name_plural = _("bilans des campagnes")

    def __str__(self) -> str:
        return str(self.campaign)

    @property
    def rate(self) -> float | None:
        """The share of the guests written to who ordered, from 0 to 1; None when nobody was written to."""
        return round(self.guests_converted / self.guests_written, 4) if self.guests_written else None

    def as_document(self) -> dict[str, int | float | None]:
        """The figures as programs are given them."""
        return {
            "orders": self.orders,
            "revenue_cents": self.revenue_cents,
            "guests_written": self.guests_written,
            "guests_converted": self.guests_converted,
            "rate": self.rate,
        }
