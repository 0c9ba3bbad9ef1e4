"""Read JSON from outside: what it may hold is what both databases can keep, and the fault is named by its place."""

import json
import math
from collections import Counter
from typing import Any

MAX_DEPTH = 40
# What both databases keep in their widest column.
BIGGEST = 2**63 - 1
# Beyond it, reading the digits alone costs time.
LONGEST_NUMBER = 100
_DECODER_ERRORS = {
    "Expecting value": "une valeur est attendue",
    "Expecting property name enclosed in double quotes": "un nom de champ entre guillemets doubles est attendu",
    "Expecting ':' delimiter": "« : » est attendu",
    "Expecting ',' delimiter": "« , » est attendu",
    "Unterminated string starting at": "un texte n'est pas refermé",
    "Invalid control character at": "un signe de contrôle n'est pas échappé",
    "Extra data": "rien n'est attendu après la fin du document",
    "Illegal trailing comma before end of object": "virgule de trop avant « } »",
    "Illegal trailing comma before end of array": "virgule de trop avant « ] »",
}


class JsonFault(ValueError):
    """A document that is not taken; the text is French and says where. path: the value at fault, empty if unknown."""

    def __init__(self, message: str, path: str = "") -> None:
        super().__init__(message)
        self.path = path


def loads(body: bytes) -> Any:
    """The document in `body`. Raises JsonFault for what is no JSON, and for what JSON allows but no row can hold:
    NaN, numbers beyond 64 bits, the NUL character, halves of characters, a name twice, a depth beyond 40.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise JsonFault(f"ce n'est pas de l'UTF-8 (octet {error.start})") from None
    try:
        document = json.loads(
            text,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded,
            object_pairs_hook=_names_once,
        )
    except json.JSONDecodeError as error:
        said = _DECODER_ERRORS.get(error.msg, "écriture inattendue")
        raise JsonFault(f"ligne {error.lineno}, colonne {error.colno} : {said}") from None
    except RecursionError:
        raise JsonFault(f"plus de {MAX_DEPTH} niveaux imbriqués") from None
    _check(document)
    return document


def _no_constant(name: str) -> Any:
    raise JsonFault(f"« {name} » n'est pas un nombre en JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise JsonFault(f"nombre trop grand ({text[:20]})")
    return number


def _bounded(text: str) -> int:
    if len(text) > LONGEST_NUMBER or abs(int(text)) > BIGGEST:
        raise JsonFault(f"nombre trop grand ({text[:20]})")
    return int(text)


def _names_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        counts = Counter(name for name, _ in pairs)
        raise JsonFault(f"le champ « {printable(counts.most_common(1)[0][0])} » est donné deux fois")
    return found


def _check(document: Any) -> None:
    """Walk the document without recursion: a hostile one must not be able to exhaust the stack.

    A trail is (the trail above, the last step): written out for each value, the paths of a long list below a long name
    would fill the memory.
    """
    waiting: list[tuple[Any, Any, int]] = [(document, None, 0)]
    while waiting:
        value, trail, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise JsonFault(f"plus de {MAX_DEPTH} niveaux imbriqués", _path(trail))
        if isinstance(value, str):
            _check_text(value, trail)
        elif isinstance(value, dict):
            for name, inner in value.items():
                _check_text(name, trail)
                waiting.append((inner, (trail, name), depth + 1))
        elif isinstance(value, list):
            waiting.extend((inner, (trail, rank), depth + 1) for rank, inner in enumerate(value))


def _path(trail: Any) -> str:
    """A trail in words: content.tags[1]."""
    steps: list[Any] = []
    while trail is not None:
        trail, step = trail
        steps.append(step)
    path = ""
    for step in reversed(steps):
        path += f"[{step}]" if isinstance(step, int) else f".{printable(step)}" if path else printable(step)
    return path


def _check_text(text: str, trail: Any) -> None:
    if "\x00" in text:
        raise JsonFault("le caractère NUL (\\u0000) n'est pas admis", _path(trail))
    try:
        text.encode()
    except UnicodeEncodeError:
        raise JsonFault("un texte contient une moitié de caractère (\\ud800 à \\udfff)", _path(trail)) from None


def printable(text: str) -> str:
    """A piece of a refused document, fit to be shown in the answer."""
    return "".join(sign if sign.isprintable() else "�" for sign in text[:60])
