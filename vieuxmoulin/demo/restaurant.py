"""The restaurant of the demonstration: written once, on an empty database, through the services that staff use."""

import json
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone

from campaigns.models import Campaign
from campaigns.services import editing
from integrations import vapid
from integrations.models import Credential
from menus.models import Destination, Menu
from menus.services import revisions, writing
from notifications.models import ChannelType, Contact, Provider, Segment, Tag
from notifications.services import contacts, segments
from notifications.starter import load_starters
from social.models import Account
from social.services.connecting import APPLICATION
from vieuxmoulin.api.clients import create_client
from vieuxmoulin.starter_rules import load_starter_rules

DATA = Path(__file__).parent / "data"
WORDING = "J'accepte de recevoir les nouvelles et les offres du Vieux Moulin. Je peux me désinscrire à tout moment."
TAGS = {"habitues": "Habitués", "voisins": "Voisins de Vensac"}
SEGMENTS: tuple[tuple[str, str, list[dict[str, str]]], ...] = (
    (
        "habitues-par-e-mail",
        "Habitués qui acceptent nos e-mails",
        [{"field": "tag", "op": "is", "value": "habitues"}, {"field": "agrees_email", "op": "yes"}],
    ),
    (
        "voisins-par-sms",
        "Voisins de Vensac qui acceptent nos SMS",
        [{"field": "tag", "op": "is", "value": "voisins"}, {"field": "agrees_sms", "op": "yes"}],
    ),
)
STAFF = "camille"
# The sandbox's till gives it when asked to.
PROMO_CODE = "AUTOMNE10"
# The sandbox knows these; a real platform would refuse them.
ACCOUNTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("facebook", "1001", {"access_token": "demo-facebook"}),
    ("instagram", "17841400000000001", {"access_token": "demo-instagram"}),
    (
        "x",
        "42",
        {
            "api_key": "demo-x-cle",
            "api_secret": "demo-x-secret",
            "access_token": "demo-x-jeton",
            "access_token_secret": "demo-x-secret-du-jeton",
        },
    ),
)
PROVIDERS: tuple[tuple[str, str, dict[str, str]], ...] = (
    (
        ChannelType.EMAIL,
        "sendgrid",
        {"api_key": "SG.demo", "from_email": "restaurant@levieuxmoulin.fr", "from_name": "Le Vieux Moulin"},
    ),
    (
        ChannelType.SMS,
        "twilio",
        {"account_sid": "AC" + "0" * 31 + "1", "auth_token": "demo-twilio", "from_number": "VieuxMoulin"},
    ),
)
# Where the card is shown: platform, name, keys, which shop. Our own page needs none.
SHOP = {"client_id": "demo-boutique", "client_secret": "demo-secret", "webhook_secret": "secret-du-bac-a-sable"}
PLACES: tuple[tuple[str, str, dict[str, str], dict[str, str]], ...] = (
    ("website", "Site du restaurant", {}, {}),
    ("hubrise", "HubRise (livraison)", {"access_token": "demo-hubrise"}, {"catalog_id": "vieuxmoulin"}),
    ("uber_eats", "Uber Eats", SHOP, {"store_id": "0b9d8a52-7c44-4f6c-9d55-2f1f3a1e8c10"}),
    ("deliveroo", "Deliveroo", SHOP, {"brand_id": "le-vieux-moulin", "site_id": "33590", "menu_id": "carte"}),
    (
        "google",
        "Fiche Google",
        {**SHOP, "refresh_token": "demo-google"},
        {"account_id": "accounts/101", "location_id": "201"},
    ),
)


def load() -> bool:
    """Write everything, or nothing when there is already something; True when it was written."""
    if Menu.objects.exists() or Contact.objects.exists() or Account.objects.exists():
        return False
    with transaction.atomic():
        _write_accounts()
        _write_guests()
        _write_segments()
        load_starters()
        load_starter_rules()
        menu = _write_menu()
        revisions.publish(menu)
        _write_campaign()
    return True


def staff_login(known: dict[str, str]) -> dict[str, str]:
    """The demonstration's staff member; the password is made once and kept with the facts."""
    users = get_user_model()
    user, is_new = users.objects.get_or_create(
        username=STAFF,
        defaults={
            "first_name": "Camille",
            "last_name": "Durand",
            "email": "camille@levieuxmoulin.example",
            "is_staff": True,
            "is_superuser": True,
        },
    )
    password = known.get("password", "")
    if is_new or not password or not user.check_password(password):
        password = secrets.token_urlsafe(12)
        user.set_password(password)
        user.save()
    return {"user": STAFF, "password": password}


def api_client(known: dict[str, str]) -> dict[str, str]:
    """A client that may do everything the API offers."""
    return create_client("Démonstration", list(settings.API_SCOPES), known=known)


def _credential(platform: str, keys: dict[str, str]) -> Credential:
    return Credential.objects.create(platform=platform, name="Démonstration", secrets=keys)


def _write_accounts() -> None:
    for platform, external_id, keys in ACCOUNTS:
        Account.objects.create(
            platform=platform,
            name=settings.RESTAURANT_NAME,
            external_id=external_id,
            username="levieuxmoulin",
            credential=_credential(platform, keys),
        )
    # Our applications at the platforms, for the accounts that staff connect by themselves.
    for platform in ("facebook", "google_business", "x"):
        Credential.objects.create(
            platform=platform,
            name=APPLICATION,
            secrets={"client_id": f"demo-{platform}-app", "client_secret": "demo-application"},
        )
    private, public = vapid.new_keys()
    browsers = {
        "vapid_private_key": private,
        "vapid_public_key": public,
        "subject": "mailto:restaurant@levieuxmoulin.fr",
    }
    for channel, platform, keys in (*PROVIDERS, (ChannelType.PUSH, "webpush", browsers)):
        Provider.objects.create(channel=channel, platform=platform, credential=_credential(platform, keys))


def _write_guests() -> None:
    tags = {slug: Tag.objects.create(slug=slug, name=name) for slug, name in TAGS.items()}
    for guest in _read("guests.json"):
        contact = contacts.save_contact(
            Contact(first_name=guest["first_name"], last_name=guest["last_name"], source="carnet du restaurant"),
            email=guest["email"],
            phone=guest["phone"],
        )
        contact.tags.set([tags[slug] for slug in guest["tags"]])
        for channel in guest["agrees"]:
            contacts.grant(contact, channel=channel, source="bulletin papier", wording=WORDING, version="2026-01")
        for channel in guest.get("withdrawn", []):
            contacts.withdraw(contact, channel=channel, source="demande au comptoir")


def _write_segments() -> None:
    for slug, name, rules in SEGMENTS:
        segments.remember_count(Segment.objects.create(slug=slug, name=name, rules={"all": rules}))


def _write_menu() -> Menu:
    menu = writing.replace(_read("menu.json"))
    for platform, name, keys, shop in PLACES:
        credential = _credential(platform, keys) if keys else None
        Destination.objects.create(platform=platform, name=name, credential=credential, settings=shop)
    return menu


def campaign_data(public_url: str, moment: str) -> dict[str, Any]:
    """The autumn campaign, starting now: a phase by date, one by delay, one by event. `moment` tells two runs apart."""
    text = (DATA / "campaign.json").read_text(encoding="utf-8")
    campaign = json.loads(text.replace("PUBLIC_URL", public_url).replace(" (HEURE)", f" ({moment})" if moment else ""))
    now = timezone.now()
    campaign |= {"start_date": now.isoformat(), "end_date": (now + timedelta(days=14)).isoformat()}
    campaign["phases"][0]["starts_at"] = now.isoformat()
    return campaign


def _write_campaign() -> Campaign:
    return editing.create_campaign({**campaign_data(settings.PUBLIC_URL, ""), "code": PROMO_CODE})


def _read(name: str) -> Any:
    return json.loads((DATA / name).read_text(encoding="utf-8"))
