"""The card said on social networks when it is published: this file draws its picture; the networks are another app's.

The post itself is asked for by a fact (`by_hand_asked`) and made by the orchestrator, whose success ticks the task as a
person would. Until then the task stands: should the post not leave, somebody sees it and can make it by hand.
"""

import hashlib
from typing import Any

import requests
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext_lazy

from integrations.errors import CommunicationError, PermanentError
from menus.connectors import registry
from menus.connectors._card_picture import draw
from menus.connectors.base import MenuConnector, Projection, Pushed, Setting, Target
from menus.posting import NETWORKS, post_of

FOLDER = "cartes"


@registry.register
class CardPostConnector(MenuConnector):
    slug, label = "card_post", "Publication de la carte (Facebook, Instagram)"
    address = ""
    is_verifiable = False
    read_every_minutes = 0
    stock_note = gettext_lazy(
        "Ce qui est déjà publié ne change pas : le plat y reste cité. Ce qui doit encore partir et le cite est retenu."
    )
    settings_fields = (
        Setting("networks", "réseaux", "Séparés par des virgules.", is_required=False, default=", ".join(NETWORKS)),
        Setting(
            "apart_days",
            "jours entre deux publications",
            "Une carte republiée plus tôt n'est pas partagée de nouveau.",
            is_required=False,
            default="7",
        ),
        Setting("due_days", "délai en jours, si elle doit se faire à la main", is_required=False, default="2"),
    )

    def problems(self, document: dict[str, Any]) -> list[str]:
        return [] if post_of(document).lines else [f"{self.label} : aucun plat à montrer en ce moment."]

    def push(self, document: dict[str, Any], target: Target) -> Pushed:
        """Keep the picture; the post is made by whoever hears that it is asked for."""
        content = self.body(document, target)
        name = f"{FOLDER}/partage-{hashlib.sha256(content).hexdigest()[:16]}.jpg"
        if not default_storage.exists(name):
            default_storage.save(name, ContentFile(content))
        words = post_of(document).body(f"{settings.PUBLIC_URL}/carte/")
        detail = (
            "La publication part toute seule. Si elle n'est pas partie, publiez vous-même l'image "
            f"{settings.PUBLIC_URL}{default_storage.url(name)} avec ce texte :\n{words}"
        )
        return Pushed(name, False, detail)

    def body(self, document: dict[str, Any], target: Target) -> bytes:
        return self.picture(document)[0]

    def picture(self, document: dict[str, Any]) -> tuple[bytes, list[str]]:
        """The picture, and the refs of what it names."""
        return draw(post_of(document), house=settings.RESTAURANT_NAME, address=f"{settings.PUBLIC_URL}/carte/")

    def read(self, target: Target) -> Any:
        raise PermanentError("Une publication se lit sur le réseau, pas ici.", code="not_verifiable")

    def project(self, document: dict[str, Any]) -> Projection:
        """Nothing to compare: a dish that runs out later is no reason to post again."""
        return {"currency": document["currency"], "sections": []}

    def normalise(self, answer: Any) -> Projection:
        return {"currency": "EUR", "sections": []}

    def classify(self, response: requests.Response) -> CommunicationError | None:
        return None
