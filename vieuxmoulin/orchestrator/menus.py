"""Update the card: write it, freeze a revision, send it to each destination."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from integrations.errors import ContentRejected
from menus import queries
from menus.connectors import registry
from menus.models import Destination, Menu, MenuRevision, MenuSync
from menus.rules import check
from menus.services import declaring, planning, revisions, syncing, writing
from vieuxmoulin.models import Task
from vieuxmoulin.orchestrator.ledger import Requester, open_task, refresh


@dataclass(frozen=True)
class Updated:
    """A change of the card, accepted."""

    task: Task
    revision: MenuRevision
    syncs: list[MenuSync]


def update_menu(
    menu_data: dict[str, Any] | Menu,
    platforms: list[str] | None = None,
    *,
    requester: Requester = Requester(),  # noqa: B008 (frozen)
    at: datetime | None = None,
    comment: str = "",
) -> Updated:
    """Publish a card on destinations (all active ones by default), now or from a moment on.

    A card that is not the one in force is sent when it comes into force, by the minute's round. Raises ContentRejected; then nothing is written.

    menu_data: a menu, a canonical document (`menus/document.py`), or {"menu_id": …} for the card as it stands.
    """
    with transaction.atomic():
        destinations = resolve_destinations(platforms)
        menu = menu_data if isinstance(menu_data, Menu) else _write(menu_data)
        revision = revisions.publish(menu, user=requester.user, at=at, platforms=platforms, comment=comment)
        task = open_task(
            Task.Type.UPDATE_MENU,
            {"menu": menu.name, "revision": revision.number, "platforms": [place.platform for place in destinations]},
            requester,
            priority=3,
        )
        syncs = send_if_in_force(revision, destinations, task)
    if not syncs:
        refresh(task.pk)
    return Updated(task, revision, syncs)


def change_availability(
    menu: Menu, refs: list[str], status: str, *, until: datetime | None = None, reason: str = "", requester: Requester
) -> declaring.Declared:
    """Say that things of a card ran out or are back, as somebody does on the stock page. Raises ContentRejected.

    Who asked is kept with the dishes, beside the reason: whoever wonders why one is out knows whom to ask.
    """
    who = _("%(reason)s (dit par %(name)s)") if reason else _("Dit par %(name)s")
    return declaring.declare(
        menu, refs, status, until=until, reason=who % {"reason": reason, "name": requester.name or _("un programme")}
    )


def send_if_in_force(revision: MenuRevision, destinations: list[Destination], task: Task) -> list[MenuSync]:
    """Send a card that guests should see now; an urgent one when it says other allergens than before."""
    if queries.revision_in_force() != revision:
        return []
    planning.release_held(revision)
    return syncing.create_syncs(revision, destinations, task_id=task.pk, is_urgent=planning.changes_allergens(revision))


def resolve_destinations(platforms: list[str] | None) -> list[Destination]:
    """The destinations named, or all active ones. Raises ContentRejected naming those that are not set up."""
    found = list(queries.active_destinations(platforms).select_related("credential"))
    missing = sorted(set(platforms or ()) - {place.platform for place in found})
    if missing:
        ready = ", ".join(queries.active_destinations().values_list("platform", flat=True)) or "aucune"
        problems = [
            {
                "field": "platforms",
                "message": f"Destination {'inactive' if name in registry else 'inconnue'} « {name} ». Actives : {ready}.",
            }
            for name in missing
        ]
        raise ContentRejected(
            " ".join(problem["message"] for problem in problems), code="unknown_destination", problems=problems
        )
    return found


def _write(data: dict[str, Any]) -> Menu:
    if set(data) == {"menu_id"}:
        menu = Menu.objects.filter(pk=data["menu_id"]).first()
        if menu is None:
            message = f"Aucun menu n'a l'identifiant {data['menu_id']}."
            raise ContentRejected(message, code="unknown_menu", problems=[{"field": "menu_id", "message": message}])
        return menu
    check(data)
    return writing.replace(data)
