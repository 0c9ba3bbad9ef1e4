"""Guests and what they agreed to. An address is masked in lists, and read on the guest's own page only."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import URLPattern
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import ChoicesDropdownFilter, DropdownFilter, RelatedDropdownFilter
from unfold.decorators import display
from unfold.enums import ActionVariant

from integrations.admin_tools.base import BackofficeAdmin, HistoryAdmin, HistoryInline
from integrations.admin_tools.display import BAD, CARE, GOOD, NOTHING, date_column, link, mask, status_column
from integrations.admin_tools.operations import operation
from integrations.models import AuditEntry
from notifications.admin.contact_forms import ConsentForm, ContactForm, WithdrawForm
from notifications.admin.exports import Exporter
from notifications.models import Consent, ConsentEvent, Contact, Suppression, Tag
from notifications.models.people import LANGUAGES
from notifications.services import contacts, erasure
from notifications.services import why as explanations

CONSENT_COLOURS = {"granted": GOOD, "withdrawn": BAD, "pending": CARE}
MOST_EVENTS = 100


class ConsentInline(HistoryInline):
    """What this guest agreed to."""

    model = Consent
    fields = ("purpose", "channel", "badge", "given", "withdrawn", "source")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("Consentements")
    badge = status_column(CONSENT_COLOURS)
    given = date_column("granted_at", gettext_lazy("donné le"))
    withdrawn = date_column("withdrawn_at", gettext_lazy("retiré le"))


class LanguageFilter(DropdownFilter):
    """The languages that we write; those of the rows would be read from all of them, at each look at the list."""

    title = gettext_lazy("langue")
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return list(LANGUAGES.items())

    def queryset(self, request: HttpRequest, queryset: QuerySet) -> QuerySet:
        return queryset.filter(language__iexact=self.value()) if self.value() else queryset


@admin.register(Contact)
class ContactAdmin(BackofficeAdmin):
    """The guests we may write to."""

    personal = gettext_lazy("la fiche d'un client")
    # The law calls it erasure: what names the guest is gone everywhere.
    deletion = AuditEntry.Action.ERASE
    form = ContactForm
    list_display = ("name", "masked_email", "masked_phone", "tag_names", "agreed", "added")
    list_filter = (("tags", RelatedDropdownFilter), LanguageFilter)
    search_fields = ("last_name", "first_name")
    search_help_text = gettext_lazy("Nom, ou adresse e-mail ou mobile en entier")
    inlines = (ConsentInline,)
    takes_along = (Consent,)
    actions_detail = ("give_consent", "withdraw_consent")
    list_before_template = "notifications/imports/contacts_bar.html"
    added = date_column("created_at", gettext_lazy("ajouté le"))
    _told = (
        (gettext_lazy("Pourquoi l'a-t-il reçu, ou non ?"), {"classes": ["collapse"], "fields": ("why",)}),
        (gettext_lazy("Preuves de ses choix"), {"classes": ["collapse"], "fields": ("evidence",)}),
    )

    def delete_model(self, request: HttpRequest, obj: Contact) -> None:
        erasure.erase(Contact.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        erasure.erase(queryset)

    def get_urls(self) -> list[URLPattern]:
        return [*Exporter(self).urls(), *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Contact | None = None) -> Any:
        shown = [("email_shown", "phone_shown")] if obj else []
        forget = [("forget_email", "forget_phone")] if obj and self.has_change_permission(request, obj) else []
        typed = ["new_email", "new_phone"] if obj is None or self.has_change_permission(request, obj) else []
        return (
            (None, {"fields": ("first_name", "last_name", "language", "tags")}),
            (gettext_lazy("Coordonnées"), {"fields": (*shown, *typed, *forget)}),
            (gettext_lazy("Autres renseignements"), {"classes": ["collapse"], "fields": ("source", "attributes")}),
            *(self._told if obj else ()),
        )

    def get_readonly_fields(self, request: HttpRequest, obj: Contact | None = None) -> Any:
        return ("email_shown", "phone_shown", "why", "evidence")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        return super().get_queryset(request).prefetch_related("tags", "consents")

    def get_search_results(self, request: HttpRequest, queryset: QuerySet, search_term: str) -> Any:
        """By name, or by a whole address: its keyed fingerprint finds it without the address being readable."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if indexes := contacts.fingerprints(search_term):
            found = found | queryset.filter(Q(email_index__in=indexes) | Q(phone_index__in=indexes))
        return found, may_repeat

    def save_model(self, request: HttpRequest, obj: Contact, form: ContactForm, change: bool) -> None:
        contacts.save_contact(obj, email=form.address("email"), phone=form.address("phone"))

    @display(description=gettext_lazy("nom"), ordering="last_name")
    def name(self, contact: Contact) -> str:
        return str(contact)

    @display(description=gettext_lazy("e-mail"))
    def masked_email(self, contact: Contact) -> str:
        return mask(contact.email)

    @display(description=gettext_lazy("mobile"))
    def masked_phone(self, contact: Contact) -> str:
        return mask(contact.phone)

    @display(description=gettext_lazy("e-mail enregistré"))
    def email_shown(self, contact: Contact) -> str:
        return contact.email or NOTHING

    @display(description=gettext_lazy("mobile enregistré"))
    def phone_shown(self, contact: Contact) -> str:
        return contact.phone or NOTHING

    @display(description=gettext_lazy("explication"))
    def why(self, contact: Contact) -> Any:
        told = explanations.explain_to_staff(contact)
        return mark_safe(render_to_string("notifications/why.html", {"told": told}))  # noqa: S308 (a template escaped it)

    @display(description=gettext_lazy("actes"))
    def evidence(self, contact: Contact) -> Any:
        events = contact.consent_events.all()[:MOST_EVENTS]
        return mark_safe(render_to_string("notifications/evidence.html", {"events": events}))  # noqa: S308 (idem)

    @display(description=gettext_lazy("étiquettes"))
    def tag_names(self, contact: Contact) -> str:
        return ", ".join(tag.name for tag in contact.tags.all()) or NOTHING

    @display(description=gettext_lazy("accepte les offres par"))
    def agreed(self, contact: Contact) -> str:
        given = [
            consent.get_channel_display()
            for consent in contact.consents.all()
            if consent.purpose == Consent.Purpose.MARKETING and consent.status == Consent.Status.GRANTED
        ]
        return ", ".join(map(str, given)) or NOTHING

    @operation(
        title=gettext_lazy("Noter un accord…"),
        icon="how_to_reg",
        question=gettext_lazy("L'accord et sa preuve sont gardés. Une opposition de ce client sur ce canal est levée."),
        form=ConsentForm,
        button=gettext_lazy("Noter l'accord"),
    )
    def give_consent(self, request: HttpRequest, contact: Contact, form: ConsentForm) -> str:
        answers = form.cleaned_data
        contacts.grant(
            contact,
            channel=answers["channel"],
            purpose=answers["purpose"],
            source=answers["source"],
            wording=answers["wording"],
            version=answers["version"],
        )
        return _("Accord noté.")

    @operation(
        title=gettext_lazy("Ne plus lui écrire…"),
        icon="do_not_disturb_on",
        question=gettext_lazy("Cela vaut dès maintenant, et pour tous les envois déjà prévus."),
        form=WithdrawForm,
        button=gettext_lazy("Ne plus lui écrire"),
        variant=ActionVariant.DANGER,
    )
    def withdraw_consent(self, request: HttpRequest, contact: Contact, form: WithdrawForm) -> str:
        said = form.cleaned_data
        contacts.withdraw(contact, channel=said["channel"], source=said["source"], scope=said["scope"])
        if said["scope"] == Suppression.Scope.OFFERS:
            return _("C'est noté : plus aucune offre ne lui sera envoyée sur ce canal.")
        return _("C'est noté : plus rien ne lui sera envoyé sur ce canal.")


@admin.register(Tag)
class TagAdmin(BackofficeAdmin):
    """Names for groups of guests."""

    list_display = ("name", "slug")
    search_fields = ("name", "slug")
    prepopulated_fields = {"slug": ("name",)}


@admin.register(Consent)
class ConsentAdmin(HistoryAdmin):
    """What guests agreed to, with the proof."""

    personal = gettext_lazy("le consentement d'un client")
    list_display = ("contact", "purpose", "channel", "badge", "given", "withdrawn", "source")
    list_filter = (
        ("status", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
    )
    search_fields = ("contact__last_name", "contact__first_name", "source")
    list_select_related = ("contact",)
    fields = (
        "contact_link", "purpose", "channel", "badge", "given", "withdrawn", "source", "wording", "wording_version",
        "ip_address",
    )  # fmt: skip
    badge = status_column(CONSENT_COLOURS)
    given = date_column("granted_at", gettext_lazy("donné le"))
    withdrawn = date_column("withdrawn_at", gettext_lazy("retiré le"))

    @display(description=gettext_lazy("contact"))
    def contact_link(self, consent: Consent) -> Any:
        return link(consent.contact)


@admin.register(ConsentEvent)
class ConsentEventAdmin(HistoryAdmin):
    """All that guests said about being written to: the evidence, which nobody rewrites."""

    personal = gettext_lazy("une preuve de consentement")
    list_display = ("at", "contact", "action", "purpose", "channel", "source")
    list_filter = (
        ("action", ChoicesDropdownFilter),
        ("channel", ChoicesDropdownFilter),
        ("purpose", ChoicesDropdownFilter),
    )
    search_fields = ("contact__last_name", "contact__first_name", "source")
    list_select_related = ("contact",)
    fields = (
        "at", "contact_link", "action", "purpose", "channel", "source", "wording", "wording_version", "ip_address",
        "address_index",
    )  # fmt: skip
    at = date_column("occurred_at", gettext_lazy("le"))

    @display(description=gettext_lazy("contact"))
    def contact_link(self, event: ConsentEvent) -> Any:
        return link(event.contact) if event.contact else _("contact effacé")

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """An address or a number finds what it said by its fingerprint, even after the guest is gone."""
        found, may_repeat = super().get_search_results(request, queryset, search_term)
        if indexes := contacts.fingerprints(search_term):
            found = found | queryset.filter(address_index__in=indexes)
        return found, may_repeat


@admin.register(Suppression)
class SuppressionAdmin(HistoryAdmin):
    """Addresses not to be written to again, known by their fingerprint only."""

    list_display = ("channel", "scope", "reason", "since")
    list_filter = (("channel", ChoicesDropdownFilter), ("scope", ChoicesDropdownFilter))
    search_fields = ("reason",)
    fields = ("channel", "scope", "reason", "since")
    since = date_column("created_at", gettext_lazy("depuis le"))
