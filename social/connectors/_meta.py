"""What Facebook and Instagram share: the Graph API's versions, errors and signed calls.

Source: developers.facebook.com, Graph API changelog and error reference (v25–v26, read 2026-08).
"""

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar
from urllib.parse import urlsplit

import requests

from integrations.errors import (
    AccountDisconnected,
    CommunicationError,
    ContentRejected,
    OutcomeUnknown,
    PermanentError,
    RateLimited,
    TransientError,
)
from social.connectors._creation import Duplicate, json_object
from social.connectors.base import Credentials, End, Metrics, SocialConnector

DEFAULT_VERSION = "v25.0"
# A call to an expired version is served by the oldest living one, with its fields: it never fails loudly.
VERSION_ENDS = {
    "v18.0": date(2026, 1, 26),
    "v19.0": date(2026, 5, 21),
    "v20.0": date(2026, 9, 24),
    "v21.0": date(2027, 1, 21),
    "v22.0": date(2027, 5, 20),
    "v23.0": date(2027, 10, 8),
    "v24.0": date(2028, 2, 18),
    "v25.0": date(2028, 7, 29),
}
RATE_CODES = {4, 17, 32, 341, 613, *range(80000, 80015)}
ACCESS_CODES = {3, 10, 102, 104, 190, *range(200, 300)}
CONTENT_SUBCODES = {
    1366046, 2061006, 1349125, 2069019, 1609005, 2207052, 2207077, 2207004, 2207005, 2207009, 2207010, 2207026,
    2207023, 2207028, 2207035, 2207036, 2207037, 2207040, 2207057,
}  # fmt: skip
ACCESS_SUBCODES = {2207050, 1404078, 1404006, 1404112, 4854002}
TRANSIENT_SUBCODES = {
    2207003, 2207001, 2207032, 2207020, 2207053, 2207008, 2207027, 1609010, 1363047,
}  # fmt: skip
DUPLICATE_SUBCODES = {1404082, 1366051}
SECONDS_PER_DAY = 86_400
# Calls that show something to the public, by the end of their address.
VISIBLE = ("/feed", "/videos", "/media_publish", "/comments", "/replies")
MAX_PAGES = 20


class NoData(PermanentError):
    """The numbers exist but are withheld: too few people saw the post."""


class Gone(PermanentError):
    """The object does not exist, or may not be seen: Meta does not tell which."""


def graph_error(response: requests.Response) -> CommunicationError | None:
    """Read `{"error": {code, error_subcode, is_transient, …}}`, which decides more than the HTTP status does."""
    try:
        body = response.json()
    except ValueError:
        return None
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return None
    code, subcode = error.get("code"), error.get("error_subcode")
    said = error.get("error_user_msg") or error.get("message") or "sans explication"
    if (code in (1, 2) or response.status_code >= 500) and not error.get("is_transient") and _shows_a_post(response):
        # A fault of Meta's in the one call that shows the post: it may be there all the same (law 3).
        return OutcomeUnknown(
            f"Meta a eu un incident en créant le post. Il répond : « {said} ».",
            code=f"meta_{code}",
            vendor_answer=response.text,
        )
    if code == 10 and "not enough viewers" in str(error.get("message", "")).lower():
        return NoData("Meta n'a pas encore assez de vues pour donner ces chiffres.", vendor_answer=response.text)
    kind, sentence, extra = _kind(code, subcode, bool(error.get("is_transient")), response.status_code)
    return kind(
        f"{sentence} Meta répond : « {said} ».",
        code=f"meta_{code}" + (f"_{subcode}" if subcode else ""),
        vendor_answer=response.text,
        **extra,
    )


graph_error.inspects_success = True  # type: ignore[attr-defined]  # a 200 may carry an `error` too


def _shows_a_post(response: requests.Response) -> bool:
    """Whether the request was the one that makes a post visible."""
    path = urlsplit(response.request.url or "").path
    return response.request.method == "POST" and path.endswith(VISIBLE)


def _kind(
    code: int | None, subcode: int | None, is_transient: bool, status: int
) -> tuple[type[CommunicationError], str, dict[str, Any]]:
    if is_transient or subcode in TRANSIENT_SUBCODES:
        return TransientError, "Meta a un incident passager ; un nouvel essai suivra.", {}
    if subcode == 2207042:
        return RateLimited, "Le quota du jour d'Instagram est atteint.", {"retry_after_seconds": SECONDS_PER_DAY / 4}
    if subcode == 2207051:
        return PermanentError, "Instagram a bloqué cette action, qu'il prend pour du spam.", {}
    if code == 506 or subcode in DUPLICATE_SUBCODES:
        return Duplicate, "Facebook a déjà ce même post : changez-en un mot.", {}
    if code == 100 and subcode == 33:
        return Gone, "Meta ne connaît pas cet élément, ou ne nous le montre pas.", {}
    if subcode in ACCESS_SUBCODES:
        return AccountDisconnected, "Meta demande de vérifier le compte : reconnectez-le.", {}
    if subcode in CONTENT_SUBCODES or code in (36000, 36001, 36003, 36004, 352, 9004):
        return ContentRejected, "Meta refuse ce contenu : corrigez-le.", {}
    if code in RATE_CODES or subcode == 1390008:
        return RateLimited, "Meta demande de ralentir ; un nouvel essai suivra.", {}
    if code in ACCESS_CODES:
        return AccountDisconnected, "L'accès à ce compte n'est plus valable : reconnectez-le.", {}
    if code in (1, 2) or (code is not None and code < 0) or status >= 500:
        return TransientError, "Meta a un incident passager ; un nouvel essai suivra.", {}
    if code == 100:
        return ContentRejected, "Meta refuse un élément de ce contenu : corrigez-le.", {}
    return PermanentError, "Meta refuse cette demande.", {}


def signed(token: str, app_secret: str) -> dict[str, str]:
    """`appsecret_proof`, wanted on every call when the app requires its secret; it belongs to one token."""
    if not app_secret:
        return {}
    return {"appsecret_proof": hmac.new(app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()}


class MetaConnector(SocialConnector):
    """One call to the Graph API, its pages of results and its numbers."""

    address = "https://graph.facebook.com"
    ends: ClassVar[tuple[End, ...]] = (
        End(
            f"la version {DEFAULT_VERSION} de l'API de Meta",
            VERSION_ENDS[DEFAULT_VERSION],
            "Donner une version plus récente dans « api_version », ou mettre ce module à jour.",
        ),
    )
    classify = staticmethod(graph_error)
    # Ours -> theirs, the present name first. Which of them are refused is learnt once per process and version.
    insight_names: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    # Names whose last day is known: they are not asked after it.
    name_ends: ClassVar[Mapping[str, date]] = {}
    _refused_names: ClassVar[set[tuple[str, str, str]]] = set()

    def version(self, account: Credentials) -> str:
        return account.settings.get("api_version") or DEFAULT_VERSION

    def call(self, method: str, account: Credentials, path: str, **arguments: Any) -> dict[str, Any]:
        """One signed call; a POST creates unless `creates=False` says otherwise."""
        params = {**arguments.pop("params", {}), **signed(account.token, account.secrets.get("app_secret", ""))}
        url = "/".join(part for part in (self.api, self.version(account), path) if part)
        creates = arguments.setdefault("creates", method == "POST")
        response = self.http.request(method, url, token=account.token, params=params, **arguments)
        return json_object(response, creates=creates)

    def pages(self, account: Credentials, path: str, params: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """Every entry of a list; the next page is asked by its cursor, so that no address of theirs is followed."""
        for _page in range(MAX_PAGES):
            answer = self.call("GET", account, path, params=params)
            yield from answer.get("data", [])
            paging = answer.get("paging", {})
            after = paging.get("cursors", {}).get("after")
            if not paging.get("next") or not after:
                return
            params = {**params, "after": after}

    def insights(self, external_id: str, account: Credentials, edge: str = "insights", kind: str = "") -> Metrics:
        """What is counted of one post. One refused name fails a whole call: then each is asked alone, once."""
        scope = f"{self.slug} {self.version(account)} {kind}"
        alive = {
            ours: [name for name in names if (scope, edge, name) not in self._refused_names and not self._is_over(name)]
            for ours, names in self.insight_names.items()
        }
        pending = {ours: names for ours, names in alive.items() if names}
        if not pending:
            return {}

        def ask(names: list[str]) -> dict[str, int]:
            answer = self.call("GET", account, f"{external_id}/{edge}", params={"metric": ",".join(names)})
            return _numbers(answer.get("data", []))

        try:
            found = ask([names[0] for names in pending.values()])
        except NoData:
            return {}
        except ContentRejected:
            found = self._one_by_one(ask, pending, lambda name: self._refused_names.add((scope, edge, name)))
        return {
            ours: next(found[name] for name in names if name in found)
            for ours, names in pending.items()
            if any(name in found for name in names)
        }

    def _is_over(self, name: str) -> bool:
        return name in self.name_ends and datetime.now(UTC).date() > self.name_ends[name]

    @staticmethod
    def _one_by_one(
        ask: Callable[[list[str]], dict[str, int]], pending: Mapping[str, list[str]], refuse: Callable[[str], Any]
    ) -> dict[str, int]:
        found: dict[str, int] = {}
        for names in pending.values():
            for name in names:
                try:
                    answer = ask([name])
                except NoData:
                    break
                except ContentRejected as error:
                    # Only a refusal of the name itself is remembered: the post may be at fault.
                    if "metric" in error.vendor_answer.lower():
                        refuse(name)
                    continue
                found |= answer
                break
        return found


def moment(text: str) -> datetime:
    """Meta's dates, whose zone has no colon."""
    return datetime.fromisoformat(text.replace("+0000", "+00:00"))


def _numbers(rows: Iterable[dict[str, Any]]) -> dict[str, int]:
    """The value of each metric: a number, or the sum of an object by key."""
    numbers = {}
    for row in rows:
        value = (row.get("total_value") or (row.get("values") or [{}])[-1]).get("value")
        if isinstance(value, dict):
            value = sum(part for part in value.values() if isinstance(part, int))
        if isinstance(value, int):
            numbers[row["name"]] = value
    return numbers
