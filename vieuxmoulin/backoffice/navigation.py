"""The menu on the left, by domain, with the number of things that need somebody; and the badge that says where we are."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from campaigns.models import Approval, Content
from campaigns.services.approval import APPROVE
from menus.models import Item
from social.models import Account, Interaction
from vieuxmoulin.alerts import open_alerts
from vieuxmoulin.backoffice.asking import MOST_COUNTED, counts
from vieuxmoulin.backoffice.troubles import CALLS_FOR, kept, stopped_publications, troubled_syncs
from vieuxmoulin.models import Difference, Task


def environment_badge(request: HttpRequest) -> tuple[str, str] | None:
    """Whoever reads a page must know whether guests will see what is done there."""
    if settings.SANDBOX:
        return _("Démonstration"), "warning"
    return None if settings.PRODUCTION else (_("Essai"), "info")


def sidebar(request: HttpRequest) -> list[dict[str, Any]]:
    """The groups of the menu; a person sees what they may open, and groups that are empty for them do not show."""
    if not request.user.is_authenticated:
        return []
    care = _needing_care(request)

    def to(title: str, icon: str, model: str, query: str = "") -> dict[str, Any]:
        return _item(request, title, icon, model, query, care.get(model, 0))

    def page(title: str, icon: str, name: str, permission: str, number: int = 0) -> dict[str, Any]:
        return _page(request, title, icon, name, permission, number)

    return [
        _group(
            _("Pilotage"),
            [
                _home(),
                to(_("Alertes"), "notifications_active", "vieuxmoulin.alert"),
                to(_("Journal des tâches"), "checklist", "vieuxmoulin.task"),
                page(
                    _("Modules voisins"),
                    "hub",
                    "modules",
                    "integrations.view_modulecursor",
                    care.get("vieuxmoulin.difference", 0),
                ),
            ],
        ),
        _group(
            _("Dire"),
            [
                page(_("Écrire et publier"), "edit_square", "composer", "campaigns.change_content"),
                page(_("Calendrier"), "calendar_month", "calendar", "social.view_publication"),
                page(_("Interactions"), "forum", "inbox", "social.view_interaction", care.get("social.interaction", 0)),
                to(_("Contenus"), "edit_note", "campaigns.content"),
                to(_("Publications"), "share", "social.publication"),
                to(_("Comptes"), "account_circle", "social.account"),
                to(_("Réponses enregistrées"), "quickreply", "social.savedanswer"),
            ],
        ),
        _group(
            _("Clients"),
            [
                page(_("Écrire aux clients"), "outgoing_mail", "send_compose", "notifications.add_notification"),
                to(_("Contacts"), "contacts", "notifications.contact"),
                to(_("Imports"), "upload_file", "notifications.contactimport"),
                to(_("Segments"), "groups", "notifications.segment"),
                to(_("Étiquettes"), "label", "notifications.tag"),
                to(_("Modèles"), "draft", "notifications.messagetemplate"),
                to(_("Messages"), "mail", "notifications.notification"),
                to(_("Lots d'envoi"), "stacked_email", "notifications.chunk"),
                to(_("Consentements"), "verified_user", "notifications.consent"),
                to(_("Preuves de consentement"), "history_edu", "notifications.consentevent"),
                to(_("Oppositions"), "do_not_disturb_on", "notifications.suppression"),
                to(_("Prestataires"), "outgoing_mail", "notifications.provider"),
            ],
        ),
        _group(
            _("Carte"),
            [
                page(_("La carte"), "restaurant", "menu_home", "menus.view_menu"),
                page(_("Dire épuisé"), "block", "menu_stock_home", "menus.change_item"),
                to(_("Menus"), "menu_book", "menus.menu"),
                to(_("Plats"), "restaurant_menu", "menus.item"),
                to(_("Catégories"), "category", "menus.category"),
                to(_("Choix"), "tune", "menus.optiongroup"),
                to(_("Ingrédients"), "grocery", "menus.ingredient"),
                to(_("Recettes"), "receipt_long", "menus.recipeline"),
                to(_("Révisions"), "history", "menus.menurevision"),
                to(_("Destinations"), "storefront", "menus.destination"),
                to(_("Synchronisations"), "sync", "menus.menusync"),
                to(_("Dérives"), "difference", "menus.drift"),
                {"title": _("Voir la carte en ligne"), "icon": "open_in_new", "link": reverse("card"), "active": False},
            ],
        ),
        _group(
            _("Campagnes"),
            [
                to(_("Campagnes"), "campaign", "campaigns.campaign"),
                to(_("Phases"), "timeline", "campaigns.phase"),
                to(_("Actions des phases"), "bolt", "campaigns.phaseaction"),
                to(_("Commandes reçues"), "receipt", "campaigns.conversion"),
                to(_("Automatismes"), "robot_2", "campaigns.automation"),
                to(_("Passages des automatismes"), "manage_history", "campaigns.automationrun"),
            ],
        ),
        _group(_("Réglages"), _settings_items(to), collapsible=True),
    ]


def _settings_items(to: Any) -> list[dict[str, Any]]:
    sandbox = {"title": _("Bac à sable"), "icon": "toys", "link": "/bac-a-sable/", "active": False}
    return [
        *([sandbox] if settings.SANDBOX else []),
        to(_("Accès"), "key", "integrations.credential"),
        to(_("État des services"), "monitor_heart", "integrations.servicehealth"),
        to(_("Webhooks : destinataires"), "webhook", "integrations.webhookendpoint"),
        to(_("Webhooks : envois"), "call_made", "integrations.webhookdelivery"),
        to(_("Webhooks : reçus"), "call_received", "integrations.inboundevent"),
        to(_("Webhooks : appels refusés"), "gpp_bad", "integrations.refusedcall"),
        to(_("Tâches périodiques"), "schedule", "django_celery_beat.periodictask"),
        to(_("Utilisateurs"), "person", "auth.user"),
        to(_("Rôles"), "group", "auth.group"),
        to(_("Clients d'API"), "api", "vieuxmoulin.apiclient"),
        to(_("Connexions refusées"), "lock", "axes.accessattempt"),
        to(_("Journal de sécurité"), "policy", "integrations.auditentry"),
    ]


def _group(title: str, items: list[dict[str, Any]], *, collapsible: bool = False) -> dict[str, Any]:
    return {"title": title, "separator": True, "collapsible": collapsible, "items": items}


def _home() -> dict[str, Any]:
    return {"title": _("Tableau de bord"), "icon": "dashboard", "link": reverse("admin:index")}


def _item(request: HttpRequest, title: str, icon: str, model: str, query: str, care: int) -> dict[str, Any]:
    app_label, name = model.split(".")
    may_see = request.user.has_perm(f"{app_label}.view_{name}") or request.user.has_perm(f"{app_label}.change_{name}")
    address = reverse(f"admin:{app_label}_{name}_changelist")
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": address + query,
        "permission": lambda request: may_see,
        # Theirs lights up every entry whose address begins alike.
        "active": request.path.startswith(address),
    }
    if care:
        item |= {"badge": _many(care), "badge_variant": "danger"}
    return item


def _page(request: HttpRequest, title: str, icon: str, name: str, permission: str, care: int) -> dict[str, Any]:
    may_see, address = request.user.has_perm(permission), reverse(f"backoffice:{name}")
    item: dict[str, Any] = {
        "title": title,
        "icon": icon,
        "link": address,
        "permission": lambda request: may_see,
        "active": request.path.startswith(address),
    }
    if care:
        item |= {"badge": _many(care), "badge_variant": "primary"}
    return item


def _many(number: int) -> str:
    return str(number) if number < MOST_COUNTED else f"{MOST_COUNTED - 1}+"


def _needing_care(request: HttpRequest) -> dict[str, int]:
    """How many rows of each screen wait for somebody, for the screens that this person may see."""
    week = timezone.now() - CALLS_FOR
    asked: dict[str, QuerySet] = {
        "social.publication": stopped_publications(week),
        "social.interaction": Interaction.objects.filter(is_read=False),
        "social.account": Account.objects.filter(status=Account.Status.DISCONNECTED),
        "menus.menusync": troubled_syncs(),
        "menus.item": Item.objects.filter(availability=Item.Availability.UNAVAILABLE),
        "vieuxmoulin.alert": open_alerts(request.user),
        "vieuxmoulin.difference": Difference.objects.filter(status=Difference.Status.WAITING),
        "vieuxmoulin.task": Task.objects.filter(status=Task.Status.FAILED, timestamp__gte=week),
    }
    may = request.user.has_perm
    if may(APPROVE):
        asked["campaigns.content"] = Content.objects.filter(approval=Approval.SUBMITTED)
    found = counts(request.user, {screen: rows for screen, rows in asked.items() if _may_see(may, screen)})
    return found | {screen: number for screen, number in kept().items() if _may_see(may, screen)}


def _may_see(may: Callable[[str], bool], screen: str) -> bool:
    return may("{}.view_{}".format(*screen.split(".")))
