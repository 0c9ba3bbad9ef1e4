"""The starter set of message templates, kept as files under templates/emails/<slug>/."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from notifications.models import MessageTemplate, Purpose
from notifications.services.templates import save_version

FOLDER = Path(settings.BASE_DIR) / "templates" / "emails"
FILES = {
    "subject": "subject.txt",
    "body_html": "body.html",
    "body_text": "body.txt",
    "sms_body": "sms.txt",
    "push_body": "push.txt",
}
BOOKING = {
    "starts_at": "2026-11-27T20:00:00+01:00",
    "guests": 4,
    "manage_url": "https://levieuxmoulin.example/ma-reservation",
}
BOOKING_LINK = "https://levieuxmoulin.example/reserver"


@dataclass(frozen=True)
class Starter:
    slug: str
    name: str
    purpose: str = Purpose.MARKETING
    sample: dict[str, Any] = field(default_factory=dict)


STARTERS = (
    Starter("welcome", "Bienvenue"),
    Starter(
        "new_recipe",
        "Nouvelle recette",
        sample={
            "name": "Velouté de potimarron",
            "description": "Châtaignes grillées et huile de noisette.",
            "price_cents": 950,
            "image_url": "",
        },
    ),
    Starter(
        "promotional_email",
        "Promotion",
        sample={
            "promo_title": "Soirée huîtres",
            "promo_description": "Six huîtres de l'estuaire et un verre d'Entre-deux-Mers.",
            "promo_code": "HUITRES33",
            "valid_until": "30 novembre",
            "booking_link": BOOKING_LINK,
        },
    ),
    Starter(
        "menu_update",
        "Nouvelle carte",
        sample={
            "menu_items": [
                {"name": "Magret de canard", "price": "23,90", "description": "Miel de bruyère."},
                {"name": "Tarte aux noix", "price": "8,50", "description": "Noix du Périgord."},
            ]
        },
    ),
    Starter("booking_confirmation", "Confirmation de réservation", Purpose.TRANSACTIONAL, BOOKING),
    Starter("booking_reminder", "Rappel de réservation", Purpose.TRANSACTIONAL, BOOKING),
    Starter(
        "thanks",
        "Merci de votre visite",
        sample={"review_link": "https://levieuxmoulin.example/avis"},
    ),
    Starter(
        "birthday",
        "Anniversaire",
        sample={
            "gift": "le dessert",
            "promo_code": "BOUGIES",
            "valid_until": "31 décembre",
            "booking_link": BOOKING_LINK,
        },
    ),
    Starter(
        "we_miss_you",
        "Vous nous manquez",
        sample={
            "promo_description": "Un verre de Médoc offert avec votre plat.",
            "valid_until": "15 décembre",
            "booking_link": BOOKING_LINK,
        },
    ),
    # Asked by the page of subscription: no offer in it, nobody agreed to any yet.
    Starter(
        "confirm_subscription",
        "Confirmation d'inscription",
        Purpose.TRANSACTIONAL,
        {"confirm_url": "https://levieuxmoulin.example/inscription/confirmer/exemple", "days": 7},
    ),
)


def load_starters() -> int:
    """Write the starter templates that are not there yet; what staff changed stays. Returns how many were added."""
    added = 0
    for starter in STARTERS:
        if MessageTemplate.objects.filter(slug=starter.slug).exists():
            continue
        texts = {
            name: (FOLDER / starter.slug / file).read_text(encoding="utf-8").strip()
            for name, file in FILES.items()
            if (FOLDER / starter.slug / file).exists()
        }
        save_version(
            MessageTemplate(
                slug=starter.slug, name=starter.name, purpose=starter.purpose, sample=starter.sample, **texts
            )
        )
        added += 1
    return added
