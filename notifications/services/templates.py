"""Message templates: checked when saved, versioned when changed, rendered for one guest."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core import signing
from django.db import transaction
from django.urls import reverse

from integrations.errors import ContentRejected
from notifications.handlebars import TemplateError
from notifications.html_text import as_text
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose
from notifications.templating import check, missing_variables, render, render_line

TEXTS = ("subject", "body_html", "body_text", "sms_body", "push_body")
LABELS = {
    "subject": "objet",
    "body_html": "e-mail (HTML)",
    "body_text": "e-mail (texte)",
    "sms_body": "SMS",
    "push_body": "notification push",
}
PARTS = {
    ChannelType.EMAIL: ("subject", "body_html", "body_text"),
    ChannelType.SMS: ("sms_body",),
    ChannelType.PUSH: ("push_body",),
}
UNSUBSCRIBE_SALT = "notifications.unsubscribe"
# What every message may use without being given it.
SAMPLE_GUEST = {"first_name": "Camille", "last_name": "Durand", "language": "fr"}


@dataclass(frozen=True)
class Rendered:
    """The parts of one message, ready to send."""

    subject: str = ""
    text: str = ""
    html: str = ""


def save_version(template: MessageTemplate) -> MessageTemplate:
    """Save a template as the version in use; a changed text makes a new row, the old one stays as it was sent.

    Raises ContentRejected with the line, the column and the cure when a text does not compile.
    """
    verify(template)
    with transaction.atomic():
        current = MessageTemplate.objects.select_for_update().filter(slug=template.slug, is_current=True).first()
        if current and all(getattr(current, name) == getattr(template, name) for name in (*TEXTS, "purpose")):
            current.name, current.sample = template.name, template.sample
            current.save(update_fields=["name", "sample"])
            return current
        last = MessageTemplate.objects.filter(slug=template.slug).order_by("-version").first()
        MessageTemplate.objects.filter(slug=template.slug, is_current=True).update(is_current=False)
        return MessageTemplate.objects.create(
            slug=template.slug,
            version=last.version + 1 if last else 1,
            name=template.name,
            purpose=template.purpose,
            sample=template.sample,
            is_current=True,
            **{name: getattr(template, name) for name in TEXTS},
        )


def verify(template: MessageTemplate) -> list[str]:
    """Compile and dry-run every text; returns warnings. Raises ContentRejected."""
    warnings: list[str] = []
    sample = {**standard_context(None), **template.sample}
    for name in TEXTS:
        if source := getattr(template, name):
            try:
                warnings += check(source, html=name == "body_html", sample=sample if template.sample else None)
            except TemplateError as error:
                label = LABELS[name]
                raise ContentRejected(f"Modèle « {template.slug} », {label} : {error}", code="template") from error
    if not any(template.body(channel) for channel in ChannelType.values):
        raise ContentRejected(
            f"Modèle « {template.slug} » : aucun texte. Écrivez un e-mail ou un SMS.", code="template"
        )
    return warnings


def missing(template: MessageTemplate, channel: str, data: dict[str, Any]) -> list[str]:
    """Variables that the texts of a channel use and that neither the data nor the guest's record will bring."""
    context = {**standard_context(None), **data}
    names: list[str] = []
    for part in PARTS[ChannelType(channel)]:
        if source := getattr(template, part):
            names += missing_variables(source, context)
    return list(dict.fromkeys(names))


def standard_context(contact: Contact | None, unsubscribe_url: str = "") -> dict[str, Any]:
    """What every message knows: the guest, the restaurant, the way out."""
    guest = (
        {"first_name": contact.first_name, "last_name": contact.last_name, "language": contact.language}
        if contact
        else SAMPLE_GUEST
    )
    return {
        "customer": guest,
        "restaurant": {"name": settings.RESTAURANT_NAME, "url": settings.PUBLIC_URL},
        "menu_url": f"{settings.PUBLIC_URL}/carte/",
        "unsubscribe_url": unsubscribe_url or f"{settings.PUBLIC_URL}/desinscription/",
    }


def render_for(
    template: MessageTemplate, channel: str, contact: Contact, data: dict[str, Any]
) -> tuple[Rendered, dict[str, str]]:
    """Render one message for one guest; returns it with the headers it wants. Raises ContentRejected."""
    way_out = unsubscribe_url(contact, channel) if template.purpose == Purpose.MARKETING else ""
    context = {**standard_context(contact, way_out), **data}
    try:
        if channel == ChannelType.EMAIL:
            return _letter(template, context, way_out), _list_headers(way_out)
        return _short_text(template.body(channel), context, way_out), {}
    except TemplateError as error:
        raise ContentRejected(f"Le modèle « {template.slug} » ne se remplit pas : {error}", code="template") from error


def _letter(template: MessageTemplate, context: dict[str, Any], way_out: str) -> Rendered:
    html = render(template.body_html, context) if template.body_html else ""
    text = render(template.body_text, context, html=False) if template.body_text else as_text(html)
    if way_out and way_out not in text:
        text = f"{text}\n\nSe désinscrire : {way_out}"
    if way_out and html and way_out not in html:
        html = f'{html}<p style="font-size:12px;color:#666"><a href="{way_out}">Se désinscrire</a></p>'
    return Rendered(render_line(template.subject, context), text, html)


def _short_text(source: str, context: dict[str, Any], way_out: str) -> Rendered:
    text = render(source, context, html=False).strip()
    if way_out and "STOP" not in text and way_out not in text:
        # An advertising SMS must say how to stop; an alphanumeric sender takes no answer, so it is a link.
        text = f"{text}\nSTOP : {way_out}"
    return Rendered(text=text)


def _list_headers(way_out: str) -> dict[str, str]:
    if not way_out:
        return {}
    return {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}


def unsubscribe_url(contact: Contact, channel: str) -> str:
    """A link that names the guest and the channel, that nobody can forge, and that needs no login.

    It holds no date: the same message rendered again, to be looked up at the service, is the same text.
    """
    token = signing.Signer(salt=UNSUBSCRIBE_SALT).sign_object([str(contact.pk), channel])
    return f"{settings.PUBLIC_URL}{reverse('unsubscribe', args=[token])}"


def read_unsubscribe_token(token: str) -> tuple[Contact | None, str]:
    """The guest and the channel of a link made by `unsubscribe_url`; (None, "") when it is not one of ours."""
    try:
        contact_id, channel = signing.Signer(salt=UNSUBSCRIBE_SALT).unsign_object(token)
    except signing.BadSignature:
        return None, ""
    return Contact.objects.filter(pk=contact_id).first(), channel
