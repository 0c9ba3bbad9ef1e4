"""Subscribing in two steps: asked on our page, agreed to from one's own mailbox, and for SMS from one's own telephone.

Whoever fills the form may not be who reads the mailbox: until the link is answered, nothing that we know of a guest
changes, and the page says the same whether the address is known or not. The SMS only leaves once the mailbox answered:
the form alone cannot make us write to strangers' telephones. What is asked for travels in the link, sealed.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from integrations.crypto import DecryptionError, decrypt, encrypt
from notifications import queries
from notifications.models import ChannelType, Consent, ConsentEvent, Contact, MessageTemplate, Notification, Provider
from notifications.services import contacts
from notifications.services.permission import address_index
from notifications.services.sending import Origin, create_messages
from notifications.starter import load_starters

TEMPLATE, SOURCE, SALT = "confirm_subscription", "inscription", "notifications.subscription"
PAGE, SECOND_STEP = "page d'inscription", "page d'inscription, adresse e-mail confirmée"
WORDING_VERSION = "2026-11"
EMAIL, SMS = ChannelType.EMAIL, ChannelType.SMS
MARKETING, TRACKING = Consent.Purpose.MARKETING, Consent.Purpose.TRACKING
# One box for each means and each purpose (never ticked beforehand): what is shown is what is kept as proof. Links
# name them by their rank: add at the end.
WORDINGS: dict[tuple[str, str], str] = {
    (MARKETING, EMAIL): "J'accepte de recevoir par e-mail les nouvelles et les offres du restaurant.",
    (MARKETING, SMS): "J'accepte de recevoir par SMS les nouvelles et les offres du restaurant.",
    (TRACKING, EMAIL): "J'accepte que le restaurant mesure si j'ouvre ses e-mails et sur quels liens je clique.",
}
UNCONFIRMED_DAYS = 30
# Before anybody else: somebody waits in front of the mailbox.
PRIORITY = 1
Act = ConsentEvent.Action


@dataclass(frozen=True)
class Demand:
    """What somebody asks for on our page. agrees: pairs of purpose and channel, of those in WORDINGS."""

    email: str
    agrees: frozenset[tuple[str, str]]
    first_name: str = ""
    phone: str = ""


@dataclass(frozen=True)
class Answer:
    """What came of a link: "ask", "done", "again" (it was answered before), "expired" or "unknown"."""

    state: str
    contact: Contact | None = None
    agrees: tuple[tuple[str, str], ...] = ()
    sms_follows: bool = False


@dataclass(frozen=True)
class _Link:
    """What a link carries. channel: where it was sent; event_id: the line of evidence it answers."""

    contact_id: str
    channel: str
    event_id: int
    agrees: tuple[tuple[str, str], ...]
    first_name: str = ""
    phone: str = ""

    def packed(self) -> list[Any]:
        """As short as it can be, for SMS; what names somebody is sealed."""
        who = encrypt(json.dumps([self.first_name, self.phone])) if self.first_name or self.phone else ""
        pairs = [list(WORDINGS).index(pair) for pair in self.agrees]
        return [UUID(self.contact_id).hex, self.channel, self.event_id, pairs, who]

    @classmethod
    def unpacked(cls, said: list[Any]) -> "_Link":
        contact_id, channel, event_id, pairs, who = said
        first_name, phone = json.loads(decrypt(who)) if who else ("", "")
        every = list(WORDINGS)
        return cls(str(UUID(contact_id)), channel, event_id, tuple(every[rank] for rank in pairs), first_name, phone)


def days() -> int:
    """How long a link is good for."""
    return int(settings.SUBSCRIPTION_LINK_DAYS)


def offers_sms() -> bool:
    """Whether some service could send the SMS that one would agree to."""
    return Provider.objects.filter(channel=SMS, is_active=True).exists()


def ask(demand: Demand, *, ip_address: str | None = None) -> None:
    """Note what is asked for, and write to the mailbox to hear it confirmed. Raises ValidationError for no address."""
    try:
        _ask(demand, ip_address)
    except IntegrityError:
        # Pressed twice: the other request made the guest meanwhile.
        _ask(demand, ip_address)


def _ask(demand: Demand, ip_address: str | None) -> None:
    email = contacts.normalise_email(demand.email)
    phone = contacts.normalise_phone(demand.phone) if demand.phone else ""
    agrees = tuple(sorted(pair for pair in demand.agrees if pair[1] != SMS or phone))
    with transaction.atomic():
        guest = Contact.objects.filter(email_index=address_index(EMAIL, email)).first()
        if guest is None:
            guest = contacts.save_contact(Contact(first_name=demand.first_name, source=SOURCE), email=email)
        event_id = _note(guest, agrees, PAGE, ip_address)
        _write(guest, _Link(str(guest.pk), EMAIL, event_id, agrees, demand.first_name, phone))


def look(token: str) -> Answer:
    """What a link would do, without doing it: programs that read mailboxes open every link."""
    link, state = _read(token)
    guest = Contact.objects.filter(pk=link.contact_id).first() if link else None
    if link is None or guest is None:
        return Answer(state if link is None else "unknown")
    return Answer("again" if _is_spent(guest, link) else "ask", guest, link.agrees)


@transaction.atomic
def confirm(token: str, *, ip_address: str | None = None) -> Answer:
    """Do what the link says, once: an old link gives back nothing that was refused since."""
    link, state = _read(token)
    # Locked: two presses at once are one.
    guest = Contact.objects.select_for_update().filter(pk=link.contact_id).first() if link else None
    if link is None or guest is None:
        return Answer(state if link is None else "unknown")
    if _is_spent(guest, link):
        return Answer("again", guest, link.agrees)
    channel = link.channel
    if channel == EMAIL and link.first_name and not guest.first_name:
        guest.first_name = link.first_name
        guest.save(update_fields=["first_name", "updated_at"])
    given = tuple(pair for pair in link.agrees if pair[1] == channel)
    for purpose, means in given:
        contacts.grant(
            guest,
            channel=means,
            purpose=purpose,
            source=f"{PAGE}, confirmé par {ChannelType(channel).label}",
            wording=WORDINGS[(purpose, means)],
            version=WORDING_VERSION,
            ip_address=ip_address,
        )
    return Answer("done", guest, given, sms_follows=channel == EMAIL and _ask_telephone(guest, link, ip_address))


def forget_unconfirmed() -> int:
    """Delete what nobody confirmed in thirty days, and the guests known by nothing else; returns how many requests.

    What was said stays in the evidence, which names nobody once the guest is gone.
    """
    limit = timezone.now() - timedelta(days=UNCONFIRMED_DAYS)
    asked_lately = ConsentEvent.objects.filter(
        contact=OuterRef("contact"),
        purpose=OuterRef("purpose"),
        channel=OuterRef("channel"),
        action=Act.REQUESTED,
        occurred_at__gte=limit,
    )
    old = Consent.objects.filter(~Exists(asked_lately), status=Consent.Status.PENDING)
    unknown = Contact.objects.filter(
        source=SOURCE,
        created_at__lt=limit,
        consents__isnull=True,
        tags__isnull=True,
        purchases__isnull=True,
        push_subscriptions__isnull=True,
        last_name="",
    )
    with transaction.atomic():
        # A number that never answered is not proved to be theirs, and whoever it belongs to may need it.
        for guest in Contact.objects.filter(source=SOURCE, consents__in=old.filter(channel=SMS)).exclude(phone=""):
            contacts.save_contact(guest, phone="")
        forgotten, _ = old.delete()
        unknown.exclude(notifications__in=_other_messages()).delete()
    return forgotten


def _other_messages() -> QuerySet[Notification]:
    return Notification.objects.filter(contact__source=SOURCE).exclude(template__slug=TEMPLATE)


def _ask_telephone(guest: Contact, link: _Link, ip_address: str | None) -> bool:
    """Ask the telephone too, now that the mailbox answered; whoever has that number already is who is asked."""
    wanted = tuple(pair for pair in link.agrees if pair[1] == SMS)
    if not wanted or not link.phone:
        return False
    owner = Contact.objects.filter(phone_index=address_index(SMS, link.phone)).first()
    if owner is None and not guest.phone:
        owner = contacts.save_contact(guest, phone=link.phone)
    if owner is None:
        # This guest has another number: which one is right is for them to say, not for a form.
        return False
    if owner.pk != guest.pk:
        contacts.record(guest, Act.REQUESTED, channel=SMS, source=SECOND_STEP, ip_address=ip_address)
    event_id = _note(owner, wanted, SECOND_STEP, ip_address)
    _write(owner, _Link(str(owner.pk), SMS, event_id, wanted))
    return True


def _note(guest: Contact, agrees: tuple[tuple[str, str], ...], source: str, ip_address: str | None) -> int:
    """One line of evidence for each agreement asked for; returns the first, from which the link counts."""
    lines = []
    for purpose, channel in agrees:
        proof = {"wording": WORDINGS[(purpose, channel)], "wording_version": WORDING_VERSION, "source": source}
        # What was given or withdrawn stays so until the link is answered.
        Consent.objects.get_or_create(
            contact=guest,
            purpose=purpose,
            channel=channel,
            defaults=proof | {"status": Consent.Status.PENDING, "ip_address": ip_address},
        )
        line = contacts.record(guest, Act.REQUESTED, channel=channel, purpose=purpose, ip_address=ip_address, **proof)
        lines.append(line.pk)
    return lines[0]


def _write(guest: Contact, link: _Link) -> None:
    """The message that asks, by the pipeline that all messages take."""
    token = _signer().sign_object(link.packed())
    url = f"{settings.PUBLIC_URL}{reverse('subscription-confirm', args=[token])}"
    create_messages(
        template=_template(),
        contacts=Contact.objects.filter(pk=guest.pk),
        channels=[link.channel],
        data={"confirm_url": url, "days": days()},
        origin=Origin(uuid.uuid4(), priority=PRIORITY),
    )


def _template() -> MessageTemplate:
    found = queries.current_template(TEMPLATE)
    if found is None:
        # A house that was set up before this template existed.
        load_starters()
        found = MessageTemplate.objects.get(slug=TEMPLATE, is_current=True)
    return found


def _signer() -> signing.TimestampSigner:
    # A full stop, since telephones cut links at a colon.
    return signing.TimestampSigner(salt=SALT, sep=".")


def _read(token: str) -> tuple[_Link | None, str]:
    """What a link says, or why it says nothing: "expired" or "unknown"."""
    try:
        said = _signer().unsign_object(token, max_age=timedelta(days=days()))
        return _Link.unpacked(said), ""
    except signing.SignatureExpired:
        return None, "expired"
    except (signing.BadSignature, DecryptionError, ValueError, IndexError, TypeError):
        return None, "unknown"


def _is_spent(guest: Contact, link: _Link) -> bool:
    """Whether the guest answered since: agreed, took it back, or was asked on the telephone."""
    answered = Q(action__in=[Act.GRANTED, Act.WITHDRAWN, Act.OPPOSED], channel=link.channel)
    asked_on = Q(action=Act.REQUESTED, channel=SMS, source=SECOND_STEP)
    return ConsentEvent.objects.filter(answered | asked_on, contact=guest, pk__gt=link.event_id).exists()
