"""Said to everyone: the accounts we speak from, and each thing said on each of them."""

import uuid

from django.conf import settings as django_settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable
from integrations.ids import time_ordered_uuid
from social.connectors import platforms, registry


class Account(models.Model):
    """A Page, a profile, a professional account of the restaurant."""

    class Status(models.TextChoices):
        CONNECTED = "connected", _("connecté")
        DISCONNECTED = "disconnected", _("à reconnecter")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    platform = models.CharField(_("plateforme"), max_length=40, choices=platforms)
    name = models.CharField(_("nom"), max_length=120)
    external_id = models.CharField(_("identifiant sur la plateforme"), max_length=120)
    username = models.CharField(_("nom public"), max_length=120, blank=True)
    credential = models.ForeignKey(
        "integrations.Credential", verbose_name=_("accès"), on_delete=models.PROTECT, related_name="+"
    )
    settings = models.JSONField(_("réglages"), default=dict, blank=True)
    is_primary = models.BooleanField(
        _("compte principal"), default=True, help_text=_("Celui qui publie quand seule la plateforme est nommée.")
    )
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.CONNECTED)
    status_reason = models.TextField(_("raison"), blank=True)
    created_at = models.DateTimeField(_("ajouté le"), auto_now_add=True)

    class Meta:
        verbose_name = _("compte")
        verbose_name_plural = _("comptes")
        ordering = ["platform", "name"]
        constraints = [models.UniqueConstraint(fields=["platform", "external_id"], name="account_once")]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_platform_display()})"


class LateRule(models.TextChoices):
    SEND = "send", _("publier en retard")
    MOVE = "move", _("remettre au prochain bon créneau")
    DROP = "drop", _("abandonner")


class Publication(Claimable):
    """One content on one account, from its slot to its permalink."""

    class Status(models.TextChoices):
        SCHEDULED = "scheduled", _("programmée")
        PUBLISHING = "publishing", _("publication en cours")
        UNKNOWN = "unknown", _("à vérifier")
        PUBLISHED = "published", _("publiée")
        HELD = "held", _("retenue")
        FAILED = "failed", _("en échec")
        CANCELED = "canceled", _("annulée")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    content = models.ForeignKey(
        "campaigns.Content", verbose_name=_("contenu"), on_delete=models.PROTECT, related_name="publications"
    )
    account = models.ForeignKey(
        Account, verbose_name=_("compte"), on_delete=models.PROTECT, related_name="publications"
    )
    campaign = models.ForeignKey(
        "campaigns.Campaign", verbose_name=_("campagne"), null=True, blank=True, on_delete=models.SET_NULL
    )
    phase = models.ForeignKey(
        "campaigns.Phase", verbose_name=_("phase"), null=True, blank=True, on_delete=models.SET_NULL
    )
    task_id = models.UUIDField(_("tâche"), null=True, blank=True, db_index=True, editable=False)
    occurrence = models.CharField(_("occurrence"), max_length=80, blank=True, default="")
    priority = models.PositiveSmallIntegerField(_("priorité"), default=5)
    scheduled_at = models.DateTimeField(_("prévue le"))
    status = models.CharField(_("état"), max_length=12, choices=Status.choices, default=Status.SCHEDULED)
    post = models.JSONField(_("texte adapté"), default=dict, blank=True)
    targeting = models.JSONField(_("ciblage"), default=dict, blank=True)
    warnings = models.JSONField(_("avertissements"), default=list, blank=True)
    # Ids the platform gave on the way (uploaded photos, container): a second try goes on from there.
    progress = models.JSONField(_("étapes franchies"), default=dict, blank=True)
    # Set just before the one call that creates the post; while it is set and no answer is known, never send again.
    creating_since = models.DateTimeField(_("création lancée à"), null=True, blank=True)
    absences = models.PositiveSmallIntegerField(_("relectures sans trouver"), default=0)
    external_id = models.CharField(_("identifiant du post"), max_length=200, blank=True)
    permalink = models.URLField(_("lien"), max_length=500, blank=True)
    published_at = models.DateTimeField(_("publiée le"), null=True, blank=True)
    created_at = models.DateTimeField(_("créée le"), auto_now_add=True)
    # What to do when the slot passed while we were down, and what planning changed, in words that staff read.
    late_rule = models.CharField(
        _("si l'heure est passée"), max_length=8, choices=LateRule.choices, default=LateRule.SEND
    )
    planning_notes = models.JSONField(_("planification"), default=list, blank=True)
    is_forced = models.BooleanField(_("sans règle de planification"), default=False)
    # Latest totals; a figure that the network does not give is absent, never zero.
    metrics = models.JSONField(_("chiffres"), default=dict, blank=True)
    metrics_due_at = models.DateTimeField(_("prochain relevé"), null=True, blank=True)

    class Meta:
        verbose_name = _("publication")
        verbose_name_plural = _("publications")
        ordering = ["-scheduled_at"]
        constraints = [
            models.UniqueConstraint(fields=["content", "account", "occurrence"], name="publication_once"),
            models.UniqueConstraint(
                fields=["account", "external_id"], condition=~models.Q(external_id=""), name="post_adopted_once"
            ),
        ]
        indexes = [
            models.Index(fields=["status", "next_attempt_at"], name="publication_due"),
            models.Index(fields=["metrics_due_at"], name="publication_metrics_due"),
            models.Index(fields=["account", "scheduled_at"], name="publication_slots"),
            models.Index(fields=["scheduled_at"], name="publication_by_date"),
        ]

    def __str__(self) -> str:
        return f"{self.content} · {self.account}"

    @property
    def public_id(self) -> str:
        """The id given to API clients: the platform's prefix and ours, as in `fb_0192…`."""
        return f"{registry[self.account.platform].prefix}_{self.id.hex}"


class PublicationAttempt(models.Model):
    """One try: what was done and what the platform answered; never rewritten."""

    publication = models.ForeignKey(
        Publication, verbose_name=_("publication"), on_delete=models.CASCADE, related_name="tries"
    )
    started_at = models.DateTimeField(_("à"), auto_now_add=True)
    step = models.CharField(_("étape"), max_length=40)
    outcome = models.CharField(_("issue"), max_length=40)
    message = models.TextField(_("message"), blank=True)
    vendor_answer = models.TextField(_("réponse brute du service"), blank=True)

    class Meta:
        verbose_name = _("essai")
        verbose_name_plural = _("essais")
        ordering = ["started_at", "pk"]

    def __str__(self) -> str:
        return f"{self.step} : {self.outcome}"


class MetricSnapshot(models.Model):
    """What a network said of one post at one moment; the curve of a publication."""

    publication = models.ForeignKey(
        Publication, verbose_name=_("publication"), on_delete=models.CASCADE, related_name="snapshots"
    )
    taken_at = models.DateTimeField(_("relevé le"))
    values = models.JSONField(_("chiffres"), default=dict)

    class Meta:
        verbose_name = _("relevé")
        verbose_name_plural = _("relevés")
        ordering = ["taken_at"]
        constraints = [models.UniqueConstraint(fields=["publication", "taken_at"], name="snapshot_once")]

    def __str__(self) -> str:
        return f"{self.publication_id} · {self.taken_at:%d/%m %H:%M}"


class Interaction(models.Model):
    """What a guest said or did under one of our posts."""

    class Kind(models.TextChoices):
        COMMENT = "comment", _("commentaire")
        REPLY = "reply", _("réponse")
        MENTION = "mention", _("mention")
        LIKE = "like", _("j'aime")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    account = models.ForeignKey(
        Account, verbose_name=_("compte"), on_delete=models.CASCADE, related_name="interactions"
    )
    publication = models.ForeignKey(
        Publication,
        verbose_name=_("publication"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="interactions",
    )
    external_id = models.CharField(_("identifiant sur la plateforme"), max_length=200)
    kind = models.CharField(_("nature"), max_length=8, choices=Kind.choices)
    post_external_id = models.CharField(_("post"), max_length=200, blank=True)
    parent_external_id = models.CharField(_("en réponse à"), max_length=200, blank=True)
    author_id = models.CharField(_("identifiant de l'auteur"), max_length=200, blank=True)
    author_name = models.CharField(_("auteur"), max_length=200, blank=True)
    text = models.TextField(_("texte"), blank=True)
    url = models.URLField(_("lien"), max_length=500, blank=True)
    occurred_at = models.DateTimeField(_("le"))
    received_at = models.DateTimeField(_("reçu le"), auto_now_add=True)
    is_read = models.BooleanField(_("lu"), default=False)
    is_hidden = models.BooleanField(_("masqué"), default=False)
    is_liked = models.BooleanField(_("aimé"), default=False)
    assigned_to = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        verbose_name=_("confié à"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        ordering = ["-occurred_at"]
        constraints = [models.UniqueConstraint(fields=["account", "kind", "external_id"], name="interaction_once")]
        indexes = [models.Index(fields=["is_read", "-occurred_at"], name="interaction_unread")]

    def __str__(self) -> str:
        return f"{self.author_name or '—'} : {self.text[:60] or self.get_kind_display()}"


class Reply(Claimable):
    """An answer of ours to a guest, on its way: created once, like a post (law 3)."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        SENDING = "sending", _("envoi en cours")
        UNKNOWN = "unknown", _("à vérifier")
        SENT = "sent", _("envoyée")
        FAILED = "failed", _("en échec")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    interaction = models.ForeignKey(
        Interaction, verbose_name=_("interaction"), on_delete=models.CASCADE, related_name="replies"
    )
    text = models.TextField(_("texte"))
    author = models.ForeignKey(
        django_settings.AUTH_USER_MODEL,
        verbose_name=_("écrite par"),
        null=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    status = models.CharField(_("état"), max_length=8, choices=Status.choices, default=Status.PENDING)
    creating_since = models.DateTimeField(_("création lancée à"), null=True, blank=True)
    external_id = models.CharField(_("identifiant sur la plateforme"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("écrite le"), auto_now_add=True)
    sent_at = models.DateTimeField(_("envoyée le"), null=True, blank=True)

    class Meta:
        verbose_name = _("réponse")
        verbose_name_plural = _("réponses")
        ordering = ["created_at"]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="reply_due")]

    def __str__(self) -> str:
        return self.text[:60]


class SavedAnswer(models.Model):
    """An answer that staff give often."""

    title = models.CharField(_("titre"), max_length=80, unique=True)
    text = models.TextField(_("texte"))

    class Meta:
        verbose_name = _("réponse enregistrée")
        verbose_name_plural = _("réponses enregistrées")
        ordering = ["title"]

    def __str__(self) -> str:
        return self.title
