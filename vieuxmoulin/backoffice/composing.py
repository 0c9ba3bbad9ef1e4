"""What is typed in the composer: read, shown as each network would, and kept as a content."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.models import Campaign, Content, ContentVariation, LateRule
from campaigns.services import approval
from integrations.admin_tools.fields import WordsField
from integrations.errors import InvalidTransition
from menus.models import Item
from social.connectors import platforms as all_platforms
from social.models import Account
from vieuxmoulin.backoffice import uploads
from vieuxmoulin.backoffice.fields import DateTimeInput

NOW, LATER = "now", "later"
# Where a draft keeps what is not said but done with it: networks, hour, cures taken.
CHOICES = "composer"
OPEN_CAMPAIGNS = (Campaign.Status.DRAFT, Campaign.Status.SCHEDULED, Campaign.Status.ACTIVE)


class ComposerForm(forms.Form):
    """The fields of one value each; pictures, own texts and cures are read beside it."""

    title = forms.CharField(label=gettext_lazy("Titre"), max_length=300, required=False)
    body = forms.CharField(label=gettext_lazy("Texte"), required=False, max_length=100_000)
    link = forms.URLField(label=gettext_lazy("Lien"), max_length=500, required=False, assume_scheme="https")
    hashtags = WordsField(label=gettext_lazy("Mots-dièse"), required=False)
    platforms = forms.MultipleChoiceField(label=gettext_lazy("Réseaux"), required=False)
    when = forms.ChoiceField(
        label=gettext_lazy("Quand"),
        choices=[(NOW, gettext_lazy("Maintenant")), (LATER, gettext_lazy("À une date"))],
        required=False,
    )
    at = forms.DateTimeField(
        label=gettext_lazy("Date et heure"),
        required=False,
        widget=DateTimeInput,
        input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"],
    )
    late_rule = forms.ChoiceField(
        label=gettext_lazy("Si l'heure passe pendant une panne"), choices=LateRule.choices, required=False
    )
    campaign = forms.ChoiceField(label=gettext_lazy("Campagne"), required=False)
    item_refs = forms.MultipleChoiceField(label=gettext_lazy("Plats cités"), required=False)

    def __init__(self, *args: Any, content: Content | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.content = content
        self.fields["platforms"].choices = linked_platforms()
        open_ones = Campaign.objects.filter(status__in=OPEN_CAMPAIGNS).values_list("pk", "name")
        self.fields["campaign"].choices = [("", _("Aucune")), *((str(pk), name) for pk, name in open_ones)]
        known = dict(Item.objects.order_by("name").values_list("ref", "name"))
        gone = [ref for ref in (content.item_refs if content else []) if ref not in known]
        self.fields["item_refs"].choices = [*known.items(), *((ref, f"{ref} (?)") for ref in gone)]

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if data.get("when") == LATER and not data.get("at") and "at" not in self.errors:
            self.add_error("at", _("Choisissez une date et une heure, ou « Maintenant »."))
        return data

    # --- What is read beside the fields ---------------------------------------------------------------------------

    def rows(self) -> list[uploads.Row]:
        """The pictures, in their order."""
        known = {str(media.pk): media for media in self.content.media.all()} if self.content else {}
        given = zip(self.data.getlist("media_ref"), self.data.getlist("media_alt"), strict=False)
        return [row for ref, alt in given if (row := uploads.row_of(ref, alt.strip(), known))]

    def own_texts(self) -> dict[str, str]:
        """By network, the text written for it alone."""
        return {
            slug: self.data.get(f"own_body_{slug}", "").strip()
            for slug, _label in all_platforms()
            if f"own_{slug}" in self.data and self.data.get(f"own_body_{slug}", "").strip()
        }

    def accepted(self) -> dict[str, list[str]]:
        """By chosen network, the cures taken."""
        found: dict[str, list[str]] = {}
        for given in self.data.getlist("accept"):
            slug, _separator, choice = given.partition(":")
            if slug in self.data.getlist("platforms") and choice and choice not in found.get(slug, []):
                found.setdefault(slug, []).append(choice)
        return found

    @property
    def scheduled_time(self) -> Any:
        """None for now."""
        data = getattr(self, "cleaned_data", {})
        return data.get("at") if data.get("when") == LATER else None


def linked_platforms() -> list[tuple[str, str]]:
    """The networks that have an account."""
    linked = set(Account.objects.order_by().values_list("platform", flat=True).distinct())
    return [(slug, label) for slug, label in all_platforms() if slug in linked]


def document_of(form: ComposerForm) -> dict[str, Any]:
    """What is typed so far as the orchestrator takes a content; a field that cannot be read yet is left out."""
    data, content, rows = form.cleaned_data, form.content, form.rows()
    titles = _own_titles(content)
    return {
        "title": data.get("title", ""),
        "body": data.get("body", ""),
        "link": data.get("link", ""),
        "hashtags": data.get("hashtags", []),
        "media_urls": [row.address for row in rows],
        "alt_texts": [row.alt_text for row in rows],
        "metadata": dict(content.metadata) if content else {},
        "variations": {slug: {"title": titles.get(slug, ""), "body": body} for slug, body in form.own_texts().items()},
    }


def initial_of(content: Content) -> dict[str, Any]:
    """The form of a content kept before."""
    choices = content.metadata.get(CHOICES) or {}
    return {
        "title": content.title,
        "body": content.body,
        "link": content.link,
        "hashtags": content.hashtags,
        "item_refs": content.item_refs,
        "late_rule": content.late_rule,
        "platforms": choices.get("platforms", []),
        "when": LATER if choices.get("at") else NOW,
        "at": choices.get("at", ""),
        "campaign": choices.get("campaign", ""),
    }


def data_of(content: Content) -> dict[str, list[str]]:
    """The same, as a browser would post it: what the page shows and the preview reads are then one thing."""
    initial = initial_of(content)
    data = {name: [initial[name]] for name in ("title", "body", "link", "when", "at", "campaign", "late_rule")}
    data |= {
        "hashtags": [", ".join(content.hashtags)],
        "item_refs": list(content.item_refs),
        "platforms": list(initial["platforms"]),
        "media_ref": [f"id:{media.pk}" for media in content.media.all()],
        "media_alt": [media.alt_text for media in content.media.all()],
    }
    for variation in content.variations.all():
        data |= {f"own_{variation.platform}": ["on"], f"own_body_{variation.platform}": [variation.body]}
    accepted = (content.metadata.get(CHOICES) or {}).get("accept") or {}
    data["accept"] = [f"{slug}:{choice}" for slug, choices in accepted.items() for choice in choices]
    return data


def save(form: ComposerForm, *, user: Any, version: str) -> Content:
    """Keep what is typed. Raises InvalidTransition when somebody else changed the content meanwhile.

    Other words than those approved lose their approval.
    """
    data = form.cleaned_data
    with transaction.atomic():
        content = _locked(form.content, version, user)
        content.title, content.body = data["title"].strip(), data["body"].strip()
        content.link, content.hashtags, content.item_refs = data["link"], data["hashtags"], data["item_refs"]
        content.late_rule = data["late_rule"] or content.late_rule
        content.metadata = {**content.metadata, CHOICES: _choices(form)}
        content.save()
        _save_media(content, form.rows())
        _save_own_texts(content, form.own_texts())
        approval.edited(content)
    return content


def version_of(content: Content | None) -> str:
    """Names the state of a content that a page shows."""
    return content.updated_at.isoformat() if content else ""


def _locked(content: Content | None, version: str, user: Any) -> Content:
    if content is None:
        return Content(created_by=user)
    locked = Content.objects.select_for_update().get(pk=content.pk)
    if version and version != version_of(locked):
        at = timezone.localtime(locked.updated_at)
        raise InvalidTransition(
            _("Ce contenu a été modifié à %(clock)s par quelqu'un d'autre : copiez vos mots, puis rechargez la page.")
            % {"clock": f"{at:%H:%M}"},
            code="changed_meanwhile",
        )
    return locked


def _choices(form: ComposerForm) -> dict[str, Any]:
    at = form.scheduled_time
    return {
        "platforms": form.cleaned_data["platforms"],
        "accept": form.accepted(),
        "at": f"{timezone.localtime(at):%Y-%m-%dT%H:%M}" if at else "",
        "campaign": form.cleaned_data["campaign"],
    }


def _save_media(content: Content, rows: Iterable[uploads.Row]) -> None:
    """Keep the order, the descriptions, what is new; drop what was taken away."""
    known = {f"id:{media.pk}": media for media in content.media.all()}
    kept = set()
    for position, row in enumerate(rows):
        media = known.get(row.ref)
        if media is None:
            uploads.attach(row, content, position)
            continue
        kept.add(media.pk)
        media.position, media.alt_text = position, row.alt_text[:1000]
        media.save(update_fields=["position", "alt_text"])
    for media in known.values():
        if media.pk not in kept:
            media.delete()


def _save_own_texts(content: Content, texts: dict[str, str]) -> None:
    content.variations.exclude(platform__in=texts).delete()
    for slug, body in texts.items():
        ContentVariation.objects.update_or_create(content=content, platform=slug, defaults={"body": body})


def _own_titles(content: Content | None) -> dict[str, str]:
    return {variation.platform: variation.title for variation in content.variations.all()} if content else {}
