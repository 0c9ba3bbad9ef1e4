"""One draft on one network, from adaptation to the last word: what would be shown, what is wrong, and what cures it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from social.adaptation import checking, pictures
from social.adaptation.pictures import CENTRE, CROP, FITTINGS, PAD, Facts, Fault, PictureRules
from social.adaptation.post import Draft, Picture, Post, Problem

if TYPE_CHECKING:
    from social.connectors.base import SocialConnector

CHOICES = (checking.SKIP, *checking.CURES, *FITTINGS)
# Two pictures of one carousel are of the same shape when their ratios differ by less than this share.
SAME_SHAPE = 0.02


class Gallery(Protocol):
    """Who can open the pictures of a content. The network's files are not our business here: the caller brings them."""

    def facts(self, url: str) -> Facts | None:
        """What is known of a picture; None when it could not be looked at."""

    def reason(self, url: str) -> str:
        """Why a picture could not be looked at, in French; "" when nobody tried."""

    def fitted(self, url: str, rules: PictureRules, *, mode: str, focus: tuple[float, float], background: str) -> Any:
        """The address of a copy that keeps the rules and its notes; None when the picture cannot be opened."""


@dataclass(frozen=True)
class Review:
    """What one network will show, what was left out on the way, and what it would refuse."""

    post: Post
    warnings: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    is_skipped: bool = False


def review(
    network: "SocialConnector", draft: Draft, choices: Sequence[str] = (), gallery: Gallery | None = None
) -> Review:
    """Adapt, apply the cures that were accepted, check. `choices`: ids of alternatives."""
    post, warnings = network.adapt(draft)
    for choice in checking.CURES:
        if choice in choices:
            post, done = network.cure(post, choice)
            warnings += [done] if done else []
    problems = network.validate(post)
    if gallery is not None and network.picture_rules is not None:
        post, notes, faults = _with_pictures(network, draft, post, choices, gallery)
        warnings += notes
        problems += faults
    warnings += network.remarks(post)
    if problems and checking.SKIP in choices:
        reasons = " ".join(problem.message for problem in problems)
        return Review(post, [f"Rien n'est publié sur {network.label}, comme demandé. {reasons}"], [], is_skipped=True)
    return Review(post, warnings, problems)


def _with_pictures(
    network: "SocialConnector", draft: Draft, post: Post, choices: Sequence[str], gallery: Gallery
) -> tuple[Post, list[str], list[Problem]]:
    """The post with the copies that were asked for; what to know of its pictures; what is wrong with them."""
    media: list[Picture] = []
    notes: list[str] = []
    problems: list[Problem] = []
    rules = network.picture_rules or PictureRules()
    for rank, picture in enumerate(post.media):
        named = f"{network.label} : l'image{f' {rank + 1}' if len(post.media) > 1 else ''}"
        if picture.kind != "image":
            media.append(picture)
            continue
        facts = gallery.facts(picture.url)
        if facts is None:
            if reason := gallery.reason(picture.url):
                notes.append(f"{named} n'a pas pu être vérifiée. {reason}")
            media.append(picture)
            continue
        found = pictures.faults(facts, rules)
        copy = _copy(draft, rank, picture, found, choices, gallery, rules) if found else None
        if copy:
            picture = replace(picture, url=copy[0])
            notes.append(f"{named} a été adaptée : {', '.join(copy[1])}.")
        else:
            problems += [_problem(named, rank, fault, facts, rules) for fault in found]
        media.append(picture)
    if rules.one_ratio:
        notes += _uneven(network, post, gallery)
    return replace(post, media=tuple(media)), notes, problems


def _copy(
    draft: Draft,
    rank: int,
    picture: Picture,
    found: list[Fault],
    choices: Sequence[str],
    gallery: Gallery,
    rules: PictureRules,
) -> Any:
    """A copy that keeps the rules, when the author or the caller wants one."""
    wanted = [choice for choice in FITTINGS if choice in choices]
    if asked := draft.options.get("auto_fit"):
        wanted.append(PAD if asked == PAD else CROP)
    possible = {cure for fault in found for cure in fault.cures}
    # Whoever takes « crop » for a picture that only needs another format wants it mended all the same.
    mode = next((choice for choice in wanted if choice in possible), wanted[0] if wanted else "")
    if not mode:
        return None
    background = "white" if draft.options.get("background") == "white" else "blur"
    return gallery.fitted(picture.url, rules, mode=mode, focus=_focus(draft, rank), background=background)


def _focus(draft: Draft, rank: int) -> tuple[float, float]:
    """Where the eye goes: given for all pictures, or for each; the centre when it is not, or not as two numbers."""
    given = draft.options.get("focus")
    if isinstance(given, list):
        given = given[rank] if rank < len(given) else None
    if not isinstance(given, dict):
        return CENTRE
    place = (given.get("x"), given.get("y"))
    if any(isinstance(part, bool) or not isinstance(part, int | float) or not 0 <= part <= 1 for part in place):
        return CENTRE
    return float(place[0] or 0), float(place[1] or 0)


def _problem(named: str, rank: int, fault: Fault, facts: Facts, rules: PictureRules) -> Problem:
    labels = {
        CROP: "Recadrer l'image en {0} × {1} pixels",
        PAD: "Garder toute l'image, ses bords complétés, en {0} × {1} pixels",
        pictures.CONVERT: "Convertir l'image en JPEG de {0} × {1} pixels",
    }
    proposals = []
    for cure in fault.cures:
        width, height = pictures.fitted_size((facts.width, facts.height), rules, cure)
        label = labels[cure].format(width, height)
        proposals.append({"id": cure, "label": label, "picture": rank, "width": width, "height": height})
    value, limit = fault.value, fault.limit
    return Problem(fault.rule, f"{named} {fault.sentence}.", value, limit, alternatives=tuple(proposals))


def _uneven(network: "SocialConnector", post: Post, gallery: Gallery) -> list[str]:
    """A carousel is cut to the shape of its first picture: say which ones will lose something."""
    shapes = [facts.ratio if (facts := gallery.facts(picture.url)) else None for picture in post.media]
    if not shapes or shapes[0] is None:
        return []
    first = shapes[0]
    others = [str(rank) for rank, shape in enumerate(shapes, 1) if shape and abs(shape / first - 1) > SAME_SHAPE]
    if not others:
        return []
    return [f"{network.label} recadrera comme la première les images {', '.join(others)}."]
