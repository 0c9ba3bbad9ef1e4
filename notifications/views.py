"""The guest's way out: a link in each message, without login."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from notifications.models import ChannelType
from notifications.services import contacts
from notifications.services.templates import read_unsubscribe_token


# A mail provider posts here without cookie or token (RFC 8058): the signed link alone is the authority.
@csrf_exempt
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Ask on GET, which scanners follow; act on POST, as often as it comes."""
    contact, channel = read_unsubscribe_token(token)
    if contact is None:
        return render(request, "notifications/unsubscribe_unknown.html", status=404)
    context = {"channel": ChannelType(channel).label, "is_done": request.method == "POST"}
    if request.method == "POST":
        is_one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        contacts.withdraw(contact, channel=channel, source="désabonnement en un clic" if is_one_click else "page web")
    return render(request, "notifications/unsubscribe.html", context)
