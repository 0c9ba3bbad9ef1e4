"""Message templates: checked as they are written, shown as a guest would read them, versioned by the service."""

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RadioFilter
from unfold.decorators import display

from integrations.admin_tools.base import BackofficeAdmin
from integrations.admin_tools.display import boolean_column, date_column
from integrations.errors import ContentRejected
from notifications.admin.template_editor import Editor, panel
from notifications.models import MessageTemplate
from notifications.services import letters, templates
from notifications.templating import TemplateError, check


class TemplateForm(forms.ModelForm):
    """A text that does not compile is refused on its own field, with the line and the column."""

    class Meta:
        model = MessageTemplate
        fields = ("slug", "name", "purpose", *templates.TEXTS, "sample")

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        for name in templates.TEXTS:
            # A form sends Windows' line ends, which would make every text differ from the one that is kept.
            if name in data:
                data[name] = data[name].replace("\r\n", "\n")
        for name in templates.TEXTS:
            if source := data.get(name):
                try:
                    is_html = name == "body_html"
                    check(source, html=is_html, sample=None, partials=letters.partials() if is_html else None)
                except TemplateError as error:
                    self.add_error(name, ValidationError(str(error), code="template"))
        if not self.errors and not any(data.get(name) for name in templates.TEXTS if name != "subject"):
            self.add_error(None, _("Ce modèle ne dit rien : écrivez un e-mail, un SMS ou une notification."))
        if data.get("body_html") and not data.get("subject"):
            self.add_error("subject", _("Un e-mail a un objet."))
        return data

    def _post_clean(self) -> None:
        super()._post_clean()
        if not self.errors:
            try:
                # A trial rendering with the sample: what only shows then, such as a loop over a figure.
                self.warnings = templates.verify(self.instance)
            except ContentRejected as error:
                self.add_error(None, str(error))


class VersionFilter(RadioFilter):
    """The version in use of each template, unless asked otherwise."""

    title = gettext_lazy("versions")
    parameter_name = "versions"
    all_option = ["", gettext_lazy("En usage")]

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("all", _("Toutes, anciennes comprises"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        # The page of an older version must still be found from its address.
        is_list = request.resolver_match is None or request.resolver_match.url_name.endswith("_changelist")
        return queryset if self.value() == "all" or not is_list else queryset.filter(is_current=True)


@admin.register(MessageTemplate)
class MessageTemplateAdmin(BackofficeAdmin):
    """What we write to guests, with its blanks."""

    form = TemplateForm
    list_display = ("name", "slug", "purpose", "speaks_by", "number", "in_use", "written")
    list_filter = (VersionFilter, ("purpose", ChoicesDropdownFilter))
    search_fields = ("name", "slug", "subject")
    readonly_fields = ("number", "in_use", "written")
    # Labels above their fields: the preview takes the other half of the page.
    compressed_fields = False
    change_form_before_template = "backoffice/template_jump.html"
    change_form_outer_after_template = "backoffice/template_editor.html"

    class Media:
        css: ClassVar = {"all": ("css/templates.css",)}
        js = ("js/templates.js",)

    in_use = boolean_column("is_current", gettext_lazy("en usage"))
    written = date_column("created_at", gettext_lazy("écrit le"))

    def get_fieldsets(self, request: HttpRequest, obj: MessageTemplate | None = None) -> Any:
        about = ("name", "slug", "purpose") + (("number", "written") if obj else ())
        return (
            (None, {"fields": about}),
            (gettext_lazy("E-mail"), {"fields": ("subject", "body_html", "body_text")}),
            (gettext_lazy("SMS et notification"), {"fields": ("sms_body", "push_body")}),
            (gettext_lazy("Données d'exemple"), {"classes": ["collapse"], "fields": ("sample",)}),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: MessageTemplate | None = None) -> Any:
        # Its name in programs: another one would be another template.
        return (*self.readonly_fields, "slug") if obj else self.readonly_fields

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        is_old = isinstance(obj, MessageTemplate) and not obj.is_current
        return not is_old and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # Each message keeps the version that it was sent with.
        return False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if db_field.name == "body_html":
            field.widget.attrs.update({"rows": 16, "spellcheck": "false"})
        return field

    def get_urls(self) -> list[URLPattern]:
        return [*Editor(self).urls(), *super().get_urls()]

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        context["editor"] = panel(request, context.get("original"))
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: MessageTemplate, form: TemplateForm, change: bool) -> None:
        """The service decides whether this is a new version; the page goes on with the row that it kept."""
        saved = templates.save_version(obj)
        obj.pk, obj.version, obj.is_current = saved.pk, saved.version, True
        for warning in form.warnings:
            messages.warning(request, warning)

    def response_change(self, request: HttpRequest, obj: MessageTemplate) -> HttpResponse:
        if "_continue" in request.POST:
            # The row may be a new one: its own page, not the address of the version before.
            return self.response_add(request, obj)
        return super().response_change(request, obj)

    @display(description=gettext_lazy("version"), ordering="version")
    def number(self, template: MessageTemplate) -> str:
        return f"v{template.version}"

    @display(description=gettext_lazy("parle par"))
    def speaks_by(self, template: MessageTemplate) -> str:
        said = {
            _("e-mail"): template.body_html or template.body_text,
            _("SMS"): template.sms_body,
            _("notification"): template.push_body,
        }
        return ", ".join(name for name, text in said.items() if text)
