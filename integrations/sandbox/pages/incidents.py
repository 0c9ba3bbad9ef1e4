"""Mishaps on demand: the next calls to a vendor go wrong in a chosen way."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods, require_POST

from integrations.sandbox import faults
from integrations.sandbox.models import Fault
from integrations.sandbox.pages import common
from integrations.sandbox.vendors import registry

SHOWN = 50
EXPLANATIONS = {
    Fault.Kind.SLOW: "répond, mais après un délai",
    Fault.Kind.RATE_LIMITED: "refuse et dit quand revenir",
    Fault.Kind.SERVER_ERROR: "refuse avec une erreur qui s'explique",
    Fault.Kind.EMPTY_SERVER_ERROR: "refuse sans un mot : nul ne sait si c'est fait",
    Fault.Kind.TIMEOUT_AFTER_ACCEPT: "fait ce qu'on demande, puis coupe la ligne",
    Fault.Kind.EXPIRED_TOKEN: "ne reconnaît plus l'accès : il faut reconnecter",
    Fault.Kind.CUT_JSON: "fait ce qu'on demande, puis n'en dit que la moitié",
    Fault.Kind.WRONG_SHAPE: "fait ce qu'on demande, et le dit autrement que convenu",
    Fault.Kind.HTML_PAGE: "fait ce qu'on demande, mais montre une page d'entretien",
}


class FaultForm(forms.Form):
    """What goes wrong, where and how often."""

    vendor = forms.ChoiceField(label="Service")
    kind = forms.ChoiceField(label="Incident")
    times = forms.IntegerField(label="Nombre d'appels", min_value=1, max_value=1000, initial=1)
    seconds = forms.FloatField(
        label="Durée (s)", min_value=0, max_value=faults.MAX_SECONDS, initial=2, help_text="Attente, ou délai annoncé."
    )
    path_contains = forms.CharField(
        label="Adresses contenant", max_length=120, required=False, help_text="Facultatif, par exemple /feed."
    )

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        self.fields["vendor"].choices = registry.choices()
        self.fields["kind"].choices = [(kind.value, f"{kind.label} : {EXPLANATIONS[kind]}") for kind in Fault.Kind]


@require_http_methods(["GET", "HEAD", "POST"])
def incidents(request: HttpRequest) -> HttpResponse:
    """Those that wait or were met, and the form for another."""
    form = FaultForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        fault = faults.inject(**form.cleaned_data)
        messages.success(request, f"Incident prêt : {registry[fault.vendor].label}, {fault.get_kind_display()}.")
        return redirect("sandbox:incidents")
    found = list(Fault.objects.order_by("-pk")[:SHOWN])
    rows = [
        {"fault": fault, "vendor": registry[fault.vendor].label if fault.vendor in registry else fault.vendor}
        for fault in found
    ]
    return common.show(request, "incidents.html", {"form": form, "rows": rows}, status=400 if form.errors else 200)


@require_POST
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    """Forget one."""
    if Fault.objects.filter(pk=pk).delete()[0]:
        messages.success(request, "Incident annulé.")
    return redirect("sandbox:incidents")
