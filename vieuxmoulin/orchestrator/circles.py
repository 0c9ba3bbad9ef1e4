"""Rules that would turn in a circle: what one does brings about the event that another waits for, and so on, back."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

from campaigns.models import Automation
from vieuxmoulin.orchestrator.actions import registry


def caused_by(kinds: Iterable[str]) -> frozenset[str]:
    """The events that actions of these kinds bring about by themselves."""
    return frozenset().union(*(registry[kind].causes for kind in kinds if kind in registry))


def circle_of(event: str, kinds: Iterable[str], *, but: Any = None) -> list[str]:
    """The events by which a rule would come back to its own, through the active rules; [] when it never does.

    kinds: of its actions. but: the rule itself, as it is kept now.
    """
    others: dict[str, set[str]] = defaultdict(set)
    rules = Automation.objects.filter(is_active=True).exclude(pk=but).prefetch_related("actions")
    for rule in rules:
        others[rule.event] |= caused_by(action.kind for action in rule.actions.all())
    return path_back(event, caused_by(kinds), others)


def path_back(event: str, caused: Iterable[str], others: Mapping[str, set[str]]) -> list[str]:
    """[event, …, event], the shortest; [] when there is none. others: by event, what rules bring about of it. Pure."""
    paths = [[event, name] for name in sorted(caused)]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        if path[-1] == event:
            return path
        if path[-1] not in seen:
            seen.add(path[-1])
            paths += [[*path, name] for name in sorted(others.get(path[-1], ()))]
    return []
