"""Connecting accounts: a person agrees at the platform, chooses among their accounts, and we keep sealed tokens."""

import base64
import hashlib
import json
import secrets
from collections.abc import MutableMapping
from dataclasses import asdict, replace
from datetime import timedelta
from typing import Any

import structlog
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from integrations.crypto import decrypt, encrypt
from integrations.errors import PermanentError
from integrations.models import Credential
from integrations.registry import setting
from social.connectors import registry
from social.connectors._login import App, Candidate, Login
from social.models import Account
from social.services import publishing

log = structlog.get_logger(__name__)
FLOW, CHOICE = "social_connect", "social_choice"
# The row that holds our application's keys, when they are not in the environment.
APPLICATION = "application"
STATE_LIVES = timedelta(minutes=10)
Session = MutableMapping[str, Any]


def application(slug: str, address: str = "") -> App:
    """Our application at a platform, or at one of its addresses. Raises PermanentError saying how to declare it."""
    owner = registry[slug].app_slug or slug
    if registry[slug].declares_apps:
        row = Credential.objects.filter(platform=slug, name=_app_name(address)).first()
        if row is None:
            raise PermanentError(
                f"{registry[slug].label} : reliez de nouveau ce compte depuis « Comptes ».", code="no_application"
            )
        return App(row.secrets["client_id"], row.secrets["client_secret"], address)
    row = Credential.objects.filter(platform=owner, name=APPLICATION).first()
    given = row.secrets if row else {}
    client_id = given.get("client_id") or setting(owner, "CLIENT_ID")
    if not client_id:
        raise PermanentError(
            f"L'application {registry[owner].label} n'est pas déclarée : donnez {owner.upper()}_CLIENT_ID et "
            f"{owner.upper()}_CLIENT_SECRET dans l'environnement.",
            code="no_application",
        )
    return App(client_id, given.get("client_secret") or setting(owner, "CLIENT_SECRET"))


def application_of(account: Account) -> App:
    """Our application where this account lives."""
    return application(account.platform, account.settings.get("instance_url", ""))


def _app_name(address: str) -> str:
    return f"{APPLICATION} {address}"[:120]


def _declared(slug: str, address: str, redirect_uri: str) -> App:
    """Our application at an address, declared there the first time."""
    row = Credential.objects.filter(platform=slug, name=_app_name(address)).first()
    if row is None or row.secrets.get("redirect_uri") != redirect_uri:
        made = registry[slug]().declare_app(address, redirect_uri)
        secrets_kept = {
            "client_id": made.client_id,
            "client_secret": made.client_secret,
            "redirect_uri": redirect_uri,
        }
        Credential.objects.update_or_create(platform=slug, name=_app_name(address), defaults={"secrets": secrets_kept})
    return application(slug, address)


def sign_in(slug: str, session: Session, answers: dict[str, str]) -> list[Candidate]:
    """The accounts that the answers open, for the person to choose from. Raises CommunicationError."""
    found = registry[slug]().sign_in(answers)
    session[CHOICE] = encrypt(json.dumps({"ends": "", "accounts": [asdict(item) for item in found]}))
    return found


def begin(slug: str, session: Session, *, root: str, address: str = "") -> str:
    """Where to send the person's browser. The state and PKCE's secret stay in their session. Raises PermanentError.

    address: the vendor's own, where the person chose it.
    """
    # Facebook and Instagram share one application, and one agreement.
    slug = registry[slug].app_slug or slug
    verifier = secrets.token_urlsafe(64)
    challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
    state = secrets.token_urlsafe(32)
    redirect_uri = f"{root}{reverse('social-callback', args=[slug])}"
    connector = registry[slug]()
    app = _declared(slug, address, redirect_uri) if connector.declares_apps else application(slug)
    url = connector.authorize_url(app, redirect_uri, state, challenge)
    session[FLOW] = {
        "slug": slug,
        "address": address,
        "state": state,
        "verifier": verifier,
        # Compared byte for byte by the vendor at the exchange.
        "redirect_uri": redirect_uri,
        "until": (timezone.now() + STATE_LIVES).timestamp(),
    }
    return url


def come_back(slug: str, session: Session, params: dict[str, str]) -> list[Candidate]:
    """The accounts that the person may choose from, once they agreed; kept sealed in their session until they do.

    Raises PermanentError for a refusal, or a return that this session did not ask for.
    """
    flow = session.pop(FLOW, None)
    if (
        not flow
        or flow["slug"] != slug
        or flow["until"] < timezone.now().timestamp()
        or not secrets.compare_digest(flow["state"].encode(), params.get("state", "").encode())
    ):
        log.warning("oauth_state_refused", platform=slug)
        raise PermanentError(
            "Ce retour ne répond à aucune demande de votre part, ou a trop tardé : recommencez.", code="state"
        )
    if "code" not in params:
        raise PermanentError(f"{registry[slug].label} n'a pas donné son accord : rien n'a changé.", code="refused")
    connector: Login = registry[slug]()
    app = application(slug, flow.get("address", ""))
    grant = connector.exchange(app, params["code"], flow["redirect_uri"], flow["verifier"])
    # One agreement may open several accounts: giving it back closes them all (services/tokens.py).
    agreement = {"agreement": secrets.token_hex(8)}
    found = [replace(item, settings={**item.settings, **agreement}) for item in connector.candidates(app, grant)]
    if not found:
        raise PermanentError(
            "Aucun compte à relier : vérifiez que vous administrez une Page ou une fiche, et que vous l'avez cochée.",
            code="no_account",
        )
    ends = grant.expires_at.isoformat() if grant.expires_at else ""
    session[CHOICE] = encrypt(json.dumps({"ends": ends, "accounts": [asdict(item) for item in found]}))
    return found


def choices(session: Session) -> list[Candidate]:
    """The accounts that wait for the person's choice; empty when there are none."""
    return [Candidate(**item) for item in _choice(session).get("accounts", [])]


def _choice(session: Session) -> dict[str, Any]:
    sealed = session.get(CHOICE)
    return json.loads(decrypt(sealed)) if sealed else {}


def keep(session: Session, wanted: list[str], *, by: str = "") -> list[Account]:
    """Connect the chosen accounts, by "slug:external id"; held publications of theirs leave again."""
    choice = _choice(session)
    kept = []
    with transaction.atomic():
        for item in choices(session):
            if f"{item.slug}:{item.external_id}" in wanted:
                kept.append(_keep_one(item, choice.get("ends") or None, by))
    session.pop(CHOICE, None)
    for account in kept:
        publishing.connected(account)
    return kept


def _keep_one(item: Candidate, ends: str | None, by: str) -> Account:
    credential, _ = Credential.objects.update_or_create(
        platform=item.slug,
        name=f"oauth {item.external_id}",
        defaults={"secrets": item.secrets, "expires_at": ends},
        create_defaults={"secrets": item.secrets, "expires_at": ends, "created_by": by},
    )
    known = Account.objects.filter(platform=item.slug, external_id=item.external_id).first()
    account, _ = Account.objects.update_or_create(
        platform=item.slug,
        external_id=item.external_id,
        defaults={
            "settings": {**(known.settings if known else {}), **item.settings},
            "name": item.name[:120],
            "username": item.username[:120],
            "credential": credential,
            "status": Account.Status.CONNECTED,
            "status_reason": "",
        },
    )
    return account
