"""SMS texts: how many parts a text is sent and paid in, what makes it dear, how to say the same for less.

GSM 03.38: 160 signs in one part, 153 in each of several, as long as every sign is of its alphabet. One sign outside it
and the whole text is sent in UCS-2: 70 signs, then 67. « ç », « ê » and the typographic apostrophe are outside.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from django.conf import settings

from notifications.connectors import registry

GSM, UCS2 = "GSM-7", "UCS-2"
_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
# Sent as an escape and a sign: two units each.
_EXTENDED = frozenset("\f^{}\\[~]|€")
_WHOLE = {GSM: 160, UCS2: 70}
_EACH = {GSM: 153, UCS2: 67}
# What one part costs when settings say nothing, in euros; the order of what services ask in France.
DEFAULT_PART_COST = "0.07"

_SPACES = re.compile("[\u00a0\u202f\u2000-\u200a\u205f\u3000\t]")
# Typography: the guest reads the same.
_TYPOGRAPHY = {
    **dict.fromkeys("’‘ʼ´`′", "'"), **dict.fromkeys("“”„″", '"'), **dict.fromkeys("–—‑‐−―", "-"),
    **dict.fromkeys("\u200b\u200c\u2060\ufeff\u00ad", ""), "…": "...", "•": "-", "·": "-", "×": "x", "‹": "'", "›": "'",
    "œ": "oe", "Œ": "OE",
}  # fmt: skip
_QUOTE_OPENS, _QUOTE_CLOSES, _NUMBER_SIGN = re.compile("« ?"), re.compile(" ?»"), re.compile("(?<=[nN])°")
_PICTURES = re.compile(r" ?\0+(?=[ .,!?\n]|\Z)|\0+ ?")
_PICTURE_CATEGORIES = frozenset(("So", "Sk", "Cf", "Mn", "Me", "Cn"))
_TAG = re.compile(r"(\{\{\{.*?\}\}\}|\{\{!--.*?--\}\}|\{\{.*?\}\})", re.DOTALL)


@dataclass(frozen=True)
class Parts:
    """How a text is sent. limit: the units that this many parts hold. odd: the signs that force UCS-2, once each."""

    encoding: str
    units: int
    parts: int
    limit: int
    odd: tuple[str, ...] = ()


@dataclass(frozen=True)
class Suggestion:
    """A cheaper wording. changes: what becomes what. alters: it reads differently, « ça » as « ca », or lost a picture."""

    text: str
    before: Parts
    after: Parts
    changes: tuple[tuple[str, str], ...]
    alters: bool

    @property
    def saved(self) -> int:
        """Parts that each message saves."""
        return self.before.parts - self.after.parts


def parts(text: str, *, added: int = 0) -> Parts:
    """How a text is sent. added: plain signs that the service appends by itself, such as a STOP mention."""
    odd = tuple(dict.fromkeys(sign for sign in text if sign not in _BASIC and sign not in _EXTENDED))
    encoding = UCS2 if odd else GSM
    widths = [_width(sign, encoding) for sign in text] + [1] * added
    units = sum(widths)
    if units <= _WHOLE[encoding]:
        return Parts(encoding, units, 1, _WHOLE[encoding], odd)
    count, room = 1, _EACH[encoding]
    for width in widths:
        # Neither an escape pair nor a surrogate pair may be cut in two.
        if width > room:
            count, room = count + 1, _EACH[encoding]
        room -= width
    return Parts(encoding, units, count, count * _EACH[encoding], odd)


def _width(sign: str, encoding: str) -> int:
    if encoding == GSM:
        return 2 if sign in _EXTENDED else 1
    return 2 if ord(sign) > 0xFFFF else 1


def plain_spaces(text: str) -> str:
    """Ordinary spaces and line ends: a telephone shows the same, and an unbreakable one alone would double the price."""
    return _SPACES.sub(" ", text.replace("\r\n", "\n").replace("\r", "\n"))


def cheaper(text: str, *, added: int = 0, measure: Callable[[str], Parts] | None = None) -> Suggestion | None:
    """The same text in fewer parts, changed as little as that takes; None when no change saves a part.

    The tags of a template stay as they are. measure: how a template's text is sent once it is filled.
    """
    sized = measure or (lambda written: parts(written, added=added))
    text = plain_spaces(text)
    before = sized(text)
    best: Suggestion | None = None
    steps: tuple[tuple[Callable[[str], str], bool], ...] = (
        (_without_typography, False),
        (_without_accents, True),
        (_without_pictures, True),
    )
    written = text
    for simplify, alters in steps:
        written = _outside_tags(written, simplify)
        after = sized(written)
        if after.parts < (best.after if best else before).parts:
            best = Suggestion(written, before, after, _changes(parts(text).odd, written), alters)
    return best


def _outside_tags(text: str, change: Callable[[str], str]) -> str:
    pieces = _TAG.split(text)
    return "".join(piece if index % 2 else change(piece) for index, piece in enumerate(pieces))


def _without_typography(text: str) -> str:
    text = _QUOTE_CLOSES.sub('"', _QUOTE_OPENS.sub('"', text))
    text = _NUMBER_SIGN.sub("o", text)
    return "".join(_TYPOGRAPHY.get(sign, sign) for sign in text)


def _without_accents(text: str) -> str:
    return "".join(_bare(sign) for sign in text)


def _bare(sign: str) -> str:
    """A letter without its accent when the alphabet has no such letter; é, è, à and ù are in it and stay."""
    if sign in _BASIC or sign in _EXTENDED:
        return sign
    bare = "".join(part for part in unicodedata.normalize("NFKD", sign) if not unicodedata.combining(part))
    return bare if bare and all(part in _BASIC for part in bare) else sign


def _without_pictures(text: str) -> str:
    """Without emoji and what joins them, nor the space that stood before."""
    marked = "".join("\0" if _is_picture(sign) else sign for sign in text if sign != "\0")
    return _PICTURES.sub("", marked)


def _is_picture(sign: str) -> bool:
    return sign not in _BASIC and sign not in _EXTENDED and unicodedata.category(sign) in _PICTURE_CATEGORIES


def _changes(odd: tuple[str, ...], written: str) -> tuple[tuple[str, str], ...]:
    """What becomes what, for the signs that are gone."""
    gone = [sign for sign in odd if sign not in written]
    return tuple((sign, _replacement(sign)) for sign in gone)


def _replacement(sign: str) -> str:
    if sign in "«»":
        return '"'
    if sign == "°":
        return "o"
    return _without_pictures(_bare(_TYPOGRAPHY.get(sign, sign)))


# --- What a service adds, what it costs ---------------------------------------------------------------------------------


def stop_signs(platform: str) -> int:
    """The signs of the STOP mention that a service appends to what sells; 0 when it appends none and we must.

    A connector says so by its `stop_signs`. A name as sender takes no answer: there, the way out is a link.
    """
    return int(getattr(registry.get(platform), "stop_signs", 0))


def part_cost(platform: str = "") -> Decimal:
    """What one part costs at a service, in euros: `SMS_PART_COST` by service, its « default », else an order of it."""
    prices = getattr(settings, "SMS_PART_COST", {})
    return Decimal(str(prices.get(platform) or prices.get("default") or DEFAULT_PART_COST))


# --- The sender's name --------------------------------------------------------------------------------------------------

LONGEST_SENDER, SHORTEST_SENDER = 11, 3
_NUMBER = re.compile(r"\+?[0-9]+")
_FRENCH_MOBILE = re.compile(r"(?:\+33|0)[67]")
# Operators refuse names that say nothing of who writes.
_NAMELESS = {
    "ALERTE", "CLIENT", "CONTACT", "INFO", "INFOS", "MESSAGE", "NEWS", "OFFRE", "PROMO", "RDV", "RESTAURANT", "SERVICE",
    "SMS", "STOP", "TEST",
}  # fmt: skip
_ARTICLES = {"LE", "LA", "LES", "L", "AU", "AUX", "CHEZ", "DE", "DES", "DU", "D"}


def sender_of(secrets: dict[str, str]) -> str:
    """The name or number that a service's access gives as the sender; "" when it gives none."""
    return next((secrets[key] for key in ("sender", "from_number") if secrets.get(key)), "")


def check_sender(sender: str, *, spaces: bool = True) -> str:
    """What is wrong with the name that guests see as the sender, in French with a cure; "" when nothing is.

    spaces: whether the service takes any. A number is a sender too.
    """
    cure = f" Par exemple « {propose_sender(settings.RESTAURANT_NAME)} »."
    if _NUMBER.fullmatch(sender):
        return _number_fault(sender, cure)
    if not re.fullmatch(r"[A-Za-z0-9 ]*", sender):
        return f"L'expéditeur d'un SMS ne contient que des lettres sans accent et des chiffres.{cure}"
    if " " in sender and (not spaces or sender != sender.strip()):
        return f"Cet expéditeur de SMS contient une espace mal placée ou que ce service refuse.{cure}"
    if len(sender) > LONGEST_SENDER:
        return f"L'expéditeur d'un SMS a {LONGEST_SENDER} signes au plus ; celui-ci en a {len(sender)}.{cure}"
    if len(sender) < SHORTEST_SENDER:
        return f"L'expéditeur d'un SMS a {SHORTEST_SENDER} signes au moins.{cure}"
    if sender.upper() in _NAMELESS:
        return f"« {sender} » ne dit pas qui écrit : les opérateurs le refusent.{cure}"
    return ""


def _number_fault(sender: str, cure: str) -> str:
    if _FRENCH_MOBILE.match(sender):
        return f"Les opérateurs français bloquent les envois en nombre depuis un 06 ou un 07.{cure}"
    if sender.startswith("+") or len(sender) == 5:
        return ""
    return f"L'expéditeur d'un SMS ne peut pas être fait de chiffres seuls, sauf un numéro entier (+33…).{cure}"


def propose_sender(name: str) -> str:
    """A sender that fits, made of a house's name: « Le Vieux Moulin » gives « VieuxMoulin »."""
    words = re.findall(r"[A-Za-z0-9]+", _without_accents(_without_typography(name)))
    telling = [word for word in words if word.upper() not in _ARTICLES] or words
    return "".join(word[:1].upper() + word[1:] for word in telling)[:LONGEST_SENDER]
