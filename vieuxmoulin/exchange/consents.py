"""Consents on both sides: the most restrictive wins and is told; an agreement is only taken over with its proof."""

from collections.abc import Mapping
from datetime import datetime

from integrations.modules.crm import ConsentSaid
from notifications.models import Consent, Contact, Suppression
from notifications.services import contacts, oppositions
from vieuxmoulin.exchange.ownership import OurConsent, Ruling, TheirConsent, settle_consent
from vieuxmoulin.exchange.snapshots import ADDRESSES, CHANNELS, Snapshot

SOURCE = "CRM"
TOLD_AS = "communication"


def rulings(contact: Contact, said: Snapshot) -> dict[str, Ruling]:
    """What is to be done on each channel."""
    held = {row.channel: row for row in contact.consents.filter(purpose=Consent.Purpose.MARKETING)}
    opposed = oppositions.of(contact)
    return {
        channel: settle_consent(_ours(held.get(channel), channel in opposed), _theirs(contact, said, channel))
        for channel in CHANNELS
    }


def apply(contact: Contact, said: Snapshot, found: Mapping[str, Ruling]) -> None:
    """Do here what the CRM's word changes here."""
    for channel, ruling in found.items():
        if ruling == Ruling.WITHDRAW:
            # Who refuses offers at the desk still hears of a booking.
            contacts.withdraw(contact, channel=channel, source=SOURCE, scope=Suppression.Scope.OFFERS)
        elif ruling == Ruling.GRANT:
            consent = said.consent(channel)
            day = f" ({consent.updated_at:%d/%m/%Y})" if consent.updated_at else ""
            contacts.grant(
                contact,
                channel=channel,
                source=f"{SOURCE} : {consent.source or 'sans autre précision'}{day}"[:120],
                wording=consent.wording,
                version=consent.wording_version,
            )


def to_tell(contact: Contact, said: Snapshot, now: datetime) -> tuple[ConsentSaid, ...]:
    """What the CRM does not know yet of what a guest told us."""
    told = []
    held = {row.channel: row for row in contact.consents.filter(purpose=Consent.Purpose.MARKETING)}
    for channel, ruling in rulings(contact, said).items():
        if ruling == Ruling.TELL_REFUSAL and (contact.address(channel) or channel in held):
            row = held.get(channel)
            at = row.withdrawn_at if row and row.withdrawn_at else now
            told.append(ConsentSaid(channel, "withdrawn", at, TOLD_AS))
        elif ruling == Ruling.TELL_AGREEMENT and _is_same_address(contact, said, channel):
            row = held[channel]
            told.append(ConsentSaid(channel, "granted", row.granted_at, row.source, row.wording, row.wording_version))
    return tuple(told)


def refuse_all(contact: Contact) -> None:
    """The CRM no longer has this guest: no more offers, until a person says what to do."""
    for channel in CHANNELS:
        if contact.consents.filter(channel=channel).exclude(status=Consent.Status.WITHDRAWN).exists():
            contacts.withdraw(contact, channel=channel, source=SOURCE, scope=Suppression.Scope.OFFERS)


def _ours(row: Consent | None, is_opposed: bool) -> OurConsent:
    if row is None:
        return OurConsent(is_opposed=is_opposed)
    return OurConsent(row.status, row.granted_at, is_opposed, row.source.startswith(f"{SOURCE} :"))


def _theirs(contact: Contact, said: Snapshot, channel: str) -> TheirConsent:
    consent = said.consent(channel)
    has_proof = bool(consent.wording and consent.updated_at) and _is_same_address(contact, said, channel)
    return TheirConsent(consent.status, consent.updated_at, has_proof)


def _is_same_address(contact: Contact, said: Snapshot, channel: str) -> bool:
    """An agreement is about an address: it is not carried over to another one."""
    field = next(name for name, kind in ADDRESSES.items() if kind == channel)
    return bool(contact.address(channel)) and contact.address(channel) == getattr(said, field)
