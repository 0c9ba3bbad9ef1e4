"""What guests type on our public pages."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from notifications.models import ChannelType, Consent
from notifications.services import contacts, double_optin
from notifications.services.double_optin import WORDINGS, Demand

MARKETING = Consent.Purpose.MARKETING


class SubscriptionForm(forms.Form):
    """The page of subscription: an address, and one box for each means and each purpose, none ticked beforehand."""

    first_name = forms.CharField(
        label=gettext_lazy("Votre prénom"),
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "given-name"}),
    )
    email = forms.CharField(
        label=gettext_lazy("Votre e-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
    )
    phone = forms.CharField(
        label=gettext_lazy("Votre mobile"),
        max_length=30,
        required=False,
        help_text=gettext_lazy("Facultatif : seulement si vous voulez des SMS."),
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )
    # People do not see it; programs fill whatever they find.
    website = forms.CharField(
        label=gettext_lazy("Laissez ce champ vide"),
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off", "tabindex": "-1"}),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.pairs = {f"{purpose}-{channel}": (purpose, channel) for purpose, channel in WORDINGS}
        if not double_optin.offers_sms():
            # Nothing is asked that cannot be used.
            del self.fields["phone"]
            del self.pairs[f"{MARKETING}-{ChannelType.SMS}"]
        for name, pair in self.pairs.items():
            self.fields[name] = forms.BooleanField(label=WORDINGS[pair], required=False)
        for name in self.errors if self.is_bound else ():
            if name in self.fields:
                self.fields[name].widget.attrs["aria-describedby"] = f"error-{name}"

    @property
    def boxes(self) -> list[forms.BoundField]:
        """The agreements, in their order."""
        return [self[name] for name in self.pairs]

    @property
    def typed(self) -> list[forms.BoundField]:
        """What is written by hand, but for the trap."""
        return [self[name] for name in ("first_name", "email", "phone") if name in self.fields]

    @property
    def is_by_a_program(self) -> bool:
        return bool(self.data.get("website"))

    def clean_email(self) -> str:
        try:
            return contacts.normalise_email(self.cleaned_data["email"])
        except ValidationError:
            raise ValidationError(_("Cette adresse e-mail n'est pas complète : vérifiez-la.")) from None

    def clean_phone(self) -> str:
        typed = self.cleaned_data["phone"]
        return contacts.normalise_phone(typed) if typed else ""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        sms = f"{MARKETING}-{ChannelType.SMS}"
        if said.get(sms) and "phone" not in self.errors and not said.get("phone"):
            self.add_error("phone", _("Donnez votre mobile pour recevoir des SMS, ou décochez la case."))
        if not any(said.get(name) for name, (purpose, _channel) in self.pairs.items() if purpose == MARKETING):
            self.add_error(None, _("Cochez au moins une façon de recevoir nos nouvelles : e-mail ou SMS."))
        return said

    def demand(self) -> Demand:
        """What is asked for, once the form is valid."""
        said = self.cleaned_data
        agrees = frozenset(pair for name, pair in self.pairs.items() if said.get(name))
        return Demand(said["email"], agrees, said["first_name"].strip(), said.get("phone", ""))
