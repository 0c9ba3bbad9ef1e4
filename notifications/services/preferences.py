"""What a guest chooses to receive, and what we hold about them, behind the signed link of each message: no login."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction

from integrations.events import announce
from notifications.models import ChannelType, Consent, Contact, Suppression
from notifications.services import contacts, oppositions, ways_out
from notifications.services.double_optin import WORDING_VERSION, WORDINGS
from notifications.signals import erasure_requested

SOURCE = "page de préférences"
MARKETING, TRACKING = Consent.Purpose.MARKETING, Consent.Purpose.TRACKING
PUSH_WORDING = "J'accepte de recevoir sur cet appareil les nouvelles et les offres du restaurant."
# Every agreement that a page of ours asks for, in the order in which it is shown.
EVERY: dict[tuple[str, str], str] = {
    (MARKETING, ChannelType.EMAIL): WORDINGS[(MARKETING, ChannelType.EMAIL)],
    (MARKETING, ChannelType.SMS): WORDINGS[(MARKETING, ChannelType.SMS)],
    (MARKETING, ChannelType.PUSH): PUSH_WORDING,
    (TRACKING, ChannelType.EMAIL): WORDINGS[(TRACKING, ChannelType.EMAIL)],
}


@dataclass(frozen=True)
class Choice:
    """One box of the page. name: what the form calls it; is_opposed: nothing at all is sent on this channel."""

    name: str
    purpose: str
    channel: str
    wording: str
    is_given: bool
    is_opposed: bool


def preferences_url(contact: Contact) -> str:
    """The guest's page of choices, as `standard_context` also gives it to every message that sells."""
    return ways_out.preferences_url(ways_out.unsubscribe_url(contact, ChannelType.EMAIL))


def choices(contact: Contact) -> list[Choice]:
    """What this guest may choose: the channels by which we can reach them, as they stand now."""
    given = set(contact.consents.filter(status=Consent.Status.GRANTED).values_list("purpose", "channel"))
    opposed = oppositions.of(contact)
    return [
        Choice(
            f"{purpose}-{channel}",
            purpose,
            channel,
            wording,
            # As `may_send` has it: an opposition is stronger than whatever was agreed to.
            (purpose, channel) in given and channel not in opposed,
            opposed.get(channel) == Suppression.Scope.ALL,
        )
        for (purpose, channel), wording in EVERY.items()
        if _reaches(contact, channel)
    ]


def save(
    contact: Contact, wanted: Collection[str], *, lifted: Collection[str] = (), ip_address: str | None = None
) -> bool:
    """Make the guest's choices so, and only what changed; returns whether anything did.

    wanted: the names of the boxes that are ticked. lifted: channels on which service messages may come again.
    """
    changed = False
    with transaction.atomic():
        # Locked: two pages open at once must not mix.
        Contact.objects.select_for_update().get(pk=contact.pk)
        for channel in sorted(lifted):
            changed |= contacts.lift(contact, channel=channel, source=SOURCE, ip_address=ip_address)
        for choice in choices(contact):
            is_wanted = choice.name in wanted
            if is_wanted and choice.is_opposed and f"{MARKETING}-{choice.channel}" not in wanted:
                # Nothing is sent there: there would be nothing to measure.
                continue
            if is_wanted and not choice.is_given:
                contacts.grant(
                    contact,
                    channel=choice.channel,
                    purpose=choice.purpose,
                    source=SOURCE,
                    wording=choice.wording,
                    version=WORDING_VERSION,
                    ip_address=ip_address,
                )
                changed = True
            elif not is_wanted:
                changed |= contacts.withdraw_purpose(
                    contact, channel=choice.channel, purpose=choice.purpose, source=SOURCE, ip_address=ip_address
                )
    return changed


def stop_everything(contact: Contact, *, ip_address: str | None = None) -> None:
    """Write nothing any more to this guest, on any channel, service messages included."""
    with transaction.atomic():
        for channel in ChannelType.values:
            if _reaches(contact, channel):
                contacts.withdraw(contact, channel=channel, source=SOURCE, ip_address=ip_address)
        # Without an address to oppose for, a browser is only silent once it is forgotten.
        contact.push_subscriptions.all().delete()


def ask_erasure(contact: Contact, *, ip_address: str | None = None) -> None:
    """Stop writing at once, and ask a person to erase: invoices may have to be kept, a program cannot tell."""
    with transaction.atomic():
        stop_everything(contact, ip_address=ip_address)
        announce(erasure_requested, Contact, contact_id=contact.pk)


def silenced_channels(contact: Contact) -> list[str]:
    """The channels on which nothing at all is sent to this guest."""
    return sorted(channel for channel, scope in oppositions.of(contact).items() if scope == Suppression.Scope.ALL)


def held(contact: Contact) -> list[tuple[str, str]]:
    """What we hold about a guest, in plain words; addresses masked, since links are sometimes forwarded."""
    devices, purchases = contact.push_subscriptions.count(), contact.purchases.count()
    messages, habits = contact.notifications.count(), contact.habits.exists()
    tags = ", ".join(tag.name for tag in contact.tags.all())
    lines = [
        ("Prénom et nom", f"{contact.first_name} {contact.last_name}".strip()),
        ("E-mail", mask_email(contact.email)),
        ("Mobile", mask_phone(contact.phone)),
        ("Anniversaire", "enregistré" if contact.birthday else ""),
        ("Code postal", contact.postcode),
        ("Groupes", tags),
        ("Autres renseignements", f"{len(contact.attributes)}" if contact.attributes else ""),
        ("Appareils abonnés", str(devices or "")),
        ("Visites et achats", str(purchases or "")),
        ("Messages envoyés ou prévus", str(messages or "")),
        ("Heures où vous nous lisez", "connues, pour vous écrire au bon moment" if habits else ""),
        ("D'où nous vous connaissons", contact.source),
    ]
    return [(label, text) for label, text in lines if text]


def mask_email(address: str) -> str:
    """Enough to recognise one's own address, too little to write to it."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}•••{at}{domain}" if address else ""


def mask_phone(number: str) -> str:
    """The last two digits."""
    return f"•• •• •• •• {number[-2:]}" if number else ""


def _reaches(contact: Contact, channel: str) -> bool:
    if channel == ChannelType.PUSH:
        return contact.push_subscriptions.exists()
    return bool(contact.address(channel))
