"""The printable card: a file of ours, named after its content, proven by the mark that it holds."""

import hashlib
import re
from typing import Any

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy

from integrations.errors import CommunicationError, SyncError
from menus.connectors import _card, _limits, _pdf_page, registry
from menus.connectors._card import Rules
from menus.connectors._layout import lay_out
from menus.connectors.base import MenuConnector, Projection, Pushed, Target, careful
from menus.document import DIETS, content_hash, projection_hash

RULES = Rules(
    "pdf", diets=tuple(DIETS), is_delivery=False, has_stock=False, has_unlimited_choices=True, has_dish_hours=True
)
FOLDER = "cartes"
NAME = re.compile(r"carte-[0-9a-f]{12}\.pdf")
KEYWORDS = re.compile(rb"/Keywords \(([^()]*)\)")
END = b"%%EOF"


@registry.register
class Pdf(MenuConnector):
    slug, label = "pdf", "PDF à imprimer"
    address = ""
    stock_note = gettext_lazy(
        "Un plat épuisé reste sur la carte imprimée : dites-le à table. S'il doit en partir, retirez-le de la carte, puis "
        "réimprimez."
    )
    read_every_minutes = 24 * 60

    def problems(self, document: dict[str, Any]) -> list[str]:
        return list(_limits.emptiness(lay_out(document, RULES), self.label))

    def left_out(self, document: dict[str, Any]) -> list[str]:
        return list(lay_out(document, RULES).left_out)

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Write the new file, then take the former ones away: an old list of allergens is not to be found again."""
        content, name = self.body(document, target), file_name(document)
        path = f"{FOLDER}/{name}"
        if default_storage.exists(path):
            default_storage.delete(path)
        default_storage.save(path, ContentFile(content))
        for former in _files():
            if former != name:
                default_storage.delete(f"{FOLDER}/{former}")
        return Pushed(name, True, f"SHA-256 du fichier : {hashlib.sha256(content).hexdigest()}.")

    def body(self, document: dict[str, Any], target: Target) -> bytes:
        return render(document)

    def read(self, target: Target) -> Any:
        files = _files()
        if not files:
            raise SyncError("Le PDF de la carte n'existe plus : renvoyez la carte.", code="no_pdf")
        newest = max(files, key=lambda name: default_storage.get_modified_time(f"{FOLDER}/{name}"))
        with default_storage.open(f"{FOLDER}/{newest}") as file:
            return {"name": newest, "content": file.read()}

    def project(self, document: dict[str, Any]) -> Projection:
        """A file is not read dish by dish: its mark says for which card it was drawn."""
        return {"currency": document["currency"], "sections": [], "fingerprint": _mark(document)}

    @careful
    def normalise(self, answer: Any) -> Projection:
        found = KEYWORDS.search(answer["content"])
        is_whole = answer["content"].rstrip().endswith(END)
        marks = dict(pair.split("=", 1) for pair in found.group(1).decode().split() if "=" in pair) if found else {}
        return {"currency": "EUR", "sections": [], "fingerprint": marks.get("carte", "") if is_whole else ""}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return None


def render(document: dict[str, Any]) -> bytes:
    """The file itself, for whoever wants to show it without storing it."""
    digest = content_hash(document)
    return _pdf_page.render(
        lay_out(document, RULES),
        document,
        house=settings.RESTAURANT_NAME,
        keywords=f"contenu={digest} carte={_mark(document)}",
        reference=digest.removeprefix("sha256:")[:8],
    )


def file_name(document: dict[str, Any]) -> str:
    """carte-<content hash>.pdf"""
    return f"carte-{content_hash(document).removeprefix('sha256:')[:12]}.pdf"


def _mark(document: dict[str, Any]) -> str:
    """What is printed, withdrawn dishes apart: the content hash does not know who is withdrawn."""
    return projection_hash(_card.project(lay_out(document, RULES), RULES) | {"content": content_hash(document)})


def _files() -> list[str]:
    if not default_storage.exists(FOLDER):
        return []
    return [name for name in default_storage.listdir(FOLDER)[1] if NAME.fullmatch(name)]
