"""What staff type about a guest: addresses made comparable, agreements with their proof."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from integrations.admin_tools.operations import DialogForm
from notifications.models import ChannelType, Consent, Contact, Suppression
from notifications.services import contacts
from notifications.services.permission import address_index

PAIRS = gettext_lazy('Écrivez des paires entre accolades, comme {"table_preferee": "terrasse"}.')
KEPT = gettext_lazy("Laissez vide pour garder celui qui est enregistré.")


class ContactForm(forms.ModelForm):
    """A guest; a blank address keeps the one we have."""

    new_email = forms.CharField(
        label=gettext_lazy("E-mail"),
        required=False,
        help_text=KEPT,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "email", "autocomplete": "off"}),
    )
    new_phone = forms.CharField(
        label=gettext_lazy("Mobile"),
        required=False,
        help_text=KEPT,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel", "autocomplete": "off"}),
    )
    forget_email = forms.BooleanField(
        label=gettext_lazy("Effacer l'e-mail"), required=False, widget=UnfoldBooleanSwitchWidget
    )
    forget_phone = forms.BooleanField(
        label=gettext_lazy("Effacer le mobile"), required=False, widget=UnfoldBooleanSwitchWidget
    )

    class Meta:
        model = Contact
        fields = ("first_name", "last_name", "language", "tags", "source", "attributes")
        widgets = {"tags": UnfoldAdminCheckboxSelectMultipleWidget}
        help_texts = {"attributes": PAIRS}
        error_messages = {
            "attributes": {"invalid": gettext_lazy("Ces attributs ne se lisent pas. %(pairs)s") % {"pairs": PAIRS}}
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance._state.adding:
            for name in ("new_email", "new_phone"):
                if name in self.fields:
                    self.fields[name].help_text = ""

    def clean_new_email(self) -> str:
        return self._address(ChannelType.EMAIL, self.cleaned_data["new_email"])

    def clean_new_phone(self) -> str:
        return self._address(ChannelType.SMS, self.cleaned_data["new_phone"])

    def _address(self, channel: str, typed: str) -> str:
        """The address made comparable, once we know that nobody else has it."""
        if not typed:
            return ""
        normalise, column = {
            ChannelType.EMAIL: (contacts.normalise_email, "email_index"),
            ChannelType.SMS: (contacts.normalise_phone, "phone_index"),
        }[ChannelType(channel)]
        address = normalise(typed)
        same = Contact.objects.filter(**{column: address_index(channel, address)}).exclude(pk=self.instance.pk)
        if same.exists():
            raise ValidationError(_("Un autre contact l'a déjà : cherchez-le plutôt que de le créer deux fois."))
        return address

    def clean(self) -> dict[str, Any]:
        """Somebody without a name, an e-mail or a mobile is nobody."""
        data = super().clean() or self.cleaned_data
        typed = ("first_name", "last_name", "new_email", "new_phone")
        if self.instance._state.adding and not self.errors and not any(data.get(name) for name in typed):
            raise ValidationError(_("Donnez au moins un nom, un e-mail ou un mobile : rien n'a été créé."))
        return data

    def address(self, name: str) -> str | None:
        """What to save: the new one, nothing at all, or None to keep what there is."""
        if self.cleaned_data.get(f"forget_{name}"):
            return ""
        return self.cleaned_data.get(f"new_{name}") or None


class ConsentForm(DialogForm):
    """What a guest agrees to, and how we know it."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Canal"), choices=ChannelType.choices, widget=UnfoldAdminSelectWidget
    )
    purpose = forms.ChoiceField(
        label=gettext_lazy("Pour"), choices=Consent.Purpose.choices, widget=UnfoldAdminSelectWidget
    )
    source = forms.CharField(
        label=gettext_lazy("Recueilli par"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": gettext_lazy("bulletin papier, téléphone…")}),
    )
    wording = forms.CharField(
        label=gettext_lazy("Texte accepté"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        initial=gettext_lazy(
            "J'accepte de recevoir les nouvelles et les offres du restaurant. Je peux me désinscrire à tout moment."
        ),
    )
    version = forms.CharField(
        label=gettext_lazy("Version du texte"), max_length=40, widget=UnfoldAdminTextInputWidget, initial="1"
    )


class WithdrawForm(DialogForm):
    """Where to stop writing, and who asked."""

    channel = forms.ChoiceField(
        label=gettext_lazy("Canal"), choices=ChannelType.choices, widget=UnfoldAdminSelectWidget
    )
    scope = forms.ChoiceField(
        label=gettext_lazy("Ne plus envoyer"),
        choices=[
            (Suppression.Scope.OFFERS, gettext_lazy("les offres et nouvelles")),
            (Suppression.Scope.ALL, gettext_lazy("aucun message, pas même pour une réservation")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    source = forms.CharField(
        label=gettext_lazy("Demandé par"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"placeholder": gettext_lazy("téléphone, au comptoir…")}),
    )
