"""What guests decide by themselves, without login: to be written to, to choose what, to be left alone."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_safe

from notifications import visitors
from notifications.forms import SubscriptionForm
from notifications.models import ChannelType, Contact, Suppression
from notifications.services import contacts, double_optin, preferences
from notifications.services.permission import address_index
from notifications.services.templates import read_unsubscribe_token

# A household behind one address, then one request every two minutes; a mailbox or a telephone is asked three times.
VISITOR_PACE = {"at_once": 10, "seconds_each": 120}
ADDRESS_PACE = {"at_once": 3, "seconds_each": 1200}
# Choices cost nothing to make, but a program that tries links should get tired.
CHOICE_PACE = {"at_once": 30, "seconds_each": 20}


# A mail provider posts here without cookie or token (RFC 8058): the signed link alone is the authority.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, which scanners follow; act on POST, as often as it comes."""
    contact, channel = read_unsubscribe_token(token)
    if contact is None:
        return render(request, "notifications/unsubscribe_unknown.html", status=404)
    context = {"channel": ChannelType(channel).label, "is_done": request.method == "POST", "token": token}
    if request.method == "POST":
        is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        # Of offers: only these carry the link, and a booking still wants to be confirmed.
        contacts.withdraw(
            contact,
            channel=channel,
            source="désabonnement en un clic" if is_one_click else "page web",
            scope=Suppression.Scope.OFFERS,
        )
    return render(request, "notifications/unsubscribe.html", context)


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def subscribe(request: HttpRequest) -> HttpResponse:
    """Ask to be written to; the answer is the same whether we know the address or not."""
    if request.method != "POST":
        return render(request, "notifications/subscribe.html", {"form": SubscriptionForm()})
    form = SubscriptionForm(request.POST)
    if form.is_by_a_program:
        return redirect("subscription-asked")
    visitor = visitors.address_of(request)
    if visitors.is_too_fast("subscribe", visitor or "", **VISITOR_PACE):
        return render(request, "notifications/too_fast.html", status=429)
    if not form.is_valid():
        return render(request, "notifications/subscribe.html", {"form": form}, status=422)
    demand = form.demand()
    # Silently: to say that an address was asked too often would say that somebody knows it.
    if not _is_asked_too_often(demand):
        double_optin.ask(demand, ip_address=visitor)
    return redirect("subscription-asked")


def _is_asked_too_often(demand: double_optin.Demand) -> bool:
    asked = [address_index(ChannelType.EMAIL, demand.email)]
    asked += [address_index(ChannelType.SMS, demand.phone)] if demand.phone else []
    return any(visitors.is_too_fast("subscribe-address", index, **ADDRESS_PACE) for index in asked)


@never_cache
@require_safe
def subscription_asked(request: HttpRequest) -> HttpResponse:
    """Look into your mailbox."""
    return render(request, "notifications/subscription_asked.html", {"days": double_optin.days()})


# As for the way out: who holds the link may press the button, with or without cookies.
@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def confirm_subscription(request: HttpRequest, token: str) -> HttpResponse:
    """One button on GET, since programs open the links of mailboxes; the agreement on POST."""
    if request.method == "POST":
        answer = double_optin.confirm(token, ip_address=visitors.address_of(request))
    else:
        answer = double_optin.look(token)
    wordings = [double_optin.WORDINGS[pair] for pair in answer.agrees]
    url = preferences.preferences_url(answer.contact) if answer.contact and answer.state != "ask" else ""
    context = {"answer": answer, "wordings": wordings, "preferences_url": url, "days": double_optin.days()}
    status = {"unknown": 404, "expired": 410}.get(answer.state, 200)
    return render(request, "notifications/subscription_confirm.html", context, status=status)


@never_cache
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def choose(request: HttpRequest, token: str) -> HttpResponse:
    """The preference page: shows on GET, acts on POST and shows again what then holds."""
    contact, _channel = read_unsubscribe_token(token)
    if contact is None:
        return render(request, "notifications/unsubscribe_unknown.html", status=404)
    done = ""
    if request.method == "POST":
        if visitors.is_too_fast("choose", visitors.address_of(request) or "", **CHOICE_PACE):
            return render(request, "notifications/too_fast.html", status=429)
        done = _act(request, contact)
        if not done:
            return render(request, "notifications/preferences.html", _page(contact, token, ""), status=400)
    return render(request, "notifications/preferences.html", _page(contact, token, done))


def _act(request: HttpRequest, contact: Contact) -> str:
    """Do what the pressed button says; returns its name, "" for none that we know."""
    visitor, asked = visitors.address_of(request), request.POST.get("act", "")
    if asked == "save":
        lifted = [channel for channel in ChannelType.values if f"lift-{channel}" in request.POST]
        preferences.save(contact, set(request.POST), lifted=lifted, ip_address=visitor)
    elif asked == "stop":
        preferences.stop_everything(contact, ip_address=visitor)
    elif asked == "erase":
        preferences.ask_erasure(contact, ip_address=visitor)
    else:
        return ""
    return asked


def _page(contact: Contact, token: str, done: str) -> dict[str, Any]:
    found = preferences.choices(contact)
    opposed = preferences.silenced_channels(contact)
    return {
        "token": token,
        "first_name": contact.first_name,
        "choices": [choice for choice in found if choice.purpose == preferences.MARKETING],
        "measures": [choice for choice in found if choice.purpose == preferences.TRACKING],
        "opposed": [(channel, ChannelType(channel).label) for channel in opposed],
        "held": preferences.held(contact),
        "done": done,
    }
