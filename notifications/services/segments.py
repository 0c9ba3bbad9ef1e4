"""Groups of guests told by rules: `members` makes one query of them, whatever their number and depth.

Rules are {"all": [...]}, {"any": [...]}, {"not": rule} around {"field", "op", "value"}. What a field means, and which
operators it takes, stands in `segment_fields`; no value ever becomes SQL but as a parameter.
"""

from difflib import get_close_matches
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from integrations.errors import ContentRejected
from notifications.models import Contact, Segment
from notifications.services.segment_fields import FIELDS, BadValue

MOST_RULES, DEEPEST = 50, 5
GROUPS = ("all", "any", "not")


def members(rules: dict[str, Any]) -> QuerySet[Contact]:
    """The guests whom the rules describe, each once; everybody for no rule. Raises ContentRejected naming each fault."""
    if problems := check(rules):
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="segment", problems=problems)
    return Contact.objects.filter(_compile(rules)) if rules else Contact.objects.all()


def count(rules: dict[str, Any]) -> int:
    """How many guests the rules describe now."""
    return members(rules).order_by().count()


def by_slug(slug: str) -> Segment | None:
    """A segment by its name in programs."""
    return Segment.objects.filter(slug=slug).first()


def remember_count(segment: Segment) -> int:
    """Count a segment and keep the figure for lists."""
    number = count(segment.rules)
    Segment.objects.filter(pk=segment.pk).update(last_count=number, counted_at=timezone.now())
    return number


def check(rules: Any) -> list[dict[str, str]]:
    """What is wrong with rules: where (path), what, and what would be right. Empty when all is well."""
    problems: list[dict[str, str]] = []
    total = _check(rules, "rules", 0, problems) if rules else 0
    if total > MOST_RULES:
        problems.append({"field": "rules", "message": f"{total} règles : {MOST_RULES} au plus."})
    return problems


def _check(rule: Any, at: str, depth: int, problems: list[dict[str, str]]) -> int:
    """Check one rule and those below it; returns how many rules it holds."""
    if not isinstance(rule, dict):
        problems.append({"field": at, "message": "Une règle est un objet JSON."})
        return 1
    if depth > DEEPEST:
        problems.append({"field": at, "message": f"Règles trop imbriquées : {DEEPEST} niveaux au plus."})
        return 1
    named = [name for name in GROUPS if name in rule]
    if named:
        if len(rule) > 1:
            problems.append({"field": at, "message": f"« {named[0]} » est seul dans son objet."})
        inner = rule[named[0]]
        if named[0] == "not":
            return _check(inner, f"{at}.not", depth + 1, problems)
        if not isinstance(inner, list) or not inner:
            problems.append({"field": f"{at}.{named[0]}", "message": "Une liste d'au moins une règle est attendue."})
            return 1
        return sum(_check(item, f"{at}.{named[0]}[{rank}]", depth + 1, problems) for rank, item in enumerate(inner))
    _check_leaf(rule, at, problems)
    return 1


def _check_leaf(rule: dict[str, Any], at: str, problems: list[dict[str, str]]) -> None:
    name = rule.get("field")
    if unknown := sorted(set(rule) - {"field", "op", "value"}):
        problems.append({"field": f"{at}.{unknown[0]}", "message": f"Clé inconnue « {unknown[0]} »."})
    field = FIELDS.get(name) if isinstance(name, str) else None
    if field is None:
        close = get_close_matches(str(name), FIELDS, 1)
        hint = f"Vouliez-vous dire « {close[0]} » ?" if close else f"Champs : {', '.join(FIELDS)}."
        problems.append({"field": f"{at}.field", "message": f"Champ inconnu « {name} ». {hint}"})
        return
    if rule.get("op") not in field.operators:
        allowed = ", ".join(field.operators)
        problems.append({"field": f"{at}.op", "message": f"« {field.label} » se compare par : {allowed}."})
        return
    try:
        field.condition(rule["op"], rule.get("value"))
    except BadValue as error:
        problems.append({"field": f"{at}.value", "message": f"« {field.label} » : {error}"})


def _compile(rule: dict[str, Any]) -> Q:
    if "not" in rule:
        # By the keys: NOT of a comparison with nothing is nothing in SQL, and would lose those of whom nothing is known.
        return ~Q(pk__in=Contact.objects.filter(_compile(rule["not"])).order_by().values("pk"))
    if "all" in rule or "any" in rule:
        found = Q()
        for item in rule.get("all") or rule.get("any") or []:
            found = found & _compile(item) if "all" in rule else (found | _compile(item) if found else _compile(item))
        return found
    return FIELDS[rule["field"]].condition(rule["op"], rule.get("value"))
