"""Message templates: checked when saved, versioned when changed, rendered for one guest."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db import transaction

from integrations.errors import ContentRejected
from notifications.handlebars import TemplateError
from notifications.html_text import as_text
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose
from notifications.services import letters, providers, sms
from notifications.services.addressees import Addressee
from notifications.services.ways_out import preferences_url, unsubscribe_url
from notifications.services.ways_out import read_unsubscribe_token as read_unsubscribe_token
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
# What every message may use without being given it.
SAMPLE_GUEST = {"first_name": "Camille", "last_name": "Durand", "language": "fr"}
# A name as common, whose letters make an SMS dearer.
DEAR_GUEST = Contact(first_name="François", last_name="Lançon", language="fr")


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


def restore(old: MessageTemplate) -> MessageTemplate:
    """Put an older version back in use, as a new version: what was sent in between keeps its own."""
    texts = {name: getattr(old, name) for name in TEXTS}
    return save_version(MessageTemplate(slug=old.slug, name=old.name, purpose=old.purpose, sample=old.sample, **texts))


def verify(template: MessageTemplate) -> list[str]:
    """Compile and dry-run every text; returns warnings. Raises ContentRejected."""
    warnings: list[str] = []
    sample = {**standard_context(None), **template.sample}
    for name in TEXTS:
        if source := getattr(template, name):
            try:
                is_html = name == "body_html"
                warnings += check(
                    source,
                    html=is_html,
                    sample=sample if template.sample else None,
                    partials=letters.partials() if is_html else None,
                )
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
            names += missing_variables(source, context, partials=letters.partials())
    return list(dict.fromkeys(names))


def standard_context(contact: Addressee | None, unsubscribe_url: str = "") -> dict[str, Any]:
    """What every message knows: the guest, the restaurant, the way out. Without a guest, an example of each."""
    if contact is None:
        guest = SAMPLE_GUEST
        unsubscribe_url = unsubscribe_url or f"{settings.PUBLIC_URL}/desinscription/"
    else:
        guest = {"first_name": contact.first_name, "last_name": contact.last_name, "language": contact.language}
    return {
        "customer": guest,
        "restaurant": {
            "name": settings.RESTAURANT_NAME,
            "url": settings.PUBLIC_URL,
            "address": settings.RESTAURANT_ADDRESS,
        },
        "menu_url": f"{settings.PUBLIC_URL}/carte/",
        "unsubscribe_url": unsubscribe_url,
        "preferences_url": preferences_url(unsubscribe_url),
    }


def render_for(
    template: MessageTemplate, channel: str, contact: Addressee, data: dict[str, Any], *, provider: str = ""
) -> tuple[Rendered, dict[str, str]]:
    """Render one message for one guest; returns it with the headers it wants. Raises ContentRejected.

    provider: the slug of the service that will carry it; one that adds a STOP mention by itself spares us ours.
    """
    way_out = unsubscribe_url(contact, channel) if template.purpose == Purpose.MARKETING else ""
    context = {**standard_context(contact, way_out), **data}
    try:
        if channel == ChannelType.EMAIL:
            return render_email(template, context, way_out), list_headers(way_out)
        text = render(template.body(channel), context, html=False).strip()
    except TemplateError as error:
        raise ContentRejected(f"Le modèle « {template.slug} » ne se remplit pas : {error}", code="template") from error
    if channel == ChannelType.SMS:
        text = _sms(text, way_out, provider)
    return Rendered(text=text), {}


@dataclass(frozen=True)
class _Prepared:
    """The texts of an e-mail, compiled once for all its messages."""

    html: Callable[[dict[str, Any]], str]
    text: Callable[[dict[str, Any]], str]


@lru_cache(maxsize=128)
def _prepared(body_html: str, body_text: str) -> _Prepared:
    """Keyed by the texts, which never change under a version: no invalidation, and previews share it."""
    if not body_html:
        return _Prepared(lambda context: "", lambda context: render(body_text, context, html=False))
    letter, partials = letters.letter(body_html), letters.partials()

    def html(context: dict[str, Any]) -> str:
        return render(letter.html, context, partials=partials)

    source = email_text(body_html, body_text)

    def text(context: dict[str, Any]) -> str:
        if source is not None:
            return render(source, context, html=False).strip()
        return as_text(render(letter.fragment, context))

    return _Prepared(html, text)


def email_text(body_html: str, body_text: str) -> str | None:
    """The Handlebars source of an e-mail's text part; None when its words are read off each rendered page."""
    return body_text or (letters.letter(body_html).text if body_html else "")


def render_email(template: MessageTemplate, context: dict[str, Any], way_out: str) -> Rendered:
    """An e-mail for a whole context. way_out: the guest's link out, written at the end where the author forgot it."""
    prepared = _prepared(template.body_html, template.body_text)
    html, text = prepared.html(context), prepared.text(context)
    if way_out and way_out not in text:
        text = f"{text}\n\nSe désinscrire : {way_out}"
    if way_out and html and way_out not in html:
        html = _with_way_out(html, way_out)
    return Rendered(render_line(template.subject, context), text, html)


def _with_way_out(html: str, way_out: str) -> str:
    """For a page of the author's own that forgot it."""
    line = f'<p style="font-size:13px;color:#6b5f57;text-align:center"><a href="{way_out}">Se désinscrire</a></p>'
    end = html.lower().rfind("</body")
    return f"{html[:end]}{line}{html[end:]}" if end >= 0 else html + line


def _sms(text: str, way_out: str, provider: str) -> str:
    """What a telephone receives: ordinary spaces, and in what sells, how to stop.

    A name as sender takes no answer, so the way out is a link, unless the service adds its own STOP.
    """
    text = sms.plain_spaces(text)
    if way_out and "STOP" not in text and way_out not in text and not sms.stop_signs(provider):
        text = f"{text}\nSTOP : {way_out}"
    return text


@dataclass(frozen=True)
class Cost:
    """What a send of so many messages costs. price: of one part, in euros.

    parts: of one message, for an ordinary name. most_parts: for a name that the cheap encoding cannot write, such as
    François or Loïc, and that the text says. odd: the signs that force the dear encoding, whatever the name.
    """

    channel: str
    messages: int
    parts: int = 0
    most_parts: int = 0
    encoding: str = ""
    price: Decimal = Decimal(0)
    provider: str = ""
    odd: tuple[str, ...] = ()

    @property
    def total(self) -> Decimal:
        """In euros, to the cent; e-mail and push are not paid by the message."""
        return self._total(self.parts)

    @property
    def most(self) -> Decimal:
        """What it would be if every guest had a dear name."""
        return self._total(self.most_parts)

    def _total(self, parts: int) -> Decimal:
        return (self.price * parts * self.messages).quantize(Decimal("0.01"))


def audience_cost(template: MessageTemplate, channel: str, number: int, data: dict[str, Any] | None = None) -> Cost:
    """What writing to so many guests costs, by the text filled with its data, else with its sample."""
    if channel != ChannelType.SMS:
        return Cost(channel, number)
    service = providers.pick(channel)
    slug = service.platform if service else ""
    values = data if data is not None else template.sample
    found, most = sms_parts(template, values, slug), sms_parts(template, values, slug, DEAR_GUEST)
    return Cost(channel, number, found.parts, most.parts, found.encoding, sms.part_cost(slug), slug, found.odd)


def sms_parts(
    template: MessageTemplate, data: dict[str, Any], provider: str = "", contact: Contact | None = None
) -> sms.Parts:
    """How the SMS of a template is sent, the way to stop included."""
    text = sms_text(template, data, provider, contact)
    return sms.parts(text, added=added_by(template, provider))


def sms_text(
    template: MessageTemplate, data: dict[str, Any], provider: str = "", contact: Contact | None = None
) -> str:
    """The SMS as a guest would get it, or as an example of a guest would. Raises TemplateError."""
    guest = contact or Contact(**SAMPLE_GUEST)
    way_out = unsubscribe_url(guest, ChannelType.SMS) if template.purpose == Purpose.MARKETING else ""
    context = {**standard_context(guest, way_out), **data}
    return _sms(render(template.sms_body, context, html=False).strip(), way_out, provider)


def added_by(template: MessageTemplate, provider: str) -> int:
    """The signs that a service appends to this template's SMS by itself."""
    return sms.stop_signs(provider) if template.purpose == Purpose.MARKETING else 0


def list_headers(way_out: str) -> dict[str, str]:
    """What lets a mail program offer the way out by itself (RFC 8058)."""
    if not way_out:
        return {}
    return {"List-Unsubscribe": f"<{way_out}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
