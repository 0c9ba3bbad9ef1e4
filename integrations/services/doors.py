"""How another module proves who it is: a shared secret, or a Standard Webhooks signature, from an allowed address."""

import hmac
import ipaddress
from base64 import b64encode
from dataclasses import dataclass, field

from django.conf import settings
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from integrations.models import Credential

# The row that `load_config` writes.
CREDENTIAL = "webhook_incoming"


@dataclass(frozen=True)
class Proof:
    """What came with a call. secret: the X-Webhook-Secret header; the others are those of Standard Webhooks."""

    secret: str = field(default="", repr=False)
    webhook_id: str = ""
    timestamp: str = ""
    signature: str = ""

    @property
    def is_signed(self) -> bool:
        return bool(self.signature)


@dataclass(frozen=True)
class Rules:
    """Secrets that open the door, the modules that may come through it, and the networks they may come from."""

    secrets: tuple[str, ...] = field(repr=False)
    sources: tuple[str, ...]
    networks: tuple[str, ...] = ()


def current_rules() -> Rules:
    """What deliveries must show: loaded from `config/webhooks.json`, and from the environment beside it."""
    loaded = Credential.objects.filter(platform=CREDENTIAL).first()
    given = loaded.secrets if loaded else {}
    # The previous one still opens while the modules take the new one.
    candidates = (given.get("secret"), given.get("previous_secret"), settings.WEBHOOK_SECRET)
    secrets = tuple(dict.fromkeys(secret for secret in candidates if secret))
    sources = tuple(given.get("allowed_sources") or settings.WEBHOOK_ALLOWED_SOURCES)
    return Rules(secrets, sources, tuple(settings.WEBHOOK_ALLOWED_NETWORKS))


def is_allowed_address(rules: Rules, address: str) -> bool:
    """Whether a call may come from there; everywhere when no network is named."""
    if not rules.networks:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network, strict=False) for network in rules.networks)


def opens(rules: Rules, proof: Proof, body: bytes) -> bool:
    """Whether the proof is one of ours. Every secret is tried, whichever fits: the time taken tells nothing."""
    if proof.is_signed:
        fits = [_is_signed_by(secret, proof, body) for secret in rules.secrets]
    else:
        given = proof.secret.encode()
        fits = [hmac.compare_digest(given, known.encode()) for known in rules.secrets]
    return any(fits)


def _is_signed_by(secret: str, proof: Proof, body: bytes) -> bool:
    """A signature of now (five minutes around, by the library) over this very body: an old call cannot be replayed."""
    headers = {
        "webhook-id": proof.webhook_id,
        "webhook-timestamp": proof.timestamp,
        "webhook-signature": proof.signature,
    }
    try:
        Webhook(as_signing_secret(secret)).verify(body, headers, json_parse=False)
    except (WebhookVerificationError, ValueError):
        # ValueError: a signature or a body that is no text at all.
        return False
    return True


def as_signing_secret(secret: str) -> str:
    """Any shared text as a Standard Webhooks secret; one already in that form stays as it is."""
    if secret.startswith("whsec_"):
        return secret
    return "whsec_" + b64encode(secret.encode()).decode()
