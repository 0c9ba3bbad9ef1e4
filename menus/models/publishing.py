"""The card as it was published, where it is shown, and what each place was sent."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from integrations.claims import Claimable
from integrations.ids import time_ordered_uuid
from menus.connectors import platforms
from menus.models.card import Menu


class MenuRevision(models.Model):
    """The card as it was published: never changed after."""

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    menu = models.ForeignKey(Menu, verbose_name=_("menu"), on_delete=models.PROTECT, related_name="revisions")
    number = models.PositiveIntegerField(_("numéro"))
    document = models.JSONField(_("carte publiée"))
    # From when on it is the one in force; later than its making when staff planned it.
    effective_at = models.DateTimeField(_("en vigueur à partir du"), default=timezone.now)
    # Its plan was dropped before it came into force.
    is_withdrawn = models.BooleanField(_("annulée"), default=False, editable=False)
    # Where staff sent it; empty: everywhere.
    platforms = models.JSONField(_("envoyée à"), null=True, blank=True, default=None)
    comment = models.CharField(_("ce qui change"), max_length=200, blank=True)
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

    platform = models.CharField(_("plateforme"), max_length=40, choices=platforms)
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
    # What people change there is kept and shown to staff, instead of being written over.
    keeps_edits = models.BooleanField(_("garder ce qui est changé là-bas"), default=False)
    # Nothing is written there any more until a person decides.
    is_held = models.BooleanField(_("en attente d'une décision"), default=False, editable=False)
    held_reason = models.TextField(_("pourquoi"), blank=True, editable=False)
    # 0 to 100: how much of what was last read there is as it should be; empty while nothing was read.
    score = models.PositiveSmallIntegerField(_("cohérence"), null=True, blank=True, editable=False)
    checked_at = models.DateTimeField(_("relue le"), null=True, blank=True, editable=False)
    next_check_at = models.DateTimeField(_("prochaine relecture"), null=True, blank=True, editable=False)
    # {"magret": ["nuts"]}: allergens that somebody added there; no machine takes one away.
    kept_allergens = models.JSONField(_("allergènes ajoutés là-bas"), default=dict, blank=True, editable=False)
    # Of the platform's numbered calls, the last that was believed: an older one that comes late is ignored.
    last_sequence = models.BigIntegerField(null=True, blank=True, editable=False)
    # {"item:magret": "unavailable"}: what it was last told to be out, and when.
    told_stock = models.JSONField(_("épuisés là-bas"), default=dict, blank=True, editable=False)
    # Since when it was asked to call us; asked again each day, in case it forgot.
    listens_since = models.DateTimeField(_("ses retours sont reçus depuis"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("destination")
        verbose_name_plural = _("destinations")
        ordering = ["platform", "name"]
        # Several places are kept up to date by hand, and a group has several shops.
        constraints = [models.UniqueConstraint(fields=["platform", "name"], name="destination_once")]

    def __str__(self) -> str:
        return self.name


class MenuSync(Claimable):
    """One revision on its way to one destination, until it was read back there."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        PUSHING = "pushing", _("envoi en cours")
        CONFIRMING = "confirming", _("confirmation attendue")
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
    score = models.PositiveSmallIntegerField(_("cohérence"), null=True, blank=True)
    # What the platform's confirmation will name.
    reference = models.CharField(_("référence là-bas"), max_length=200, blank=True)
    # What the place should show after this write, stock apart: another one means that it must be written again.
    expected_hash = models.CharField(_("empreinte attendue"), max_length=80, blank=True, editable=False)
    # An allergen changed: before everything else, and never late in silence.
    is_urgent = models.BooleanField(_("urgente"), default=False)
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
                condition=Q(status__in=["pushing", "confirming", "verifying"]),
                name="one_write_in_flight_per_destination",
            ),
        ]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="sync_due")]

    def __str__(self) -> str:
        return f"{self.revision} → {self.destination}"


class Drift(models.Model):
    """A reading that found something else than it should, what was done of it, and a copy of what was there."""

    class Status(models.TextChoices):
        OPEN = "open", _("à regarder")
        REPAIRING = "repairing", _("réparation en cours")
        REPAIRED = "repaired", _("réparé")
        KEPT = "kept", _("gardé")
        GONE = "gone", _("disparu de lui-même")

    id = models.UUIDField(primary_key=True, default=time_ordered_uuid, editable=False)
    destination = models.ForeignKey(
        Destination, verbose_name=_("destination"), on_delete=models.CASCADE, related_name="drifts"
    )
    revision = models.ForeignKey(
        MenuRevision, verbose_name=_("révision"), on_delete=models.CASCADE, related_name="drifts"
    )
    status = models.CharField(_("état"), max_length=10, choices=Status.choices, default=Status.OPEN)
    # menus.repairs.Action, as decided.
    action = models.CharField(_("suite"), max_length=20)
    differences = models.JSONField(_("différences"), default=list)
    # The neutral shape that was read: what somebody typed there is not lost when it is written over.
    found = models.JSONField(_("ce qui y était"), default=dict)
    score = models.PositiveSmallIntegerField(_("cohérence"), default=0)
    found_at = models.DateTimeField(_("vu le"), default=timezone.now)
    closed_at = models.DateTimeField(_("réglé le"), null=True, blank=True)
    closed_by = models.CharField(_("réglé par"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("dérive")
        verbose_name_plural = _("dérives")
        ordering = ["-found_at", "-pk"]
        indexes = [models.Index(fields=["destination", "status"], name="drift_of")]

    def __str__(self) -> str:
        return f"{self.destination} · {self.get_status_display()}"


class StockPush(Claimable):
    """What ran out or came back, on its way to one destination; what is told is what holds when it leaves."""

    class Status(models.TextChoices):
        PENDING = "pending", _("en attente")
        PUSHING = "pushing", _("envoi en cours")
        DONE = "done", _("fait")
        FAILED = "failed", _("en échec")

    destination = models.ForeignKey(
        Destination, verbose_name=_("destination"), on_delete=models.CASCADE, related_name="stock_pushes"
    )
    # The first change that it carries: how long a guest could still order what was gone.
    asked_at = models.DateTimeField(_("demandé le"))
    status = models.CharField(_("état"), max_length=8, choices=Status.choices, default=Status.PENDING)
    # [["item", "magret", "unavailable"], …] once it was told.
    told = models.JSONField(_("dit"), default=list)
    done_at = models.DateTimeField(_("fait le"), null=True, blank=True)

    class Meta:
        verbose_name = _("mise à jour des stocks")
        verbose_name_plural = _("mises à jour des stocks")
        ordering = ["-asked_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["destination"], condition=Q(status="pending"), name="one_stock_push_waiting_per_destination"
            ),
            models.UniqueConstraint(
                fields=["destination"], condition=Q(status="pushing"), name="one_stock_push_in_flight_per_destination"
            ),
        ]
        indexes = [models.Index(fields=["status", "next_attempt_at"], name="stock_push_due")]

    def __str__(self) -> str:
        return f"{self.destination} · {self.get_status_display()}"


class ManualTask(models.Model):
    """What a person is to change at a place that takes no machine's word; the tick is the confirmation."""

    sync = models.OneToOneField(MenuSync, verbose_name=_("envoi"), on_delete=models.CASCADE, related_name="manual_task")
    instructions = models.TextField(_("ce qu'il faut changer"))
    due_at = models.DateTimeField(_("pour le"))
    done_at = models.DateTimeField(_("fait le"), null=True, blank=True)
    done_by = models.CharField(_("fait par"), max_length=150, blank=True)

    class Meta:
        verbose_name = _("changement à la main")
        verbose_name_plural = _("changements à la main")
        ordering = ["due_at"]

    def __str__(self) -> str:
        return str(self.sync)
