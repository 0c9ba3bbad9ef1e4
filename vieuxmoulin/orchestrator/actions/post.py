"""Say it on the networks: written from the event, then left to a person's word, or published at once."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator, URLValidator
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Approval, Content
from campaigns.services import approval, contents
from integrations.errors import ContentRejected
from social.connectors import platforms
from social.connectors import registry as networks
from vieuxmoulin import alerts
from vieuxmoulin.orchestrator.actions import registry
from vieuxmoulin.orchestrator.actions._words import fault_of, filled
from vieuxmoulin.orchestrator.actions.base import ActionKind, Done, Foretold, Occasion, Params, Question
from vieuxmoulin.orchestrator.gallery import Gallery
from vieuxmoulin.orchestrator.publishing import look_at, publish, rehearse

# Where a content says which rule wrote it, and for the composer which networks are meant.
RULE, COMPOSER = "automation", "composer"
TO_APPROVE, AT_ONCE = "approve", "now"
ALERT = "approval:"
# What a media keeps.
LONGEST_ADDRESS = 500
TEXTS = ("title", "body", "picture", "alt_text")


@registry.register
class Post(ActionKind):
    """Dishes that the event names are looked at again when the post leaves (law 10)."""

    slug, label = "post", gettext_lazy("Publier sur les réseaux")
    causes = frozenset({"publication_success", "publication_failure"})
    questions = (
        Question("networks", gettext_lazy("Sur"), "boxes", choices=platforms, is_required=True),
        Question("title", gettext_lazy("Titre"), help=gettext_lazy("Comme « Plat du jour : {{name}} ».")),
        Question(
            "body", gettext_lazy("Texte"), "text",
            help=gettext_lazy("Les mots entre accolades viennent de l'événement ; ce qui nomme un client n'y est jamais."),
        ),
        Question("hashtags", gettext_lazy("Mots-dièse"), "words", help=gettext_lazy("Séparés par des virgules."), default=[]),
        Question("picture", gettext_lazy("Adresse de l'image"), default="{{#if image_url}}{{image_url}}{{/if}}"),
        Question("alt_text", gettext_lazy("Description de l'image")),
        Question(
            "mode", gettext_lazy("Quand"), "choice", default=TO_APPROVE, is_required=True,
            choices=lambda: [
                (TO_APPROVE, _("Une fois validé par une personne")),
                (AT_ONCE, _("Tout de suite, sans relecture")),
            ],
        ),
    )  # fmt: skip

    def problems(self, params: Params) -> dict[str, str]:
        found = {name: said for name in TEXTS if (said := fault_of(params.get(name) or ""))}
        if not params.get("title") and not params.get("body"):
            found["body"] = _("Écrivez un titre ou un texte.")
        return found

    def summary(self, params: Params) -> str:
        words = _("publier sur %(networks)s") if _is_at_once(params) else _("proposer un post sur %(networks)s")
        return words % {"networks": _named(params.get("networks") or [])}

    def prepare(self, params: Params, occasion: Occasion) -> Any:
        if not _is_at_once(params):
            return None
        content = content_of(params, occasion)
        return look_at(content, networks_for(params, content), {})

    def do(self, params: Params, occasion: Occasion, prepared: Any) -> Done:
        content = content_of(params, occasion)
        chosen = networks_for(params, content)
        if _is_at_once(params):
            made = publish(content, chosen, requester=occasion.requester, gallery=prepared)
            words = _("Publication demandée sur %(networks)s.") % {"networks": _named(chosen)}
            return Done(" ".join([words, *_left_out(params, chosen), *made.warnings]), made.task.pk)
        content["metadata"] = {**content["metadata"], COMPOSER: {"platforms": chosen}}
        _submit(content, occasion)
        words = _("Post proposé pour %(networks)s : il attend d'être validé.") % {"networks": _named(chosen)}
        return Done(" ".join([words, *_left_out(params, chosen)]))

    def foretell(self, params: Params, occasion: Occasion) -> Foretold:
        content = content_of(params, occasion)
        chosen = networks_for(params, content)
        # Pictures are not fetched: a trial speaks of many events at once.
        seen = rehearse(content, chosen, gallery=Gallery(keeps=False))
        faults = [problem["message"] for said in seen.values() for problem in said["problems"]]
        words = _("Publier sur %(networks)s.") if _is_at_once(params) else _("Proposer un post pour %(networks)s.")
        told = [words % {"networks": _named(chosen)}, *_left_out(params, chosen), *dict.fromkeys(faults)]
        return Foretold(" ".join(told), next(iter(seen.values()))["post"].get("text", ""))


def content_of(params: Params, occasion: Occasion) -> dict[str, Any]:
    """The content that an event makes of a rule's texts. Raises ContentRejected."""
    title = filled(params.get("title") or "", occasion, of=_("Titre du post"), is_line=True)
    picture = _picture(params, occasion)
    alt_text = filled(params.get("alt_text") or "", occasion, of=_("Description de l'image"), is_line=True)
    return {
        "title": title[:300],
        "body": filled(params.get("body") or "", occasion, of=_("Texte du post")),
        "hashtags": list(params.get("hashtags") or []),
        "media_urls": [picture] if picture else [],
        "alt_texts": [(alt_text or title)[:1000]] if picture else [],
        "item_refs": dishes_of(occasion.payload),
        "metadata": {RULE: occasion.rule_id},
    }


def _picture(params: Params, occasion: Occasion) -> str:
    """The address of the picture, "" without one. Raises ContentRejected for what is no address."""
    address = filled(params.get("picture") or "", occasion, of=_("Image du post"), is_line=True)
    try:
        if address:
            _is_address(address)
    except ValidationError:
        raise ContentRejected(
            "L'image que donne l'événement n'est pas une adresse : attendu https://…, 500 signes au plus.",
            code="picture",
        ) from None
    return address


def dishes_of(payload: dict[str, Any]) -> list[str]:
    """The dishes that an event names, by their references."""
    items = payload.get("items")
    named = [payload, *(one for one in (items if isinstance(items, list) else []) if isinstance(one, dict))]
    refs = [one.get("item_ref") for one in named]
    return list(dict.fromkeys(ref for ref in refs if isinstance(ref, str) and ref))


def networks_for(params: Params, content: dict[str, Any]) -> list[str]:
    """The networks that can take this post: without a picture, not those that need one. Raises ContentRejected."""
    wanted = [slug for slug in params.get("networks") or [] if slug in networks]
    chosen = wanted if content["media_urls"] else [slug for slug in wanted if not networks[slug].needs_picture]
    if not chosen:
        raise ContentRejected(
            "Aucun réseau ne peut prendre ce post : ceux qui sont choisis veulent une image, et l'événement n'en donne pas."
            if wanted
            else "Aucun réseau n'est choisi dans la règle.",
            code="no_platform",
        )
    return chosen


def close_answered() -> int:
    """Close the calls for a word on posts that were approved, sent back or deleted since; returns how many."""
    waiting = Content.objects.filter(approval=Approval.SUBMITTED, metadata__has_key=RULE)
    return alerts.resolve_others(ALERT, [f"{ALERT}{pk}" for pk in waiting.values_list("pk", flat=True)])


def _submit(content: dict[str, Any], occasion: Occasion) -> None:
    made = approval.submit(contents.create_content(content), user=None)
    alerts.raise_alert(
        f"{ALERT}{made.pk}",
        _("Un post attend votre accord : %(title)s") % {"title": str(made)[:120]},
        _("Écrit par l'automatisme « %(rule)s ». Relisez-le, validez-le et publiez-le, ou renvoyez-le.")
        % {"rule": occasion.rule},
        address=f"{reverse('backoffice:composer')}?content={made.pk}",
        permission=approval.APPROVE,
    )


def _is_address(text: str) -> None:
    URLValidator(schemes=["https", "http"])(text)
    MaxLengthValidator(LONGEST_ADDRESS)(text)


def _is_at_once(params: Params) -> bool:
    return params.get("mode") == AT_ONCE


def _left_out(params: Params, chosen: list[str]) -> list[str]:
    left = [slug for slug in params.get("networks") or [] if slug not in chosen]
    return [_("%(networks)s : laissé, faute d'image.") % {"networks": _named(left)}] if left else []


def _named(slugs: list[str]) -> str:
    labels = dict(platforms())
    return ", ".join(labels.get(slug, slug) for slug in slugs)
