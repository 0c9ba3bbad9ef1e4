"""Pictures: what a file holds, which rule of a network it breaks, and a copy that the network takes.

Everything works on bytes, so that no path, address or row is needed.
"""

import io
from dataclasses import dataclass
from functools import cache
from math import ceil, floor
from typing import Any

from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError
from PIL.ImageCms import PyCMSError, profileToProfile
from PIL.ImageCms import createProfile as create_profile

# What we open at all: no format that runs programs (EPS) or hides others.
READABLE = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
# A file of a few kilobytes may unfold into gigabytes: nothing bigger than this is ever decoded.
MOST_PIXELS = 60_000_000
MOST_SOURCE_BYTES = 20_000_000
QUALITIES = (88, 80, 70, 60, 45, 30)
CROP, PAD, CONVERT = "crop", "pad", "convert"
FITTINGS = (CROP, PAD, CONVERT)
CENTRE = (0.5, 0.5)
SWAPS_SIDES = {5, 6, 7, 8}
ORIENTATION = 0x0112
WHITE = (255, 255, 255)


class UnreadablePicture(ValueError):
    """The bytes are no picture that we open; `str()` says why, in French."""


@dataclass(frozen=True)
class PictureRules:
    """What one network takes. Ratios are width / height; 0 means no bound.

    scales: the network brings the width within its bounds by itself, so that a width alone is no reason to refuse.
    fit_side: the longest side, in pixels, of the copies that we make.
    """

    formats: tuple[str, ...] = ("JPEG", "PNG", "WEBP", "GIF")
    max_bytes: int = 8_000_000
    min_ratio: float = 0
    max_ratio: float = 0
    min_width: int = 1
    max_width: int = 0
    min_height: int = 1
    scales: bool = False
    one_ratio: bool = False
    fit_side: int = 2048


@dataclass(frozen=True)
class Facts:
    """A picture as it is seen: its sides once turned upright."""

    width: int
    height: int
    format: str
    size_bytes: int
    is_animated: bool = False

    @property
    def ratio(self) -> float:
        return self.width / self.height


@dataclass(frozen=True)
class Fault:
    """One rule that a picture breaks. cures: the fittings that mend it."""

    rule: str
    sentence: str
    value: int | float | str
    limit: int | float | str
    cures: tuple[str, ...]


def inspect(content: bytes) -> Facts:
    """What a file holds, without decoding its pixels. Raises UnreadablePicture."""
    with _opened(content) as image:
        width, height = image.size
        if _orientation(image) in SWAPS_SIDES:
            width, height = height, width
        # A telephone's JPEG with a second picture inside is a JPEG to everyone.
        kind = "JPEG" if image.format == "MPO" else str(image.format)
        return Facts(width, height, kind, len(content), _is_animated(image))


def faults(facts: Facts, rules: PictureRules) -> list[Fault]:
    """Every rule that a picture breaks, worded to follow « L'image 1 »."""
    found = []
    shown = f"{facts.width} × {facts.height}"
    ratio = round(facts.ratio, 3)
    if rules.min_ratio and facts.ratio < rules.min_ratio:
        sentence = f"est trop haute ({shown}, rapport {ratio:g} ; {rules.min_ratio:g} au moins)"
        found.append(Fault("picture_ratio", sentence, ratio, rules.min_ratio, (CROP, PAD)))
    if rules.max_ratio and facts.ratio > rules.max_ratio:
        sentence = f"est trop large ({shown}, rapport {ratio:g} ; {rules.max_ratio:g} au plus)"
        found.append(Fault("picture_ratio", sentence, ratio, rules.max_ratio, (CROP, PAD)))
    cures = (CROP, PAD) if found else (CONVERT,)
    if facts.width < rules.min_width and not rules.scales:
        sentence = f"est trop petite ({shown} ; {rules.min_width} pixels de large au moins)"
        found.append(Fault("picture_width", sentence, facts.width, rules.min_width, cures))
    if rules.max_width and facts.width > rules.max_width and not rules.scales:
        sentence = f"est trop grande ({shown} ; {rules.max_width} pixels de large au plus)"
        found.append(Fault("picture_width", sentence, facts.width, rules.max_width, cures))
    if facts.height < rules.min_height:
        sentence = f"n'est pas assez haute ({shown} ; {rules.min_height} pixels de haut au moins)"
        found.append(Fault("picture_height", sentence, facts.height, rules.min_height, cures))
    if facts.format not in rules.formats:
        accepted = ", ".join(rules.formats)
        sentence = f"est au format {facts.format} (acceptés : {accepted})"
        found.append(Fault("picture_format", sentence, facts.format, accepted, cures))
    if facts.size_bytes > rules.max_bytes:
        sentence = f"pèse {_megabytes(facts.size_bytes)} ({_megabytes(rules.max_bytes)} au plus)"
        found.append(Fault("picture_bytes", sentence, facts.size_bytes, rules.max_bytes, cures))
    return found


def fit(
    content: bytes,
    rules: PictureRules,
    *,
    mode: str = CROP,
    focus: tuple[float, float] = CENTRE,
    background: str = "blur",
) -> tuple[bytes, list[str]]:
    """A JPEG copy, in sRGB and without its metadata, that keeps every rule; with a French note for what was changed.

    mode: "crop" keeps what surrounds `focus` (0 to 1 from the left and from the top), "pad" keeps the whole picture
    before a blurred copy of itself or white; "convert" is "crop" for a picture of the right shape.
    Raises UnreadablePicture.
    """
    with _opened(content) as opened:
        notes = ["l'animation est perdue"] if _is_animated(opened) else []
        try:
            image = _plain(opened)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            raise UnreadablePicture("Le fichier de l'image est abîmé.") from error
    size = fitted_size(image.size, rules, mode)
    shape = image.width / image.height
    if abs(size[0] / size[1] - shape) > 0.01 * shape:
        notes.append("complétée sur ses bords" if mode == PAD else "recadrée")
    fitted = _padded(image, size, background) if mode == PAD else _cropped(image, size, focus)
    kept = _encoded(fitted, rules)
    notes.append(f"{inspect(kept).width} × {inspect(kept).height} pixels, JPEG de {_megabytes(len(kept))}")
    return kept, notes


def fitted_size(size: tuple[int, int], rules: PictureRules, mode: str = CROP) -> tuple[int, int]:
    """The sides of the copy: the ratio within bounds, then the width, then whole pixels that still keep both."""
    width, height = size
    side = min(rules.fit_side, rules.max_width or rules.fit_side)
    low = max(rules.min_ratio, rules.min_width / rules.fit_side)
    high = min(rules.max_ratio or rules.fit_side, side / rules.min_height)
    ratio = min(max(width / height, low), high)
    if mode == PAD:
        natural = max(width, height * ratio)
    else:
        natural = min(width, height * ratio)
    least = max(rules.min_width, ceil(rules.min_height * ratio), 1)
    most = max(min(side, floor(rules.fit_side * ratio)), least)
    wide = round(min(max(natural, least), most))
    tall = min(max(round(wide / ratio), ceil(wide / high), rules.min_height, 1), max(floor(wide / low), 1))
    return wide, tall


@cache
def _readable() -> list[str]:
    """The formats that this build of Pillow knows: it fails on a name that it does not."""
    Image.init()
    return [kind for kind in READABLE if kind in Image.OPEN]


def _opened(content: bytes) -> Image.Image:
    if len(content) > MOST_SOURCE_BYTES:
        raise UnreadablePicture(f"L'image pèse {_megabytes(len(content))} : {_megabytes(MOST_SOURCE_BYTES)} au plus.")
    try:
        image = Image.open(io.BytesIO(content), formats=_readable())
    except UnidentifiedImageError:
        raise UnreadablePicture(f"Ce fichier n'est pas une image connue ({', '.join(_readable())}).") from None
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise UnreadablePicture("Le fichier de l'image est abîmé ou démesuré.") from error
    if image.width * image.height > MOST_PIXELS:
        raise UnreadablePicture(
            f"L'image a {image.width} × {image.height} pixels : {MOST_PIXELS // 1_000_000} millions au plus."
        )
    return image


def _orientation(image: Image.Image) -> int:
    # Pillow decodes a whole PNG to look for metadata after its pixels.
    if image.format == "PNG" and "exif" not in image.info:
        return 1
    try:
        return image.getexif().get(ORIENTATION, 1)
    except (OSError, SyntaxError, ValueError, KeyError):
        # Metadata that cannot be read turns nothing.
        return 1


def _is_animated(image: Image.Image) -> bool:
    return image.format != "MPO" and bool(getattr(image, "is_animated", False))


def _plain(image: Image.Image) -> Image.Image:
    """Upright, in sRGB, opaque: what every network shows alike."""
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        alpha = image.convert("RGBA")
        image = Image.new("RGBA", alpha.size, (*WHITE, 255))
        image.alpha_composite(alpha)
        return image.convert("RGB")
    if profile and image.mode in ("RGB", "CMYK", "L"):
        image = _in_srgb(image, profile)
    return image.convert("RGB")


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        converted = profileToProfile(image, io.BytesIO(profile), create_profile("sRGB"), outputMode="RGB")
    except (PyCMSError, OSError, ValueError):
        # A broken profile changes shades, not the picture: its numbers are then taken for sRGB.
        return image
    return converted or image


def _cropped(image: Image.Image, size: tuple[int, int], focus: tuple[float, float]) -> Image.Image:
    centering = (min(max(focus[0], 0.0), 1.0), min(max(focus[1], 0.0), 1.0))
    # ImageOps.fit centres by the share of what is cut off; a focal point is a place in the picture.
    ratio = size[0] / size[1]
    if image.width / image.height > ratio:
        kept = image.height * ratio / image.width
        centering = (_share(centering[0], kept), 0.5)
    else:
        kept = image.width / ratio / image.height
        centering = (0.5, _share(centering[1], kept))
    return ImageOps.fit(image, size, Image.Resampling.LANCZOS, centering=centering)


def _share(place: float, kept: float) -> float:
    """How much of what is cut off lies before, so that `place` comes as near the middle as it can."""
    return 0.5 if kept >= 1 else min(max((place - kept / 2) / (1 - kept), 0.0), 1.0)


def _padded(image: Image.Image, size: tuple[int, int], background: str) -> Image.Image:
    if background == "white":
        canvas = Image.new("RGB", size, WHITE)
    else:
        # Blurred when small then enlarged: the same look for a tenth of the time.
        small = (max(size[0] // 8, 1), max(size[1] // 8, 1))
        canvas = ImageOps.fit(image, small).filter(ImageFilter.GaussianBlur(4)).resize(size, Image.Resampling.BICUBIC)
    scale = min(size[0] / image.width, size[1] / image.height)
    inner = (max(round(image.width * scale), 1), max(round(image.height * scale), 1))
    inner = (min(inner[0], size[0]), min(inner[1], size[1]))
    resized = image.resize(inner, Image.Resampling.LANCZOS)
    canvas.paste(resized, ((size[0] - inner[0]) // 2, (size[1] - inner[1]) // 2))
    return canvas


def _encoded(image: Image.Image, rules: PictureRules) -> bytes:
    """A JPEG within the byte limit: coarser first, then smaller as long as the least sides allow."""
    while True:
        for quality in QUALITIES:
            kept = _jpeg(image, quality)
            if len(kept) <= rules.max_bytes:
                return kept
        ratio = image.width / image.height
        size = fitted_size((max(image.width * 3 // 4, 1), max(image.height * 3 // 4, 1)), rules)
        if size[0] >= image.width or abs(size[0] / size[1] - ratio) > 0.1 * ratio:
            raise UnreadablePicture(f"L'image ne tient pas en {_megabytes(rules.max_bytes)}.")
        image = image.resize(size, Image.Resampling.LANCZOS)


def _jpeg(image: Image.Image, quality: int) -> bytes:
    out = io.BytesIO()
    options: dict[str, Any] = {"quality": quality, "optimize": True, "progressive": True}
    image.save(out, "JPEG", **options)
    return out.getvalue()


def _megabytes(size: int) -> str:
    return f"{size / 1_000_000:.1f} Mo".replace(".", ",") if size >= 100_000 else f"{max(size // 1000, 1)} ko"
