"""What is said: texts, their pictures, and how each network says them."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


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
