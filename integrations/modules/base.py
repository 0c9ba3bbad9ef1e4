"""What every client of a module shares: paging, conditional reading, answers that say their age, checking, refusals."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar
from urllib.parse import quote

import requests
import structlog
from django.core.cache import cache
from django.utils import timezone

from integrations import strict_json
from integrations.answers import BAD_ANSWER
from integrations.connector import Connector
from integrations.errors import AccountDisconnected, CommunicationError, PermanentError, TransientError
from integrations.http import HttpClient
from integrations.modules._contract import Contract, contract_of
from integrations.modules._options import Options, credential_platform, module_option_faults, options_of
from integrations.modules._tables import Table, Unreadable, in_contract_words, in_their_words

log = structlog.get_logger(__name__)
# A page is applied in one transaction: long enough to be worth a call, short enough to let others write.
PAGE_SIZE = 100
# A module that always has one more page is broken, not rich.
MOST_PAGES = 500
NOT_MODIFIED = 304
NOT_CONFIGURED = "not_configured"


@dataclass(frozen=True)
class Age:
    """For how long an answer counts as fresh, and how long an older one may stand in while the module is down.

    Both zero: never kept, as what is about guests must be.
    """

    fresh: timedelta = timedelta(0)
    stale: timedelta = timedelta(0)


NEVER_KEPT = Age()


@dataclass(frozen=True)
class Answer:
    """What a module said. as_of: when; is_stale: it does not answer now, this is what it said then."""

    value: Any
    as_of: datetime
    is_stale: bool = False


@dataclass(frozen=True)
class Refusal:
    """One element of a page that cannot be used: its id if it has one, and why (French, no value in it)."""

    id: str
    reason: str


@dataclass(frozen=True)
class Page:
    """One page of a feed. is_unchanged: nothing new since the cursor, and nothing was read."""

    items: tuple[Any, ...] = ()
    refused: tuple[Refusal, ...] = ()
    next_cursor: str = ""
    has_more: bool = False
    etag: str = ""
    is_unchanged: bool = False


@dataclass(frozen=True)
class Reading:
    """One whole answer read for its changes. is_unchanged: it is still the one whose ETag was shown."""

    value: Any = None
    etag: str = ""
    is_unchanged: bool = False


class Module(Connector):
    """One neighbouring module. tables: how each kind of record is read; ages: how old its answers may be."""

    required_keys = ("base_url", "token")
    optional_keys = ("timeout", "words", "paths", "query")
    # There is no public address: whoever installs the house says where its modules are.
    address = ""
    tables: ClassVar[dict[str, Table]] = {}
    ages: ClassVar[dict[str, Age]] = {}

    def __init__(self, given: Mapping[str, Any] | None = None) -> None:
        self.options: Options = options_of(self.slug, self.label, given)
        read = self.options.timeout
        self.http = HttpClient(self.slug, classify=self.classify, timeout=read)
        self.contract: Contract = contract_of(self.slug)

    @property
    def is_configured(self) -> bool:
        return bool(self.options.base_url and self.options.token)

    def classify(self, response: requests.Response) -> CommunicationError | None:
        """Our own modules speak HTTP as it is meant: only the access has words of its own."""
        if response.status_code in (401, 403):
            return AccountDisconnected(
                f"Le module {self.label} refuse notre jeton ({response.status_code}) : donnez-en un autre à "
                f"{self.slug.upper()}_TOKEN ou à config/modules.json.",
                code=str(response.status_code),
            )
        return None

    def health(self) -> str:
        """What the module says of itself: "ok" or "degraded". Raises CommunicationError when it says nothing."""
        return self.read_whole("health").value["status"]

    # --- Asking ------------------------------------------------------------------------------------------------------

    def ask(self, name: str, *, body: Any = None, query: Mapping[str, Any] | None = None, etag: str = "", places: Mapping[str, str] | None = None) -> requests.Response:  # fmt: skip
        """Make the call that the contract names; places: what its path leaves open. Raises a CommunicationError."""
        self._require()
        method = self.contract.method(name)
        path = self.options.paths.get(name) or self.contract.path(name)
        filled = path.format(**{key: quote(said, safe="") for key, said in (places or {}).items()})
        address = f"{self.options.base_url}/{filled}"
        asked = {
            self.options.query.get(key, key): said for key, said in (query or {}).items() if said not in (None, "")
        }
        headers = {"Accept": "application/json", **({"If-None-Match": etag} if etag else {})}
        # Every writing call of the contracts may be repeated without further effect: none is of unknown outcome.
        return self.http.request(
            method, address, params=asked, json=body, headers=headers, token=self.options.token, creates=False
        )

    def read_whole(self, name: str, *, etag: str = "", query: Mapping[str, Any] | None = None, places: Mapping[str, str] | None = None) -> Reading:  # fmt: skip
        """One answer, checked whole; with the ETag of a former one, only if it changed."""
        response = self.ask(name, query=query, etag=etag, places=places)
        if response.status_code == NOT_MODIFIED:
            return Reading(etag=etag, is_unchanged=True)
        return Reading(self.checked(name, self.decoded(response)), response.headers.get("ETag", ""))

    def read_kept(self, name: str, *, query: Mapping[str, Any] | None = None, places: Mapping[str, str] | None = None) -> Answer:  # fmt: skip
        """One answer, from the cache while it is fresh, asked for again after; a stale one while the module is down."""
        age, now = self.ages.get(name, NEVER_KEPT), timezone.now()
        self._require()
        key = self._cache_key(name, query, places or {})
        kept = cache.get(key) if age != NEVER_KEPT else None
        if kept and now - kept["at"] < age.fresh:
            return Answer(kept["value"], kept["at"])
        try:
            reading = self.read_whole(name, query=query, etag=kept["etag"] if kept else "", places=places)
        except TransientError as error:
            if kept and now - kept["at"] < age.stale:
                log.warning("module_stale_answer", module=self.slug, name=name, code=error.code)
                return Answer(kept["value"], kept["at"], is_stale=True)
            raise
        value = kept["value"] if kept and reading.is_unchanged else reading.value
        if age != NEVER_KEPT:
            kept = {"value": value, "etag": reading.etag, "at": now}
            cache.set(key, kept, int(max(age.fresh, age.stale).total_seconds()))
        return Answer(value, now)

    def read_page(self, name: str, kind: str, *, cursor: str = "", etag: str = "", query: Mapping[str, Any] | None = None) -> Page:  # fmt: skip
        """One page of a feed, its elements checked one by one: a faulty one does not hold up the others."""
        asked = {**(query or {}), "cursor": cursor, "limit": PAGE_SIZE}
        response = self.ask(name, query=asked, etag=etag)
        if response.status_code == NOT_MODIFIED:
            return Page(next_cursor=cursor, etag=etag, is_unchanged=True)
        body = self.checked(name, in_contract_words(self.decoded(response), self._words("page")))
        items, refused = [], []
        for raw in body["items"]:
            said = in_contract_words(raw, self._words(kind))
            fault = self.contract.item_fault(name, said)
            if not fault:
                try:
                    items.append(self.tables[kind].read(said))
                    continue
                except Unreadable as error:
                    fault = str(error)
            refused.append(Refusal(str(said.get("id") or said.get(f"{kind}_id") or "")[:120], fault))
        if body["has_more"] and body["next_cursor"] in ("", cursor):
            raise self.bad_answer(name, "next_cursor : le même qu'avant, alors que has_more est vrai.")
        return Page(
            tuple(items), tuple(refused), body["next_cursor"], body["has_more"], response.headers.get("ETag", "")
        )

    def pages(self, name: str, kind: str, *, query: Mapping[str, Any] | None = None) -> Iterator[Page]:
        """All pages of a feed, from the beginning."""
        cursor = ""
        for _ in range(MOST_PAGES):
            page = self.read_page(name, kind, cursor=cursor, query=query)
            yield page
            if not page.has_more:
                return
            cursor = page.next_cursor
        raise self.bad_answer(name, f"plus de {MOST_PAGES} pages.")

    def listed(self, name: str, kind: str, answer: Answer) -> Answer:
        """A list's answer as records. Raises PermanentError for one that cannot be read."""
        return replace(answer, value=self.records(name, kind, answer.value["items"]))

    def records(self, name: str, kind: str, documents: list[Any]) -> tuple[Any, ...]:
        try:
            return tuple(self.tables[kind].read(document) for document in documents)
        except Unreadable as error:
            raise self.bad_answer(name, str(error)) from None

    def write(self, name: str, kind: str, document: dict[str, Any], places: Mapping[str, str]) -> Any:
        """Make a writing call with a document of the contract; returns the record in the answer."""
        response = self.ask(name, body=in_their_words(document, self._words(kind)), places=places)
        said = in_contract_words(self.decoded(response), self._words(kind))
        return self.records(name, kind, [self.checked(name, said)])[0]

    # --- Checking ----------------------------------------------------------------------------------------------------

    def decoded(self, response: requests.Response) -> Any:
        try:
            return strict_json.loads(response.content)
        except strict_json.JsonFault as fault:
            raise self.bad_answer("", f"ce n'est pas du JSON utilisable : {fault}.") from None

    def checked(self, name: str, body: Any) -> Any:
        """The answer, put into the contract's words and found to keep its shape. Raises PermanentError."""
        body = self._reworded(name, body)
        if fault := self.contract.fault(name, body):
            raise self.bad_answer(name, fault)
        return body

    def bad_answer(self, name: str, fault: str) -> PermanentError:
        what = f" ({self.contract.method(name)} {self.contract.path(name)})" if name else ""
        return PermanentError(
            f"Le module {self.label} ne répond pas comme convenu{what} : {fault} Rien n'a été repris ; voyez avec qui en "
            f"a la charge, le contrat est docs/contracts/{self.slug}.json.",
            code=BAD_ANSWER,
        )

    def _reworded(self, name: str, body: Any) -> Any:
        """Lists and single records hold their kind's own words inside."""
        kind = KIND_OF.get(name, "")
        if not self.options.words or not isinstance(body, dict) or not kind:
            return body
        body = in_contract_words(body, self._words("page"))
        words = self._words(kind)
        if isinstance(body.get("items"), list):
            return {**body, "items": [in_contract_words(item, words) for item in body["items"]]}
        return {**body, kind: in_contract_words(body[kind], words)} if kind in body else body

    def _words(self, kind: str) -> Mapping[str, str]:
        return self.options.words.get(kind, {})

    def _require(self) -> None:
        if not self.is_configured:
            name = self.slug.upper()
            raise PermanentError(
                f"Le module {self.label} n'est pas configuré : donnez {name}_BASE_URL et {name}_TOKEN, ou la partie "
                f"« {self.slug} » de config/modules.json.",
                code=NOT_CONFIGURED,
            )

    def _cache_key(self, name: str, query: Mapping[str, Any] | None, places: Mapping[str, str]) -> str:
        """Of the address and the words as well: another configuration is another answer."""
        told = [self.options.base_url, name, dict(query or {}), dict(places), {k: dict(v) for k, v in self.options.words.items()}]  # fmt: skip
        digest = hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()
        return f"module:{self.slug}:{digest[:40]}"


# The kind of record inside the answers that are read whole.
KIND_OF = {
    "featured": "recipe",
    "segments": "segment",
    "ingredients": "ingredient",
    "levels": "level",
    "alerts": "alert",
    "sales": "sale",
    "margins": "margin",
}


__all__ = ["Age", "Answer", "Module", "Page", "Reading", "Refusal", "credential_platform", "module_option_faults"]
