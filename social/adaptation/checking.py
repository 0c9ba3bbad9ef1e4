"""Every rule that a post breaks, each with cures that are ready: the cure's id is all that a caller sends back."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from social.adaptation import hashtags, wording
from social.adaptation.composing import threaded
from social.adaptation.post import Post, Problem
from social.text import hashtags as hashtags_of

if TYPE_CHECKING:
    from social.connectors.base import SocialConnector

# In the order in which several accepted cures are applied: what makes the text shorter comes before cutting it.
SKIP, DROP_HASHTAGS, FEWER_PICTURES, THREAD, SHORTEN = "skip", "drop_hashtags", "fewer_pictures", "thread", "shorten"
CURES = (DROP_HASHTAGS, FEWER_PICTURES, THREAD, SHORTEN)


def problems(network: "SocialConnector", post: Post) -> list[Problem]:
    """What the network would refuse; an empty list means that the post may leave."""
    found = []
    without = {"id": SKIP, "label": f"Publier sans {network.label}"}
    if network.needs_picture and not post.media:
        message = f"{network.label} ne publie pas de texte seul : ajoutez une image."
        found.append(Problem("picture_required", message, 0, 1, alternatives=(without,)))
    if not post.text and not post.media:
        message = f"Rien à publier sur {network.label} : écrivez un texte."
        found.append(Problem("empty", message, 0, 1, alternatives=(without,)))
    if len(post.media) > network.max_pictures:
        message = f"Trop d'images pour {network.label} : {len(post.media)}, {network.max_pictures} au plus."
        cures = _alternatives(network, post, FEWER_PICTURES)
        found.append(Problem("too_many_pictures", message, len(post.media), network.max_pictures, alternatives=cures))
    count = len(hashtags_of(post.text))
    if count > network.max_hashtags:
        message = f"Trop de mots-dièse pour {network.label} : {count}, {network.max_hashtags} au plus."
        cures = _alternatives(network, post, DROP_HASHTAGS)
        found.append(Problem("too_many_hashtags", message, count, network.max_hashtags, alternatives=cures))
    return found + [problem for rank in range(len(post.texts)) if (problem := _too_long(network, post, rank))]


def cure(network: "SocialConnector", post: Post, choice: str) -> tuple[Post, str]:
    """The post once a proposal is accepted, and what was done in French; as it was, and "", when nothing needed it."""
    if choice == DROP_HASHTAGS and len(hashtags_of(post.text)) > network.max_hashtags:
        fewer = hashtags.keep_first(post.text, network.max_hashtags)
        return replace(
            post, text=fewer
        ), f"{network.label} : {network.max_hashtags} mots-dièse gardés, les autres ôtés."
    if choice == FEWER_PICTURES and len(post.media) > network.max_pictures:
        kept = post.media[: network.max_pictures]
        return replace(post, media=kept), f"{network.label} : {len(kept)} images gardées sur {len(post.media)}."
    if choice == THREAD and not post.thread:
        text, thread = threaded(network, post.text)
        if thread:
            return replace(post, text=text, thread=thread), f"{network.label} : texte dit en {len(thread) + 1} posts."
    if choice == SHORTEN and not all(map(network.fits, post.texts)):
        first, *following = (wording.shorten_body(text, network.fits) for text in post.texts)
        return replace(post, text=first, thread=tuple(following)), f"{network.label} : texte raccourci."
    return post, ""


def _too_long(network: "SocialConnector", post: Post, rank: int) -> Problem | None:
    """Whether one of the texts (0: the first post) is longer, or heavier, than the network takes."""
    text = post.texts[rank]
    which = f" (post {rank + 1} du fil)" if rank else ""
    length = network.length(text)
    if length > network.max_length:
        message = f"Texte trop long pour {network.label}{which} : {length} signes, {network.max_length} au plus."
        rule, limit = "text_too_long", network.max_length
    elif not network.fits(text):
        length, limit, rule = len(text.encode()), network.max_bytes, "text_too_heavy"
        message = f"Texte trop lourd pour {network.label}{which} : {length} octets, {limit} au plus."
    else:
        return None
    shorter = {"text": network.shorten(text)}
    return Problem(rule, message, length, limit, shorter, _alternatives(network, post, SHORTEN, THREAD))


def _alternatives(network: "SocialConnector", post: Post, *choices: str) -> tuple[dict[str, Any], ...]:
    """The cures among these that lead somewhere, each with a preview of what the post would then be."""
    proposals = []
    for choice in choices:
        cured, _ = cure(network, post, choice)
        if cured == post or (choice in (SHORTEN, THREAD) and not all(map(network.fits, cured.texts))):
            continue
        proposals.append({"id": choice, "label": _label(network, cured, choice), **_preview(cured, choice)})
    return tuple(proposals)


def _label(network: "SocialConnector", cured: Post, choice: str) -> str:
    return {
        SHORTEN: f"Raccourcir le texte à {network.length(cured.text)} signes",
        THREAD: f"Dire le texte en {len(cured.texts)} posts qui se suivent",
        DROP_HASHTAGS: f"Garder les {network.max_hashtags} premiers mots-dièse",
        FEWER_PICTURES: f"Garder les {network.max_pictures} premières images",
    }[choice]


def _preview(cured: Post, choice: str) -> dict[str, Any]:
    if choice == FEWER_PICTURES:
        return {"media": [picture.url for picture in cured.media]}
    return {"text": cured.text, **({"thread": list(cured.thread)} if cured.thread else {})}
