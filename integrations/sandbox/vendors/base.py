"""What every played vendor shares: its routes, the reading of a call, the answers to mishaps."""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from jsonschema import Draft202012Validator

from integrations.sandbox import callbacks, store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.shown import ShownMail, ShownMenu, ShownPost, ShownSms

MAX_BODY_BYTES = 30 * 1024 * 1024
# A token holding one of these words is a bad one: the sandbox gave none out, so it cannot know the good ones.
BAD_TOKEN_WORDS = ("invalid", "expir", "revoked", "mauvais")


class Refused(Exception):
    """The vendor says no; what the transaction had written is undone."""

    def __init__(self, answer: HttpResponse) -> None:
        super().__init__(answer.status_code)
        self.answer = answer


class Malformed(Exception):
    """The body is not what its type promises."""


@dataclass(frozen=True)
class Route:
    """One method and path of a vendor's API; `creates` when the public or a guest sees something of it.

    is_open: answered without an access, as the pages that give one are.
    """

    method: str
    pattern: re.Pattern[str]
    creates: bool
    is_open: bool = False


def route(method: str, pattern: str, *, creates: bool = False, is_open: bool = False) -> Callable[[Callable], Callable]:
    """Mark a method of a vendor as the answer to an address, its named groups as arguments."""

    def mark(function: Callable) -> Callable:
        function.route = Route(method, re.compile(pattern), creates, is_open)  # type: ignore[attr-defined]
        return function

    return mark


@dataclass
class Call:
    """One call as the vendor reads it. The body is read before any transaction begins."""

    request: HttpRequest
    path: str
    body: bytes = b""
    query: QueryDict = field(default_factory=lambda: QueryDict(""))

    @classmethod
    def read(cls, request: HttpRequest, path: str) -> "Call":
        """Read all of a request; Django's own limit on bodies is not the vendors'."""
        is_multipart = (request.content_type or "").startswith("multipart/")
        body = b"" if is_multipart else request.read(MAX_BODY_BYTES + 1)
        return cls(request, path, body, request.GET)

    @property
    def is_json(self) -> bool:
        return (self.request.content_type or "").endswith("json")

    @property
    def is_too_large(self) -> bool:
        return len(self.body) > MAX_BODY_BYTES

    def json(self) -> Any:
        """The JSON body; raises Malformed."""
        try:
            return store.clean(json.loads(self.body))
        except (ValueError, RecursionError) as error:
            raise Malformed("The body is not valid JSON.") from error

    def form(self) -> QueryDict:
        """The form body, multipart or not."""
        if (self.request.content_type or "").startswith("multipart/"):
            return self.request.POST
        return QueryDict(self.body, encoding="utf-8")

    @property
    def bearer(self) -> str:
        """The token of `Authorization: Bearer …`, "" when there is none."""
        scheme, _, token = self.request.headers.get("Authorization", "").partition(" ")
        return token.strip() if scheme.lower() == "bearer" else ""


def is_bad_token(token: str) -> bool:
    """Whether a vendor would refuse this token."""
    return not token or any(word in token.lower() for word in BAD_TOKEN_WORDS)


class Vendor(ABC):
    """One vendor, in one file. `surface` says which page shows what it received; `shown_kind`, which records."""

    slug: ClassVar[str]
    label: ClassVar[str]
    surface: ClassVar[str]
    shown_kind: ClassVar[str]
    # The names of what is counted on the overview, for one and for several.
    nouns: ClassVar[tuple[str, str]]

    _routes: ClassVar[list[tuple[Route, Callable]]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        functions = (getattr(cls, name, None) for name in dir(cls))
        cls._routes = [(function.route, function) for function in functions if hasattr(function, "route")]

    def match(self, method: str, path: str) -> tuple[Route, Callable, dict[str, str]] | None:
        """The function that answers an address; HEAD reads like GET."""
        wanted = "GET" if method == "HEAD" else method
        for found, function in self._routes:
            if found.method == wanted and (match := found.pattern.fullmatch(path)):
                return found, function, match.groupdict()
        return None

    def records(self, kind: str, **filters: Any):
        return store.records(self.slug, kind, **filters)

    def find(self, kind: str, external_id: str) -> VendorRecord | None:
        return store.find(self.slug, kind, external_id)

    def add(self, kind: str, external_id: str, account_id: str, data: dict[str, Any], **fields: Any) -> VendorRecord:
        return store.add(self.slug, kind, external_id, account_id, data, **fields)

    # --- the vendor's own words ---------------------------------------------------------------------------------------

    @abstractmethod
    def authenticate(self, call: Call) -> None:
        """Raise Refused unless the call carries an access the vendor would accept."""

    @abstractmethod
    def expired(self, call: Call) -> HttpResponse:
        """The answer to an access that is no longer valid."""

    @abstractmethod
    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        """The answer to too many calls."""

    @abstractmethod
    def unavailable(self, call: Call) -> HttpResponse:
        """The 503 of a vendor that still speaks."""

    @abstractmethod
    def malformed(self, call: Call, reason: str) -> HttpResponse:
        """The answer to a body that cannot be read."""

    def too_large(self, call: Call) -> HttpResponse:
        """The answer to a body beyond MAX_BODY_BYTES."""
        return HttpResponse(status=413)

    @abstractmethod
    def no_route(self, call: Call) -> HttpResponse:
        """The answer to an address that does not exist."""


class FeedVendor(Vendor):
    """A vendor whose posts everyone sees."""

    surface = "feed"
    nouns = ("publication", "publications")

    @abstractmethod
    def show(self, record: VendorRecord) -> ShownPost:
        """Turn a record of `shown_kind` into what the page shows."""


class MenuVendor(Vendor):
    """A vendor that shows a menu to people who order."""

    surface = "delivery"
    # What a person may do there by hand, behind our back, and the words of the button.
    acts: ClassVar[tuple[tuple[str, str], ...]] = (
        ("dearer", "Augmenter le premier prix d'un euro"),
        ("careless", "Effacer les allergènes du premier plat"),
    )

    @abstractmethod
    def show(self, record: VendorRecord) -> ShownMenu:
        """Turn a record of `shown_kind` into what the page shows."""

    @abstractmethod
    def act(self, record: VendorRecord, act: str) -> list[Callback]:
        """Do one of `acts` to a locked record, and say whom that would be told to."""


class MessageVendor(Vendor):
    """A vendor that carries messages and, where we asked it to, tells us what became of them."""

    # What a person may make happen to one message, and the words of the button.
    acts: ClassVar[tuple[tuple[str, str], ...]] = ()

    def tell(self, records: list[VendorRecord], act: str, url: str = "") -> list[Callback]:
        """The calls by which this vendor tells of an act, to whoever asked to be told.

        act: delivered, deferred, opened, machine_opened, clicked (on `url`), bounced, blocked, failed, complained,
        unsubscribed, stop.
        """
        return []

    def tell_later(self, records: list[VendorRecord], act: str = "delivered") -> None:
        """What the vendor tells by itself a moment after it took messages: that they arrived."""
        if calls := self.tell(records, act):
            transaction.on_commit(lambda: callbacks.call_later(calls))


class MailVendor(MessageVendor):
    """A vendor that sends e-mail; a record's `account_id` is the recipient's address."""

    surface = "inbox"
    nouns = ("e-mail", "e-mails")
    acts = (
        ("opened", "Ouvrir"),
        ("clicked", "Suivre le lien"),
        ("machine_opened", "Ouverture par une machine"),
        ("unsubscribed", "Se désabonner"),
        ("complained", "Signaler comme indésirable"),
        ("blocked", "Refus passager"),
        ("bounced", "Adresse morte"),
    )

    @abstractmethod
    def show(self, record: VendorRecord) -> ShownMail:
        """Turn a record of `shown_kind` into what the page shows."""


class SmsVendor(MessageVendor):
    """A vendor whose messages reach a phone; a record's `account_id` is the number, or the name of the browser."""

    surface = "phone"
    nouns = ("SMS", "SMS")
    acts = (("blocked", "Téléphone éteint"), ("failed", "Filtré"), ("bounced", "Numéro mort"))
    # How a guest has enough, what is shown then, and whether a guest may change her mind there.
    leave_label = "Répondre STOP"
    left_label = "Ce numéro a répondu STOP : tout nouvel envoi est refusé."
    return_label = "Répondre START"

    @abstractmethod
    def show(self, record: VendorRecord) -> ShownSms:
        """Turn a record of `shown_kind` into what the page shows."""

    def opt_out(self, number: str) -> None:
        """Remember that a guest answered STOP."""
        if not self.has_opted_out(number):
            self.add("stop", number, number, {})

    def opt_in(self, number: str) -> None:
        """Forget it, as START does."""
        self.records("stop", external_id=number).delete()

    def has_opted_out(self, number: str) -> bool:
        """Whether messages to this number are refused."""
        return self.find("stop", number) is not None


def json_answer(data: Any, status: int = 200, **headers: str) -> JsonResponse:
    """A JSON answer with headers, whose underscores become dashes."""
    answer = JsonResponse(data, status=status, safe=False, json_dumps_params={"ensure_ascii": False})
    for name, value in headers.items():
        answer[name.replace("_", "-")] = value
    return answer


def shape_problem(body: Any, schema: dict[str, Any]) -> tuple[list[str | int], str] | None:
    """Where a body first leaves the shape that a vendor expects, and how; None when it does not."""
    error = next(iter(Draft202012Validator(schema).iter_errors(body)), None)
    return (list(error.absolute_path), error.message[:200]) if error else None


def hidden(answer: HttpResponse) -> HttpResponse:
    """Mark the answer of a creating route that, this time, showed nothing to anyone."""
    answer.shows_nothing = True  # type: ignore[attr-defined]
    return answer


def is_web_address(value: Any) -> bool:
    """Whether a text is an http(s) address with a host; nothing is fetched."""
    return isinstance(value, str) and re.fullmatch(r"https?://[^\s/?#@]+([/?#]\S*)?", value) is not None
