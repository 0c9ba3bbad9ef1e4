"""A draft becomes one network's post."""

from dataclasses import replace
from typing import TYPE_CHECKING

from social.adaptation import hashtags, wording
from social.adaptation.post import Draft, Picture, Post
from social.text import links

if TYPE_CHECKING:
    from social.connectors.base import SocialConnector


def compose(network: "SocialConnector", draft: Draft) -> tuple[Post, list[str]]:
    """The network's post of a draft, with a French warning for each thing left out."""
    title, body = wording.tidy(draft.title), wording.tidy(draft.body)
    arranged = hashtags.arrange(
        title,
        body,
        draft.hashtags,
        most=network.max_hashtags,
        label=network.label,
        inside=network.inlines_hashtags and not draft.is_own_text,
    )
    media, picture_warnings = _media(network, draft.media)
    warnings = [*arranged.warnings, *picture_warnings]
    if draft.targeting and not network.supports_targeting:
        warnings.append(f"{network.label} ne permet pas de cibler un public : le ciblage n'y est pas appliqué.")
    has_own_field = network.link_is_a_field and not (media and network.link_excludes_pictures)
    is_said = draft.link in {*body.split(), *links(body)}
    parts = [
        title,
        arranged.body,
        "" if has_own_field or is_said else draft.link,
        " ".join(f"#{tag}" for tag in arranged.tags),
    ]
    text = "\n\n".join(part for part in parts if part)
    thread: tuple[str, ...] = ()
    if wanted := draft.options.get("thread"):
        text, thread = threaded(network, text, is_numbered=wanted == "numbered")
    targeting = draft.targeting if network.supports_targeting else {}
    return Post(text, media, draft.link if has_own_field else "", targeting, thread), warnings


def threaded(network: "SocialConnector", text: str, *, is_numbered: bool = False) -> tuple[str, tuple[str, ...]]:
    """A text too long for one post as a first one and those that follow; as it is where that cannot be."""
    if not network.supports_threads or network.fits(text):
        return text, ()
    first, *following = wording.split(text, network.fits, is_numbered=is_numbered) or [text]
    return first, tuple(following)


def remarks(network: "SocialConnector", post: Post) -> list[str]:
    """Advice on a post that may leave as it is."""
    if not network.max_alt_text:
        return []
    mute = [str(rank) for rank, picture in enumerate(post.media, 1) if picture.kind == "image" and not picture.alt_text]
    if not mute:
        return []
    if len(post.media) == 1:
        return [f"{network.label} : l'image n'a pas de description pour les malvoyants."]
    return [f"{network.label} : pas de description pour les malvoyants sur les images {', '.join(mute)}."]


def _media(network: "SocialConnector", media: tuple[Picture, ...]) -> tuple[tuple[Picture, ...], list[str]]:
    """The pictures that the network takes, their descriptions within its length."""
    warnings = []
    kept = media[: network.max_pictures]
    if left := len(media) - len(kept):
        told = "1 a été retirée" if left == 1 else f"{left} ont été retirées"
        warnings.append(f"{network.label} accepte {network.max_pictures} images : {told}.")
    pictures = []
    for rank, picture in enumerate(kept, 1):
        description = wording.tidy(picture.alt_text)
        most = network.max_alt_text
        if most and len(description) > most:
            warnings.append(
                f"{network.label} : la description de l'image {rank} a {len(description)} signes, "
                f"{most} au plus : elle a été coupée."
            )
            description = wording.shorten(description, wording.at_most(most))
        pictures.append(replace(picture, alt_text=description))
    return tuple(pictures), warnings
