"""The home page, and the part of it that renews itself."""

import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _

from campaigns.models import Content
from menus.models import Destination, Item, MenuRevision
from notifications.models import Contact, MessageTemplate, Provider
from social.models import Account, Publication
from vieuxmoulin.backoffice import figures
from vieuxmoulin.backoffice.alerts import alert_lines
from vieuxmoulin.backoffice.asking import exist


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the home page adds to every page of the back-office."""
    return {
        **context,
        "title": _("Tableau de bord"),
        "first_steps": first_steps(request.user),
        "live_address": reverse("admin:backoffice_live"),
        **live_context(request),
    }


def live_context(request: HttpRequest) -> dict[str, Any]:
    """The part that changes from one minute to the next; each person sees what they may see."""
    may = request.user.has_perm
    return {
        "upcoming": figures.upcoming(may),
        "failures": figures.failures(may),
        "alerts": alert_lines(request.user),
        "disconnected": figures.disconnected(may),
        "figures": figures.figures(may),
        "services": figures.services(may),
        "pulses": figures.pulses(),
    }


def live(request: HttpRequest, **_kwargs: Any) -> HttpResponse:
    """That part alone, asked every ten seconds: nothing is sent when nothing has changed."""
    page = render_to_string("backoffice/live.html", live_context(request), request=request)
    # Not a secret: a name for the content.
    etag = f'"{hashlib.sha256(page.encode()).hexdigest()[:32]}"'
    if request.headers.get("If-None-Match") == etag:
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(page)
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return response


def first_steps(user: Any) -> list[dict[str, str]]:
    """What is still to be set up before anything can be said, in the order in which it helps."""
    steps = (
        (Account, "social.add_account", _("Relier un compte Facebook, Instagram ou X"), "social_account"),
        (Content, "campaigns.add_content", _("Écrire un premier contenu"), "campaigns_content"),
        (Publication, "social.add_publication", _("Publier ce contenu"), "campaigns_content"),
        (Provider, "notifications.add_provider", _("Donner un prestataire d'e-mail ou de SMS"), "notifications_provider"),
        (MessageTemplate, "notifications.add_messagetemplate", _("Écrire un modèle de message"),
         "notifications_messagetemplate"),
        (Contact, "notifications.add_contact", _("Ajouter les clients qui l'ont accepté"), "notifications_contact"),
        (Item, "menus.add_item", _("Saisir les plats de la carte"), "menus_item"),
        (Destination, "menus.add_destination", _("Dire où la carte est montrée"), "menus_destination"),
        (MenuRevision, "menus.add_menurevision", _("Publier la carte"), "menus_menu"),
    )  # fmt: skip
    mine = [step for step in steps if user.has_perm(step[1])]
    is_done = exist(user, {model._meta.label: model._default_manager.all() for model, *_rest in mine})
    return [
        {"text": text, "address": reverse(f"admin:{screen}_changelist")}
        for model, _permission, text, screen in mine
        if not is_done[model._meta.label]
    ]
