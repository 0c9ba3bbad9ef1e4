"""What the composer shows of a text not yet sent: a card per network, what it refuses, and the cures in one click."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.admin_tools.display import short_date
from integrations.admin_tools.operations import sentences
from integrations.errors import CommunicationError
from social import queries
from social.admin import cards
from social.connectors import registry
from social.connectors.base import Post
from social.models import Account, Publication
from social.services import slots
from vieuxmoulin.backoffice import composing, uploads
from vieuxmoulin.backoffice.composing import ComposerForm
from vieuxmoulin.backoffice.pages import uuid_of
from vieuxmoulin.orchestrator.publishing import rehearse


@dataclass(frozen=True)
class Cure:
    """A proposal that one click takes, or one that was taken and can be undone."""

    value: str
    label: str
    text: str = ""


@dataclass(frozen=True)
class Preview:
    """One network."""

    platform: str
    label: str
    card: Any
    problems: list[dict[str, Any]]
    warnings: list[str]
    taken: list[Cure] = field(default_factory=list)
    cost: str = ""
    already: str = ""


def previews(form: ComposerForm) -> dict[str, Any]:
    """Each chosen network's preview, or the sentence that says why there is none yet."""
    chosen = form.cleaned_data.get("platforms", [])
    if not chosen:
        return {"previews": [], "blank": _("Choisissez un réseau pour voir votre texte comme il le montrera.")}
    document = composing.document_of(form)
    if not any(document[name] for name in ("title", "body", "media_urls")):
        return {"previews": [], "blank": _("Écrivez : l'aperçu de chaque réseau apparaît ici.")}
    try:
        found = rehearse(document, chosen, accept=form.accepted())
    except CommunicationError as error:
        return {"previews": [], "blank": " ".join(sentences(error))}
    accounts, asked = queries.accounts_for(chosen), _asked_before(form)
    return {
        "previews": [_preview(form, slug, found[slug], accounts.get(slug), asked.get(slug)) for slug in chosen],
        "blank": "",
    }


def toggles(form: ComposerForm) -> list[dict[str, Any]]:
    """The networks that have an account, each with its own text if there is one."""
    chosen = set(form.data.getlist("platforms"))
    return [
        {
            "slug": slug,
            "label": label,
            "is_chosen": slug in chosen,
            "has_own": f"own_{slug}" in form.data,
            "own_body": form.data.get(f"own_body_{slug}", ""),
        }
        for slug, label in composing.linked_platforms()
    ]


def shown_row(row: uploads.Row) -> dict[str, Any]:
    """A picture's line of the form; only files of ours are shown."""
    return {"row": row, "source": cards.source_of(row.address), "is_video": row.kind == "video"}


def _preview(
    form: ComposerForm, slug: str, found: dict[str, Any], account: Account | None, asked: Publication | None
) -> Preview:
    post, at = Post.from_json(found["post"]), form.scheduled_time
    when = short_date(at) if at else _("maintenant")
    return Preview(
        platform=slug,
        label=str(registry[slug].label),
        card=cards.card(post, account, when, platform=slug),
        problems=[_problem(slug, problem) for problem in found["problems"]],
        warnings=[*found["warnings"], *_slot_warnings(form, account, post, at)],
        taken=[Cure(f"{slug}:{choice}", _taken_words(choice)) for choice in form.accepted().get(slug, [])],
        cost=_cost(found.get("cost")),
        already=_already(asked),
    )


def _problem(slug: str, problem: dict[str, Any]) -> dict[str, Any]:
    cures = [
        Cure(f"{slug}:{offer['id']}", offer["label"], offer.get("text", ""))
        for offer in problem.get("alternatives", ())
    ]
    return {"message": problem["message"], "cures": cures}


def _taken_words(choice: str) -> str:
    return {
        "shorten": _("Texte raccourci"),
        "thread": _("En plusieurs posts"),
        "drop_hashtags": _("Mots-dièse réduits"),
        "fewer_pictures": _("Moins d'images"),
        "crop": _("Image recadrée"),
        "pad": _("Image entourée"),
        "convert": _("Image convertie"),
        "skip": _("Sans ce réseau"),
    }.get(choice, choice)


def _slot_warnings(form: ComposerForm, account: Account | None, post: Post, at: datetime | None) -> list[str]:
    """What planning will have to say about the hour, while it can still be changed."""
    if account is None or at is None:
        return []
    if at < timezone.now():
        return [_("Cette heure est passée : choisissez-en une à venir.")]
    campaign = uuid_of(form.cleaned_data.get("campaign", ""))
    found = slots.conflicts(account, at, text=post.text, campaign_id=campaign)
    if not found:
        return []
    better = slots.next_good_slot(account, at, text=post.text, campaign_id=campaign)
    said = [conflict.reason for conflict in found]
    if better:
        said.append(_("Prochain bon créneau : %(date)s.") % {"date": short_date(better)})
    return said


def _cost(cost: dict[str, Any] | None) -> str:
    if not cost:
        return ""
    return _("Coût : %(amount)s $") % {"amount": str(cost["amount"]).replace(".", ",")}


def _asked_before(form: ComposerForm) -> dict[str, Publication]:
    if form.content is None:
        return {}
    rows = form.content.publications.select_related("account").filter(occurrence="")
    return {row.account.platform: row for row in rows}


def _already(asked: Publication | None) -> str:
    if asked is None:
        return ""
    words = {"state": asked.get_status_display(), "date": short_date(asked.published_at or asked.scheduled_at)}
    return _("Déjà demandé ici : %(state)s, %(date)s. Rien ne partira deux fois.") % words
