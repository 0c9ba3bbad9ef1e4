"""What the four played modules share: feeds that page, ETags, the house's data, and a word to us by `POST webhook`."""

import base64
import binascii
import hashlib
import json
import secrets
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, ClassVar

from django.conf import settings
from django.db.models import Q
from django.http import HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from integrations.sandbox import store
from integrations.sandbox.callbacks import Callback
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.vendors.base import Call, Refused, Vendor, is_bad_token, json_answer, route, shape_problem
from integrations.services import doors

DATA = Path(__file__).resolve().parents[1] / "data"
LONGEST_PAGE, USUAL_PAGE = 500, 100
# The mark that a module has its first data; it goes when the sandbox is emptied, and the data come back.
SEEDED = "seeded"


@cache
def house(name: str) -> tuple[dict[str, Any], ...]:
    """The restaurant that the modules know: people, dishes, recipes."""
    return tuple(json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")))


@dataclass(frozen=True)
class Act:
    """What a person may do at a module. of: what is chosen first, (value, label) pairs; empty for nothing."""

    name: str
    label: str
    of: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Shown:
    """A module on its page: a line of facts, and what may be done there."""

    vendor: "ModuleVendor"
    facts: tuple[str, ...]
    acts: tuple[Act, ...]

    @property
    def forms(self) -> list[tuple[tuple[tuple[str, str], ...], list[Act]]]:
        """(what is chosen, the acts that it is chosen for)."""
        grouped: dict[tuple[tuple[str, str], ...], list[Act]] = {}
        for act in self.acts:
            grouped.setdefault(act.of, []).append(act)
        return list(grouped.items())


class ModuleVendor(Vendor):
    """A neighbouring module."""

    surface = "modules"
    # The kinds of records that are put there first.
    makers: ClassVar[dict[str, Callable[[], list[tuple[str, dict[str, Any]]]]]] = {}

    @abstractmethod
    def facts(self) -> tuple[str, ...]:
        """What its page says of what it holds."""

    @abstractmethod
    def acts(self) -> tuple[Act, ...]:
        """What a person may do there."""

    @abstractmethod
    def act(self, name: str, chosen: str) -> tuple[str, list[Callback]]:
        """Do it; returns what was done (French) and whom that is told to."""

    def show(self) -> Shown:
        self.seed()
        return Shown(self, self.facts(), self.acts())

    def seed(self) -> None:
        """Put the first data there, once."""
        if self.records(SEEDED).exists():
            return
        rows = [(SEEDED, SEEDED, {})]
        rows += [(kind, name, data) for kind, made in self.makers.items() for name, data in made()]
        VendorRecord.objects.bulk_create(
            [
                VendorRecord(vendor=self.slug, kind=kind, external_id=name, data=store.clean(data))
                for kind, name, data in rows
            ],
            ignore_conflicts=True,
        )

    @route("GET", r"health")
    def health(self, call: Call) -> HttpResponse:
        return conditional(call, {"status": "ok", "version": "bac-a-sable"})

    # --- Feeds -------------------------------------------------------------------------------------------------------

    def feed(self, call: Call, kind: str, **filters: Any) -> HttpResponse:
        """Records by the date of their last change, from a cursor on; the last cursor stays good."""
        rows = self.records(kind, **filters).order_by("updated_at", "pk")
        said = call.query.get("cursor", "")
        if said:
            at, pk = self._position(said)
            rows = rows.filter(Q(updated_at__gt=at) | Q(updated_at=at, pk__gt=pk))
        size = page_size(call)
        found = list(rows[: size + 1])
        shown = found[:size]
        after = cursor_of(shown[-1].updated_at, shown[-1].pk) if shown else said or cursor_of(timezone.now(), 0)
        items = [self.as_json(record) for record in shown]
        return conditional(call, {"items": items, "next_cursor": after, "has_more": len(found) > size})

    def as_json(self, record: VendorRecord) -> dict[str, Any]:
        """A record as the API shows it."""
        return {**record.data, "updated_at": record.updated_at.isoformat()}

    def _position(self, said: str) -> tuple[datetime, int]:
        at, pk = read_cursor(said)
        if at is None or not pk.isdigit():
            raise Refused(problem(422, "cursor : ce n'est pas un curseur de ce flux."))
        return at, int(pk)

    # --- Bodies ------------------------------------------------------------------------------------------------------

    def body(self, call: Call, shape: str) -> dict[str, Any]:
        """The body of a writing call, found to keep the contract. Raises Refused."""
        document = contract(self.slug)
        body = call.json()
        schema = {"$ref": f"#/$defs/{shape}", "$defs": document["$defs"]}
        if found := shape_problem(body, schema):
            place, said = found
            raise Refused(problem(422, f"{'.'.join(str(step) for step in place)} : {said}"))
        return body

    def known(self, kind: str, external_id: str) -> VendorRecord:
        """A record under a lock. Raises Refused."""
        found = self.find(kind, external_id)
        if found is None:
            raise Refused(problem(404, f"Rien ne porte l'identifiant {external_id[:60]}."))
        return store.locked(found)

    # --- The module's words ------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        if is_bad_token(call.bearer):
            raise Refused(self.expired(call))
        self.seed()

    def expired(self, call: Call) -> HttpResponse:
        return problem(401, "Jeton absent ou périmé.")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = problem(429, "Trop de demandes.")
        answer["Retry-After"] = str(max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return problem(503, "Module arrêté pour entretien.")

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return problem(400, reason)

    def no_route(self, call: Call) -> HttpResponse:
        return problem(404, f"Rien ne répond à {call.request.method} /{call.path[:120]}.")


@cache
def contract(slug: str) -> dict[str, Any]:
    """What we and the module agreed upon."""
    path = Path(settings.BASE_DIR) / "docs" / "contracts" / f"{slug}.json"
    return json.loads(path.read_text(encoding="utf-8"))


def conditional(call: Call, body: Any) -> HttpResponse:
    """An answer with its ETag; 304 to whoever has it already."""
    text = json.dumps(body, sort_keys=True, ensure_ascii=False, default=str)
    etag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    if call.request.headers.get("If-None-Match") == etag:
        answer: HttpResponse = HttpResponse(status=304)
    else:
        answer = json_answer(json.loads(text))
    answer["ETag"] = etag
    return answer


def problem(status: int, detail: str) -> JsonResponse:
    """A refusal as our modules word it."""
    answer = json_answer({"type": "about:blank", "status": status, "detail": detail[:500]}, status)
    answer["Content-Type"] = "application/problem+json"
    return answer


def page_size(call: Call) -> int:
    """How many elements are asked for. Raises Refused."""
    said = call.query.get("limit", str(USUAL_PAGE))
    if not said.isdecimal() or not 1 <= int(said) <= LONGEST_PAGE:
        raise Refused(problem(422, f"limit : un nombre de 1 à {LONGEST_PAGE}."))
    return int(said)


def cursor_of(at: datetime, name: Any) -> str:
    """A position in a feed, opaque to whoever gets it."""
    return base64.urlsafe_b64encode(f"{at.isoformat()}|{name}".encode()).decode()


def read_cursor(said: str) -> tuple[datetime | None, str]:
    """The position in a cursor; None for what is none."""
    try:
        at, _, name = base64.urlsafe_b64decode(said.encode()).decode().partition("|")
        return parse_datetime(at), name
    except (binascii.Error, ValueError):
        return None, ""


def tell(source: str, event: str, payload: dict[str, Any]) -> list[Callback]:
    """The call by which a module tells us of something, with the secret that our door asks for; none without one."""
    known = doors.current_rules().secrets
    if not known:
        return []
    body = {
        "id": secrets.token_hex(12),
        "event": event,
        "source": source,
        "timestamp": timezone.now().isoformat(),
        "payload": payload,
    }
    headers = {"Content-Type": "application/json", "X-Webhook-Secret": known[0]}
    address = f"{settings.PUBLIC_URL}/api/communication/webhook"
    return [Callback(address, json.dumps(body, ensure_ascii=False).encode(), headers)]
