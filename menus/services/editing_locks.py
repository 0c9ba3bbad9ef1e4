"""One hand at a time on a card, and nobody's work undone unseen."""

from collections.abc import Callable
from typing import Any

from django.db import models
from django.utils import timezone

from integrations.errors import ContentRejected, InvalidTransition
from menus import rules
from menus.document import content_hash
from menus.models import Menu
from menus.services.documents import document_of

Document = dict[str, Any]


class ChangedMeanwhile(InvalidTransition):
    """Another hand changed it since it was shown. current: what it says now."""

    def __init__(self, message: str, current: Any = None) -> None:
        super().__init__(message, code="changed_meanwhile")
        self.current = current


def version_of(document: Document) -> str:
    """What a form was opened on: two hands on the same thing are told apart by it."""
    return content_hash({"shown": document})


def locked(menu_id: Any) -> Menu:
    """The menu's row is the lock of the whole card."""
    menu = Menu.objects.select_for_update().filter(pk=menu_id).first()
    if menu is None:
        raise ChangedMeanwhile("Cette carte vient d'être supprimée.")
    return menu


def held(model: type[models.Model], pk: Any) -> Any:
    row = model._default_manager.select_for_update().filter(pk=pk).first()
    if row is None:
        raise ChangedMeanwhile("Quelqu'un vient de le supprimer : rechargez la page.")
    return row


def touch(menu_id: Any) -> None:
    Menu.objects.filter(pk=menu_id).update(updated_at=timezone.now())


def same(version: str, document: Document) -> None:
    if version != version_of(document):
        raise ChangedMeanwhile(
            "Quelqu'un d'autre a changé cette fiche depuis que vous l'avez ouverte. Ce que vous avez écrit est encore "
            "là : comparez avec la fiche d'à présent, puis enregistrez de nouveau."
        )


def checked(menu: Menu, put: Callable[[Document], Document]) -> None:
    """Refuse a change that makes faults; those that the card had already must not stand in its way."""
    before = {_told(one) for one in _problems(document_of(menu))}
    found = [one for one in _problems(put(document_of(menu))) if _told(one) not in before]
    if found:
        raise ContentRejected(" ".join(_told(one) for one in found), code="menu", problems=found)


def _problems(card: Document) -> list[dict[str, str]]:
    try:
        rules.check(card)
    except ContentRejected as error:
        return list(error.problems)
    return []


def _told(problem: dict[str, str]) -> str:
    """A fault without its path: a change of order is no new fault."""
    return problem["message"].removeprefix(f"{problem['field']} : ")
