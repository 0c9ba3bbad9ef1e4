"""The journal of security: who saw or changed what, when, from where. Lines are added, and never rewritten."""

from datetime import datetime
from typing import Any, NoReturn

from django.db import connections, models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

# What the database itself refuses to forget sooner, whatever the settings say (PostgreSQL; see migration 0009).
LEAST_KEPT_DAYS = 180
KEPT_DAYS_NAME = "vieuxmoulin.audit_kept_days"


class AppendOnly(TypeError):
    """Somebody tried to rewrite the journal."""

    def __init__(self) -> None:
        super().__init__(
            "Le journal de sécurité ne se réécrit pas : on y ajoute des lignes, et le ménage retire les plus vieilles."
        )


class AppendOnlyQuerySet(models.QuerySet):
    """Rows that are read and added."""

    def update(self, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def bulk_update(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def delete(self) -> NoReturn:
        raise AppendOnly

    def update_or_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly

    def bulk_create(self, *args: Any, update_conflicts: bool = False, **kwargs: Any) -> Any:
        if update_conflicts:
            raise AppendOnly
        return super().bulk_create(*args, **kwargs)

    def forget_before(self, limit: datetime, kept_days: int) -> int:
        """The one way out, for lines whose time is over; returns how many. The database checks the date itself."""
        connection = connections[self.db]
        table = connection.ops.quote_name(self.model._meta.db_table)
        with transaction.atomic(using=self.db), connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                # Until the end of this transaction; without it the trigger lets no line go.
                cursor.execute("SELECT set_config(%s, %s, true)", [KEPT_DAYS_NAME, str(kept_days)])
            given = connection.ops.adapt_datetimefield_value(limit)
            cursor.execute(f"DELETE FROM {table} WHERE at < %s", [given])  # noqa: S608 (our own table's name)
            forgotten = cursor.rowcount
            if connection.vendor == "postgresql":
                cursor.execute("SELECT set_config(%s, '', true)", [KEPT_DAYS_NAME])
        return forgotten


class AuditEntry(models.Model):
    """One thing that somebody did, or was refused. Never a value, a name of a guest, an address of theirs, a secret."""

    class Kind(models.TextChoices):
        STAFF = "staff", _("équipe")
        API = "api", _("programme (API)")
        MODULE = "module", _("autre module")
        SYSTEM = "system", _("système")
        UNKNOWN = "unknown", _("inconnu")

    class Action(models.TextChoices):
        VIEW = "view", _("a vu")
        SEARCH = "search", _("a cherché")
        EXPORT = "export", _("a exporté")
        IMPORT = "import", _("a importé")
        CREATE = "create", _("a ajouté")
        CHANGE = "change", _("a modifié")
        DELETE = "delete", _("a supprimé")
        ERASE = "erase", _("a effacé pour toujours")
        OPERATE = "operate", _("a fait une opération")
        LOGIN = "login", _("s'est connecté")
        LOGIN_FAILED = "login_failed", _("n'a pas pu se connecter")
        LOCKED_OUT = "locked_out", _("a été bloqué après trop d'essais")
        LOGOUT = "logout", _("s'est déconnecté")
        TOKEN_ISSUED = "token_issued", _("a reçu un jeton de l'API")
        TOKEN_REFUSED = "token_refused", _("s'est vu refuser un jeton")
        CREDENTIAL_REFUSED = "credential_refused", _("n'a pas pu se servir d'un accès")
        PERMISSION_DENIED = "permission_denied", _("n'en avait pas le droit")

    at = models.DateTimeField(_("le"), default=timezone.now, editable=False)
    actor = models.CharField(_("qui"), max_length=200)
    actor_kind = models.CharField(_("sorte"), max_length=8, choices=Kind.choices)
    action = models.CharField(_("action"), max_length=20, choices=Action.choices)
    # « notifications.contact » and its key: kept as text, for the line outlives what it tells of.
    subject_type = models.CharField(_("sorte d'objet"), max_length=100, blank=True)
    subject_id = models.CharField(_("identifiant de l'objet"), max_length=64, blank=True)
    address = models.CharField(_("adresse IP"), max_length=45, blank=True)
    detail = models.JSONField(_("détail"), default=dict, blank=True)
    correlation_id = models.CharField(_("corrélation"), max_length=64, blank=True)

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        verbose_name = _("ligne du journal de sécurité")
        verbose_name_plural = _("journal de sécurité")
        ordering = ["-at", "-pk"]
        default_permissions = ("view",)
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_date"),
            models.Index(fields=["subject_type", "subject_id", "-at"], name="audit_by_subject"),
            models.Index(fields=["actor", "-at"], name="audit_by_actor"),
            models.Index(fields=["action", "-at"], name="audit_by_action"),
        ]

    def __str__(self) -> str:
        return f"{self.actor} {self.get_action_display()}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AppendOnly
        kwargs["force_insert"] = True
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise AppendOnly


class CredentialUse(models.Model):
    """How often an access served on one day, and how often it was refused."""

    credential = models.ForeignKey(
        "integrations.Credential", verbose_name=_("accès"), on_delete=models.CASCADE, related_name="uses"
    )
    day = models.DateField(_("jour"))
    used = models.PositiveIntegerField(_("utilisations"), default=0)
    refused = models.PositiveIntegerField(_("refus"), default=0)
    last_at = models.DateTimeField(_("la dernière fois"))

    class Meta:
        verbose_name = _("utilisation d'un accès")
        verbose_name_plural = _("utilisations des accès")
        ordering = ["-day"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["credential", "day"], name="credential_use_once_a_day")]

    def __str__(self) -> str:
        return f"{self.credential_id} · {self.day}"
