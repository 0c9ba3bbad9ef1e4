"""What every kind of action says of itself: the questions that staff answer, what it would do, and what it does."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

from vieuxmoulin.orchestrator.ledger import Requester

Params = dict[str, Any]
Choices = list[tuple[str, Any]]


def no_choices() -> Choices:
    """For a question that is answered in words."""
    return []


@dataclass(frozen=True)
class Occasion:
    """The event that a rule acts upon. event_id: one per event, for ever; at: when it happened."""

    rule_id: str
    rule: str
    event: str
    event_id: str
    at: datetime
    payload: dict[str, Any] = field(repr=False)

    @property
    def requester(self) -> Requester:
        return Requester(f"automatisme : {self.rule}"[:150])


@dataclass(frozen=True)
class Question:
    """One thing asked of staff. shape: line, text, words (a list), choice, boxes (several choices) or flag."""

    name: str
    label: Any
    shape: str = "line"
    help: Any = ""
    choices: Callable[[], Choices] = no_choices
    default: Any = ""
    is_required: bool = False


@dataclass(frozen=True)
class Done:
    """What came of an action, for the log (French, without a guest's data). task_id: its request in the ledger."""

    words: str
    task_id: Any = None


@dataclass(frozen=True)
class Foretold:
    """What an action would do, and the text that would leave."""

    words: str
    text: str = ""


class ActionKind:
    """One kind of action. A new one is its file: no migration, no list, no form to write."""

    slug: ClassVar[str] = ""
    label: ClassVar[Any] = ""
    questions: ClassVar[tuple[Question, ...]] = ()
    # The events of ours that it brings about by itself, by which rules could turn in a circle.
    causes: ClassVar[frozenset[str]] = frozenset()

    def problems(self, params: Params) -> dict[str, str]:
        """By question, what is wrong with the answers, beyond those that are missing."""
        return {}

    def summary(self, params: Params) -> str:
        """The action in a few words, for lists."""
        return str(self.label)

    def prepare(self, params: Params, occasion: Occasion) -> Any:
        """What must be asked of the network; it is called before the transaction. Raises CommunicationError."""
        return None

    def do(self, params: Params, occasion: Occasion, prepared: Any) -> Done:
        """Write the rows of the work, inside the transaction of the whole rule. Raises CommunicationError."""
        raise NotImplementedError

    def foretell(self, params: Params, occasion: Occasion) -> Foretold:
        """What `do` would do; no trace. Raises CommunicationError for what would be refused."""
        raise NotImplementedError
