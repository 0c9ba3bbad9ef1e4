"""The two kinds of screens: those where staff write, and those that only tell what happened."""

from typing import Any

from django.contrib.admin.utils import unquote
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.dataclasses import UnfoldAction
from unfold.overrides import FORMFIELD_OVERRIDES_INLINE
from unfold.widgets import UnfoldAdminTextareaWidget

from integrations.admin_tools.audited import Audited
from integrations.admin_tools.counting import ReckoningPaginator
from integrations.admin_tools.display import NOTHING

SHORT_TEXTS = {
    models.TextField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 4})},
    models.JSONField: {"widget": UnfoldAdminTextareaWidget(attrs={"rows": 4, "spellcheck": "false"})},
}

INLINE_TEXTS = {**FORMFIELD_OVERRIDES_INLINE, **SHORT_TEXTS}


class BackofficeAdmin(Audited, ModelAdmin):
    """A screen where staff write: two save buttons, short texts, operations shown only where they apply."""

    empty_value_display = NOTHING
    formfield_overrides = SHORT_TEXTS
    list_per_page = 50
    list_filter_submit = True
    warn_unsaved_form = True
    # Models whose rows go with a row that is deleted, although nobody may delete them by hand.
    takes_along: tuple[type[models.Model], ...] = ()

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["show_save_and_add_another"] = False
        return super().render_change_form(request, context, *args, **kwargs)

    def has_operate_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Whether this person may act on rows, also where nobody may rewrite them."""
        return request.user.has_perm(f"{self.opts.app_label}.change_{self.opts.model_name}")

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[UnfoldAction]:
        """The operations that this person may ask, of those that concern this row."""
        offered = super().get_actions_detail(request, object_id)
        if not any(getattr(action.method, "when", None) for action in offered):
            return offered
        row = self.get_object(request, unquote(str(object_id)))
        return [
            action
            for action in offered
            if row is not None and (getattr(action.method, "when", None) is None or action.method.when(row))
        ]

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        to_delete, model_count, perms_needed, protected = super().get_deleted_objects(objs, request)
        perms_needed -= {model._meta.verbose_name for model in self.takes_along}
        return to_delete, model_count, perms_needed, protected


class HistoryAdmin(BackofficeAdmin):
    """A screen that tells what happened: nothing is added, rewritten or deleted by hand."""

    warn_unsaved_form = False
    # Rows that grow for ever are not counted as a whole beside those that a filter keeps.
    show_full_result_count = False
    paginator = ReckoningPaginator
    # Django's own journal of changes has nothing to say of rows that nobody rewrites.
    actions_detail_hide_default = True

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class _ReadOnlyInline:
    """Lines under a row that only tell."""

    extra = 0
    can_delete = False
    hide_title = True
    empty_value_display = NOTHING

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class HistoryInline(_ReadOnlyInline, TabularInline):
    """Lines under a row that only tell, as a table."""


class ShortTextsInline(TabularInline):
    """Lines that staff write, as a table."""

    extra = 0
    hide_title = True
    formfield_overrides = INLINE_TEXTS


class ShortTextsStack(StackedInline):
    """Lines that staff write, one under the other."""

    extra = 0
    formfield_overrides = INLINE_TEXTS


def secret_page(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """A page that shows a secret once: kept by no cache."""
    response = TemplateResponse(request, template, context)
    response["Cache-Control"] = "no-store"
    return response
