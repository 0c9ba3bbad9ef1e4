"""Test sends: a template as it would arrive, to whoever writes it. No row is written: nothing of it is ever counted."""

import uuid

import structlog

from integrations import limiter
from integrations.errors import ContentRejected, PermanentError, RateLimited
from notifications.connectors import registry
from notifications.connectors.base import Message
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose
from notifications.services import providers, templates
from notifications.services.permission import address_index

log = structlog.get_logger(__name__)
MARK = "[Essai] "
# Half a dozen at once, then one every twenty seconds, for each person.
SECONDS_EACH, LONGEST_WAIT = 20, 100


def address_of(email: str, channel: str) -> str:
    """Where a member of staff gets test messages: their own address, or the mobile of the contact that has it."""
    if not email:
        return ""
    if channel == ChannelType.EMAIL:
        return email
    own = Contact.objects.filter(email_index=address_index(ChannelType.EMAIL, email)).first()
    return own.address(channel) if own else ""


def send_trial(template: MessageTemplate, channel: str, *, email: str, who: str, guest: Contact | None = None) -> str:
    """Send a template, saved or not, to the person who writes it, and to nobody else; returns the address.

    email: the address of that person's account. guest: whose name to write; the links out are nobody's, so that a
    click on one in the test unsubscribes no guest. Raises CommunicationError.
    """
    to = _address(email, channel)
    if not template.body(channel):
        raise ContentRejected("Ce modèle n'a pas de texte pour ce canal : écrivez-le d'abord.", code="no_text")
    provider = providers.pick(channel)
    if provider is None:
        raise PermanentError(
            "Aucun service n'est prêt pour ce canal : ajoutez-en un dans « Prestataires ».", code="no_provider"
        )
    names = {name: getattr(guest, name) for name in templates.SAMPLE_GUEST} if guest else templates.SAMPLE_GUEST
    data = {name: value for name, value in template.sample.items() if guest is None or name != "customer"}
    rendered, headers = templates.render_for(template, channel, Contact(**names), data, provider=provider.platform)
    _keep_to_the_pace(who)
    message = Message(
        id=str(uuid.uuid4()),
        to=to,
        subject=f"{MARK}{rendered.subject}" if channel == ChannelType.EMAIL else rendered.subject,
        text=rendered.text if channel == ChannelType.EMAIL else f"{MARK}{rendered.text}",
        html=rendered.html,
        headers=headers,
        is_marketing=template.purpose == Purpose.MARKETING,
    )
    outcome = registry[provider.platform]().send_batch([message], providers.access_of(provider))[0]
    log.info("template_trial", template=template.slug, channel=channel, by=who, taken=outcome.error is None)
    if outcome.error is not None:
        raise outcome.error
    return to


def _address(email: str, channel: str) -> str:
    to = address_of(email, channel)
    if to:
        return to
    if not email:
        said = "Votre compte n'a pas d'adresse e-mail : ajoutez-la à votre fiche d'utilisateur."
    elif channel == ChannelType.SMS:
        said = "Aucun mobile n'est connu pour vous : créez un contact avec votre adresse e-mail et votre mobile."
    else:
        said = "Un essai part par e-mail ou par SMS : une notification ne se reçoit que sur un appareil abonné."
    raise ContentRejected(said, code="no_address")


def _keep_to_the_pace(who: str) -> None:
    wait = limiter.reserve(f"trial:{who}", amount=1, per_second=1 / SECONDS_EACH, longest_wait=LONGEST_WAIT)
    if wait > LONGEST_WAIT:
        raise RateLimited(
            f"Trop d'essais à la suite : attendez {int(wait - LONGEST_WAIT) + 1} secondes.",
            code="too_many",
            retry_after_seconds=wait - LONGEST_WAIT,
        )
