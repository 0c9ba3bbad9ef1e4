"""The values of a template as staff type them: a line each, « nom : valeur »; JSON for what a line cannot hold."""

import json
import math
import re
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

_NAME = r"[^\W\d]\w*"
_LINE = re.compile(rf"\s*({_NAME})\s*:(.*)")
YES, NO = ("oui", "true"), ("non", "false")


def read(typed: str, sample: dict[str, Any]) -> dict[str, Any]:
    """The values that were typed, each of the kind that the template's sample has. Raises ValidationError (French)."""
    if typed.lstrip().startswith("{"):
        return _read_json(typed)
    found: dict[str, Any] = {}
    for number, line in enumerate(typed.splitlines(), 1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise ValidationError(
                _(
                    "Ligne %(number)s : « %(line)s » n'a pas de nom. Écrivez une valeur par ligne, comme « %(example)s »."
                )
                % {"number": number, "line": line.strip()[:60], "example": _("promo_title : Les cèpes sont là")}
            )
        found[match[1]] = _value(match[1], match[2].strip(), sample.get(match[1]))
    return found


def written(sample: dict[str, Any]) -> str:
    """Values as lines that `read` reads back; as JSON when one of them is more than a line can hold."""
    if not sample:
        return ""
    if not all(re.fullmatch(_NAME, name) and _fits(value) for name, value in sample.items()):
        return json.dumps(sample, ensure_ascii=False, indent=2)
    return "\n".join(f"{name} : {_words(value)}" for name, value in sample.items())


def _fits(value: Any) -> bool:
    if value is None:
        return False
    words = _words(value)
    return words == words.strip() and len(words.splitlines()) <= 1


def _words(value: Any) -> str:
    if isinstance(value, bool):
        return (YES if value else NO)[0]
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _value(name: str, text: str, example: Any) -> Any:
    if isinstance(example, bool):
        if text.lower() in (*YES, *NO):
            return text.lower() in YES
        raise ValidationError(_("« %(name)s » : oui ou non.") % {"name": name})
    if isinstance(example, int | float):
        return _number(name, text, example)
    if isinstance(example, list | dict):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            form = json.dumps(example, ensure_ascii=False)[:120]
            raise ValidationError(
                _("« %(name)s » : cette liste ne se lit pas. Partez de l'exemple : %(form)s")
                % {"name": name, "form": form}
            ) from None
    return text


def _number(name: str, text: str, example: float) -> float:
    plain = "".join(text.split()).replace(",", ".")
    for kind in (int, float):
        try:
            found = kind(plain)
        except ValueError:
            continue
        if "_" not in plain and math.isfinite(found):
            return found
    raise ValidationError(
        _("« %(name)s » : un nombre est attendu, comme %(example)s.") % {"name": name, "example": example}
    )


def _read_json(typed: str) -> dict[str, Any]:
    try:
        return json.loads(typed)
    except (ValueError, RecursionError) as error:
        raise ValidationError(
            _(
                "Ces valeurs ne se lisent pas : ligne %(line)s, signe %(column)s. Plus simple : une par ligne, « nom : valeur »."
            )
            % {"line": getattr(error, "lineno", 1), "column": getattr(error, "colno", 1)}
        ) from None
