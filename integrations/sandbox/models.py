"""What the vendors would know: kept on their side, apart from ours, so that a test can count what truly arrived."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class VendorRecord(models.Model):
    """One thing that exists at a vendor: a post, a photo, a container, an e-mail, an SMS, a catalog."""

    vendor = models.CharField(_("service"), max_length=40)
    kind = models.CharField(_("nature"), max_length=40)
    external_id = models.CharField(_("identifiant"), max_length=120)
    # Whose it is: the Page of a post, but the recipient of a message, since that is how a person looks for it.
    account_id = models.CharField(_("compte"), max_length=320, blank=True)
    data = models.JSONField(_("contenu"), default=dict)
    # The bytes of an uploaded picture; the lists never read them.
    blob = models.BinaryField(_("fichier"), null=True)
    is_public = models.BooleanField(_("visible"), default=True)
    created_at = models.DateTimeField(_("arrivé le"), auto_now_add=True)
    updated_at = models.DateTimeField(_("modifié le"), auto_now=True)

    class Meta:
        verbose_name = _("élément du bac à sable")
        verbose_name_plural = _("éléments du bac à sable")
        ordering = ["-created_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["vendor", "kind", "external_id"], name="vendor_record_once")]
        indexes = [
            models.Index(fields=["vendor", "kind", "account_id", "-created_at"], name="vendor_record_list"),
            models.Index(fields=["vendor", "kind", "-created_at"], name="vendor_record_feed"),
        ]

    def __str__(self) -> str:
        return f"{self.vendor} {self.kind} {self.external_id}"


class Fault(models.Model):
    """A mishap asked for on purpose: the next calls to a vendor meet it."""

    class Kind(models.TextChoices):
        SLOW = "slow", _("lent")
        RATE_LIMITED = "rate_limited", _("trop de demandes (429)")
        SERVER_ERROR = "server_error", _("panne (503)")
        EMPTY_SERVER_ERROR = "empty_server_error", _("panne sans explication (502 vide)")
        TIMEOUT_AFTER_ACCEPT = "timeout_after_accept", _("accepte, puis ne répond pas")
        EXPIRED_TOKEN = "expired_token", _("jeton expiré")
        CUT_JSON = "cut_json", _("JSON coupé")
        WRONG_SHAPE = "wrong_shape", _("JSON d'une autre forme")
        HTML_PAGE = "html_page", _("page HTML au lieu de la réponse")

    vendor = models.CharField(_("service"), max_length=40)
    kind = models.CharField(_("incident"), max_length=24, choices=Kind.choices)
    times = models.PositiveIntegerField(_("appels demandés"), default=1)
    remaining = models.PositiveIntegerField(_("appels restants"), default=1)
    seconds = models.FloatField(_("durée (s)"), default=0.0)
    path_contains = models.CharField(_("adresses contenant"), max_length=120, blank=True)
    created_at = models.DateTimeField(_("demandé le"), auto_now_add=True)

    class Meta:
        verbose_name = _("incident simulé")
        verbose_name_plural = _("incidents simulés")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.vendor} : {self.get_kind_display()}"
