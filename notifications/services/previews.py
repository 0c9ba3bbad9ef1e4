"""A template as guests would receive it, from texts not saved yet: each channel, what is wrong, what it would cost."""

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from integrations.errors import ContentRejected
from notifications.handlebars import TemplateError
from notifications.models import ChannelType, Contact, MessageTemplate, Purpose
from notifications.services import letters, providers, sms, templates
from notifications.templating import check

_DARK = re.compile(r"@media[^{]{0,200}?prefers-color-scheme:\s*dark[^{]{0,200}", re.IGNORECASE)
_PICTURE = re.compile(r"""(<img\b[^<>]{0,2000}?\bsrc=)(["'])(?!data:)[^"']*\2""", re.IGNORECASE)
# Nothing is fetched for a preview: the address of a picture would tell its host that somebody looks.
_PLACEHOLDER = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' width='600' height='300'%3E"
    "%3Crect width='600' height='300' fill='%23d8cdc2'/%3E%3C/svg%3E"
)
LONGEST_EXAMPLE = 60
# Gmail cuts a longer letter, and with it the way out; telephones show this much of a subject.
LONGEST_LETTER_BYTES, LONGEST_SUBJECT = 102_000, 70
_WITHOUT_WORDS = re.compile(r"<img\b(?![^<>]{0,2000}\balt=)[^<>]{0,2000}>", re.IGNORECASE)
# Where services keep the name that guests see; no secret.


@dataclass(frozen=True)
class Fault:
    """What keeps a text from being saved, and where: line and column from 1, 0 when it has no place."""

    field: str
    label: str
    message: str
    line: int = 0
    column: int = 0


@dataclass(frozen=True)
class ShortMessage:
    """The SMS: as read, as paid. from_data: the dear signs that the text does not hold itself. cost: of one, in euros.

    dear_name, dear_parts: a name that would make it longer, and how long; none when no name does.
    """

    text: str
    parts: sms.Parts
    cost: Decimal
    service: str
    sender: str
    sender_fault: str
    added: int
    suggestion: sms.Suggestion | None
    from_data: tuple[str, ...]
    dear_name: str = ""
    dear_parts: int = 0


@dataclass
class Preview:
    """Every channel of a template for one guest; empty where it does not speak, or cannot."""

    guest: str
    subject: str = ""
    html: str = ""
    text: str = ""
    text_is_made: bool = False
    sms: ShortMessage | None = None
    push: str = ""
    faults: list[Fault] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)

    @property
    def faulty(self) -> set[str]:
        """The texts that cannot be shown before they are mended."""
        return {fault.field for fault in self.faults}


def preview(template: MessageTemplate, contact: Contact | None = None, *, dark: bool = False) -> Preview:
    """Fill every text of a template with its sample, for a guest or for an example of one. Saves and sends nothing."""
    guest = contact or Contact(**templates.SAMPLE_GUEST)
    # The chosen guest's name, even where the sample has one.
    data = {name: value for name, value in template.sample.items() if contact is None or name != "customer"}
    made = Preview(guest=str(guest))
    sound = replace_faulty(template, made)
    _fill_letter(made, sound, guest, data, dark)
    _fill_short(made, sound, guest, data)
    for channel in ChannelType.values:
        if sound.body(channel):
            made.absent += [name for name in templates.missing(sound, channel, data) if name not in made.absent]
    return made


def replace_faulty(template: MessageTemplate, made: Preview) -> MessageTemplate:
    """The template without the texts that do not compile or fill: each is told as a fault, the others are shown."""
    sound = MessageTemplate(slug=template.slug, name=template.name, purpose=template.purpose, sample=template.sample)
    context = {**templates.standard_context(None), **template.sample}
    for name in templates.TEXTS:
        source = getattr(template, name)
        if not source:
            continue
        partials = letters.partials() if name == "body_html" else None
        try:
            warnings = check(source, html=name == "body_html", sample=context, partials=partials)
        except TemplateError as error:
            made.faults.append(Fault(name, templates.LABELS[name], str(error), error.line or 0, error.column or 0))
            continue
        made.warnings += [f"{templates.LABELS[name].capitalize()}, {said[0].lower()}{said[1:]}" for said in warnings]
        setattr(sound, name, source)
    return sound


def _fill_letter(made: Preview, template: MessageTemplate, guest: Contact, data: dict[str, Any], dark: bool) -> None:
    if not (template.body(ChannelType.EMAIL) or template.subject):
        return
    rendered = _rendered(made, template, ChannelType.EMAIL, guest, data, "body_html")
    if rendered is None:
        return
    made.subject, made.text = rendered.subject, rendered.text if template.body(ChannelType.EMAIL) else ""
    made.html = harmless(rendered.html, dark=dark)
    made.text_is_made = bool(template.body_html and not template.body_text)
    made.warnings += _remarks(rendered)


def harmless(html: str, *, dark: bool = False) -> str:
    """An e-mail to look at in a frame: no picture is fetched, and the night's colours are shown only when asked for."""
    html = _DARK.sub("@media all " if dark else "@media not all ", html)
    return _PICTURE.sub(lambda match: f'{match[1]}"{_PLACEHOLDER}"', html)


def _remarks(rendered: templates.Rendered) -> list[str]:
    """What no rule forbids and readers would regret."""
    found = []
    if len(rendered.html.encode()) > LONGEST_LETTER_BYTES:
        found.append(
            "Cet e-mail dépasse 102 ko : Gmail en coupera la fin, donc le lien de désinscription. Raccourcissez-le."
        )
    if _WITHOUT_WORDS.search(rendered.html):
        found.append('Une image n\'a pas de description : ajoutez alt="…" pour qui ne la voit pas.')
    if len(rendered.subject) > LONGEST_SUBJECT:
        found.append(f"L'objet a {len(rendered.subject)} signes : un téléphone n'en montre qu'une quarantaine.")
    return found


def _fill_short(made: Preview, template: MessageTemplate, guest: Contact, data: dict[str, Any]) -> None:
    if template.push_body:
        rendered = _rendered(made, template, ChannelType.PUSH, guest, data, "push_body")
        made.push = rendered.text if rendered else ""
    if template.sms_body:
        try:
            made.sms = _short_message(template, guest, data)
        except TemplateError as error:
            made.faults.append(Fault("sms_body", templates.LABELS["sms_body"], str(error), error.line, error.column))


def _rendered(
    made: Preview, template: MessageTemplate, channel: str, guest: Contact, data: dict[str, Any], name: str
) -> templates.Rendered | None:
    try:
        return templates.render_for(template, channel, guest, data)[0]
    except ContentRejected as error:
        cause = error.__cause__
        line, column = (cause.line, cause.column) if isinstance(cause, TemplateError) else (0, 0)
        made.faults.append(Fault(name, templates.LABELS[name], str(cause or error), line or 0, column or 0))
        return None


def _short_message(template: MessageTemplate, guest: Contact, data: dict[str, Any]) -> ShortMessage:
    service = providers.pick(ChannelType.SMS)
    slug = service.platform if service else ""
    added = templates.added_by(template, slug)

    def measure(written: str) -> sms.Parts:
        other = MessageTemplate(purpose=template.purpose, sms_body=written)
        return templates.sms_parts(other, data, slug, guest)

    text = templates.sms_text(template, data, slug, guest)
    secrets = service.credential.secrets if service else {}
    sender = sms.sender_of(secrets)
    found = sms.parts(text, added=added)
    dear = templates.sms_parts(template, data, slug, templates.DEAR_GUEST)
    return ShortMessage(
        text=text,
        parts=found,
        cost=found.parts * sms.part_cost(slug),
        service=service.get_platform_display() if service else "",
        sender=sender,
        sender_fault=sms.check_sender(sender) if sender else "",
        added=added,
        suggestion=sms.cheaper(template.sms_body, measure=measure),
        from_data=tuple(sign for sign in found.odd if sign not in template.sms_body),
        dear_name=templates.DEAR_GUEST.first_name if dear.parts > found.parts else "",
        dear_parts=dear.parts,
    )


# --- The names that a text may use --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Variable:
    """A name, what to insert for it, an example of its value."""

    name: str
    insert: str
    example: str


def known_variables(template: MessageTemplate) -> list[Variable]:
    """Every name that a message of this template knows: the sample's first, then those always there."""
    always = templates.standard_context(None)
    own = {name: value for name, value in template.sample.items() if name not in always}
    return [*_variables(own), *_variables({**always, **{k: v for k, v in template.sample.items() if k in always}})]


def _variables(values: Mapping[str, Any], above: str = "") -> Iterator[Variable]:
    for key, value in values.items():
        name = f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _variables(value, f"{name}.")
        elif isinstance(value, list):
            yield from _loop(name, value)
        else:
            yield Variable(name, f"{{{{{name}}}}}", _example(value))


def _loop(name: str, items: list[Any]) -> Iterator[Variable]:
    first = items[0] if items else ""
    inside = list(_variables(first)) if isinstance(first, Mapping) else [Variable("this", "{{this}}", _example(first))]
    body = ", ".join(variable.insert for variable in inside)
    yield Variable(name, f"{{{{#each {name}}}}}\n{body}\n{{{{/each}}}}", f"liste de {len(items)}")
    for variable in inside:
        yield replace(variable, name=f"{name}[].{variable.name}")


def _example(value: Any) -> str:
    text = "" if value is None else str(value)
    return text if len(text) <= LONGEST_EXAMPLE else f"{text[: LONGEST_EXAMPLE - 1]}…"


# --- Versions -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """One text that differs: its lines, each with "+", "-" or " " before it, "@" where some are left out."""

    label: str
    lines: list[tuple[str, str]]


def differences(before: MessageTemplate, after: MessageTemplate) -> list[Difference]:
    """What changes from one version to another, text by text."""
    found = []
    if before.purpose != after.purpose:
        lines = [("-", Purpose(before.purpose).label), ("+", Purpose(after.purpose).label)]
        found.append(Difference("finalité", [(kind, str(text)) for kind, text in lines]))
    for name in templates.TEXTS:
        old, new = getattr(before, name).splitlines(), getattr(after, name).splitlines()
        if old != new:
            diff = list(difflib.unified_diff(old, new, lineterm="", n=2))[2:]
            found.append(Difference(templates.LABELS[name], [(line[:1], line[1:]) for line in diff]))
    return found
