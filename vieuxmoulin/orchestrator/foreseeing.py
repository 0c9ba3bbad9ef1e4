"""A rule tried without a trace: which past events it would act upon, with which text, and why not upon the others."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils import timezone

from campaigns.models import Automation, AutomationRun
from campaigns.services import automations
from integrations.errors import CommunicationError
from integrations.models import InboundEvent
from vieuxmoulin.orchestrator.actions.base import Occasion
from vieuxmoulin.orchestrator.automating import kind_of, label_of
from vieuxmoulin.orchestrator.circles import circle_of
from vieuxmoulin.orchestrator.event_examples import EXAMPLES


@dataclass(frozen=True)
class Past:
    """An event that came. row: where it is kept; None for an example of the catalogue."""

    event_id: str
    at: datetime
    payload: dict[str, Any] = field(repr=False)
    row: InboundEvent | None = None


@dataclass(frozen=True)
class Seen:
    """What one action would do of one event."""

    label: Any
    words: str
    text: str = ""
    is_refused: bool = False


@dataclass(frozen=True)
class Line:
    """One past event: why the rule would leave it, or what each action would do."""

    past: Past
    why_not: str = ""
    actions: tuple[Seen, ...] = ()


def past_events(event: str, most: int) -> list[Past]:
    """The last events of a name, the newest first: those of other modules; of ours, those that a rule has noted."""
    received = InboundEvent.objects.filter(event=event).order_by("-received_at")[:most]
    if received:
        return [Past(f"{automations.INBOUND}{row.pk}", row.occurred_at, row.payload, row) for row in received]
    noted = AutomationRun.objects.filter(automation__event=event).order_by("-created_at")[:most]
    return list({run.event_id: Past(run.event_id, run.created_at, run.payload) for run in noted}.values())


def example_of(event: str) -> list[Past]:
    """An event as the catalogue has it, where none came yet; [] for a name that it does not know."""
    return [Past("example", timezone.now(), EXAMPLES[event])] if event in EXAMPLES else []


def foretell(automation: Automation, events: Iterable[Past]) -> list[Line]:
    """What the rule would do of each event, as it is written now; nothing is written, sent or published."""
    asked = automations.asked_of(automation)
    circle = circle_of(automation.event, [one["kind"] for one in asked], but=automation.pk)
    turning = f"Ces règles tourneraient en rond : {' → '.join(circle)}." if circle else ""
    lines = []
    for past in events:
        why_not = turning or automations.why_not(automation, past.payload)
        seen = () if why_not else tuple(_seen(one, _occasion(automation, past)) for one in asked)
        lines.append(Line(past, why_not, seen))
    return lines


def _occasion(automation: Automation, past: Past) -> Occasion:
    return Occasion(str(automation.pk), automation.name, automation.event, past.event_id, past.at, past.payload)


def _seen(asked: dict[str, Any], occasion: Occasion) -> Seen:
    label = label_of(asked["kind"])
    try:
        found = kind_of(asked["kind"]).foretell(asked["params"], occasion)
    except CommunicationError as error:
        return Seen(label, str(error), is_refused=True)
    return Seen(label, found.words, found.text)
