"""The screens of the libraries, in the dress of the house: users, periodic jobs, API clients, sign-in attempts."""

from typing import Any

from axes import admin as axes_admin  # noqa: F401 (their registration runs before ours, which replaces it)
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from django.http import HttpRequest
from django.utils.translation import gettext_lazy
from django_celery_beat import admin as beat_admin
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from oauth2_provider import admin as oauth_admin
from oauth2_provider.models import (
    get_access_token_model,
    get_application_model,
    get_grant_model,
    get_id_token_model,
    get_refresh_token_model,
)
from unfold.admin import ModelAdmin
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from integrations.admin_tools.audited import Audited
from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin
from integrations.admin_tools.display import date_column

Application = get_application_model()


class UserAdmin(Audited, DjangoUserAdmin, ModelAdmin):
    """The people who may come in."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_active", "last_seen")
    list_filter_submit = True
    last_seen = date_column("last_login", gettext_lazy("dernière connexion"))


class GroupAdmin(Audited, DjangoGroupAdmin, ModelAdmin):
    """Roles: what a group of people may do."""


class _TaskWidget(UnfoldAdminSelectWidget, beat_admin.TaskSelectWidget):
    """Names of the jobs that exist, dressed."""


class PeriodicTaskForm(beat_admin.PeriodicTaskForm):
    """The same questions, dressed."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "task" in self.fields:
            self.fields["task"].widget = UnfoldAdminTextInputWidget()
        if "regtask" in self.fields:
            self.fields["regtask"].widget = _TaskWidget()


class PeriodicTaskAdmin(Audited, beat_admin.PeriodicTaskAdmin, ModelAdmin):
    """The jobs that come back."""

    form = PeriodicTaskForm
    # Theirs carries a script inside the page, which our security policy refuses.
    change_form_template = None
    list_display = ("name", "enabled", "interval", "last_run")
    date_hierarchy = None
    list_filter = ("enabled",)
    last_run = date_column("last_run_at", gettext_lazy("dernier passage"))


class ApplicationAdmin(BackofficeAdmin):
    """The programs that speak to our API. They are made by `manage.py create_api_client`, which shows the secret once."""

    list_display = ("name", "client_id", "user", "made")
    search_fields = ("name", "client_id")
    list_select_related = ("user",)
    fields = ("name", "client_id", "client_type", "authorization_grant_type", "made")
    readonly_fields = ("client_id", "client_type", "authorization_grant_type", "made")
    made = date_column("created", gettext_lazy("créé le"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


def _dressed(theirs: type[admin.ModelAdmin], **changes: Any) -> type[ModelAdmin]:
    """Their screen, with our looks: our journal and their class first, unfold's last."""
    return type(f"Dressed{theirs.__name__}", (Audited, theirs, ModelAdmin), changes)


class _AccessHistory(HistoryAdmin):
    """Who tried to come in."""

    list_display = ("username", "ip_address", "path_info", "at")
    search_fields = ("username", "ip_address")
    at = date_column("attempt_time", gettext_lazy("le"))
    # What was typed in the form is none of our business.
    exclude = ("get_data", "post_data")


class AccessAttemptAdmin(_AccessHistory):
    """Failed sign-ins that still count; deleting one lets the person try again."""

    list_display = ("username", "ip_address", "failures_since_start", "at")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super(HistoryAdmin, self).has_delete_permission(request, obj)


SCREENS: dict[type, type[admin.ModelAdmin]] = {
    User: UserAdmin,
    Group: GroupAdmin,
    PeriodicTask: PeriodicTaskAdmin,
    IntervalSchedule: _dressed(beat_admin.IntervalScheduleAdmin, inlines=[]),
    CrontabSchedule: _dressed(beat_admin.CrontabScheduleAdmin, inlines=[]),
    SolarSchedule: _dressed(beat_admin.SolarScheduleAdmin, inlines=[]),
    ClockedSchedule: _dressed(beat_admin.ClockedScheduleAdmin, inlines=[]),
    Application: ApplicationAdmin,
    get_access_token_model(): _dressed(oauth_admin.AccessTokenAdmin, list_filter=()),
    get_refresh_token_model(): _dressed(oauth_admin.RefreshTokenAdmin, list_filter=()),
    get_grant_model(): _dressed(oauth_admin.GrantAdmin),
    get_id_token_model(): _dressed(oauth_admin.IDTokenAdmin, list_filter=()),
    AccessAttempt: AccessAttemptAdmin,
    AccessLog: _AccessHistory,
    AccessFailureLog: _AccessHistory,
}


def dress() -> None:
    """Put our screens in the place of theirs."""
    for model, screen in SCREENS.items():
        if admin.site.is_registered(model):
            admin.site.unregister(model)
        admin.site.register(model, screen)
