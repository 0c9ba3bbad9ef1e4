"""Google Business Profile: posts on Search and Maps, by the My Business API v4 (localPosts, read 2026-08)."""

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

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
from social.adaptation.pictures import PictureRules
from social.connectors import _sessions, registry
from social.connectors._creation import created_id, creation, doubtful_since, json_object
from social.connectors._google_login import GoogleLogin
from social.connectors._google_reading import figures_of, insights_body, moment, review_of
from social.connectors.base import (
    Credentials,
    Draft,
    Interaction,
    Metrics,
    Post,
    Progress,
    Published,
    SocialConnector,
    same_text,
)

TOKEN_ADDRESS = "https://oauth2.googleapis.com/token"  # noqa: S105  (an address, not a secret)
# Google reviews a post for seconds or minutes; after this many looks it is taken for shown.
LOOKS, LOOK_SECONDS = 5, 60
ACTIONS = ("BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP")
PHONE = re.compile(r"(?<!\d)(?:\+33|0)[ .-]?[1-9](?:[ .-]?\d{2}){4}(?!\d)")
ACCESS_WORDS = {"UNAUTHENTICATED", "PERMISSION_DENIED"}
CONTENT_WORDS = {"INVALID_ARGUMENT", "FAILED_PRECONDITION", "OUT_OF_RANGE"}
# A fault in the middle of the work: what was asked may be done.
DOUBTFUL_WORDS = {"INTERNAL", "UNKNOWN", "DEADLINE_EXCEEDED"}
DOUBTFUL_STATUSES = {500, 504}
UNIMPLEMENTED = "UNIMPLEMENTED"


@registry.register
class GoogleBusiness(GoogleLogin, SocialConnector):
    slug, label, prefix = "google_business", "Google (fiche d'établissement)", "gb"
    aliases = ("google", "google_my_business")
    address = "https://mybusiness.googleapis.com"
    max_length = 1_500
    max_pictures = 1
    max_alt_text = 0
    link_is_a_field = True
    picture_rules = PictureRules(
        formats=("JPEG", "PNG"), max_bytes=5_000_000, min_width=400, min_height=300, fit_side=1600
    )
    required_keys = ("location", "access_token")
    optional_keys = ("refresh_token", "client_id", "client_secret", "call_to_action")
    account_key, setting_keys = "location", ("call_to_action",)
    can_delete = can_reply = has_metrics = has_interactions = True
    # Reviews are of the place, not of a post.
    interactions_need_posts = False

    def adapt(self, draft: Draft) -> tuple[Post, list[str]]:
        post, warnings = super().adapt(draft)
        if PHONE.search(post.text):
            warnings.append("Google refuse souvent un post qui contient un numéro de téléphone : retirez-le du texte.")
        return post, warnings

    def classify(self, response: requests.Response) -> CommunicationError | None:
        try:
            body = response.json()
        except ValueError:
            return None
        error = body.get("error") if isinstance(body, dict) else None
        if error == "invalid_grant":
            return AccountDisconnected(
                "Google n'accepte plus cet accès : reconnectez la fiche.", code=error, vendor_answer=response.text
            )
        if not isinstance(error, dict):
            return None
        kind, sentence = _kind(error.get("status", ""), response)
        if kind is None:
            return None
        said = error.get("message") or "sans explication"
        return kind(
            f"{sentence} Google répond : « {said} ».", code=error.get("status", ""), vendor_answer=response.text
        )

    # --- sending ------------------------------------------------------------------------------------------------------

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        """Create, then look: an accepted post is not shown before Google has reviewed it."""
        name = progress.data.get("name")
        if name:
            answer = self._call(account, "GET", name)
        else:
            with creation(progress):
                answer = self._call(account, "POST", f"{account.id}/localPosts", json=_body(post, account))
                name = created_id(answer, "name")
            progress.keep(name=name, looks=0)
        return self._reviewed(answer, progress)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        if name := progress.data.get("name"):
            found = self._call(account, "GET", name)
            return None if found.get("state") == "REJECTED" else _published(found)
        since = doubtful_since(progress, since)
        answer = self._call(account, "GET", f"{account.id}/localPosts", params={"pageSize": 20})
        for found in answer.get("localPosts", []):
            is_new = moment(found["createTime"]) >= since
            if is_new and same_text(post.text, found.get("summary", "")) and found.get("state") != "REJECTED":
                return _published(found)
        return None

    def check(self, account: Credentials) -> str:
        """The cheapest call of this API that proves the access; it names nobody, so the account's name is given back."""
        self._call(account, "GET", f"{account.id}/localPosts", params={"pageSize": 1})
        return account.username or account.id

    def delete(self, external_id: str, account: Credentials) -> None:
        try:
            self._call(account, "DELETE", external_id)
        except PermanentError as error:
            # What is gone already is deleted. The same call takes an answer to a review back.
            if error.code != "NOT_FOUND":
                raise

    # --- what comes back ----------------------------------------------------------------------------------------------

    def metrics(self, external_ids: Iterable[str], account: Credentials) -> dict[str, Metrics]:
        """Views and clicks of each post, while Google still gives them.

        Google is retiring these figures, and what it puts in their place counts a whole place, never one post: nothing
        else can be told of a post. A refusal, or a method that is no longer there, is therefore no error, and what is
        not given is absent, never zero.
        """
        try:
            path = f"{account.id}/localPosts:reportInsights"
            answer = self._call(account, "POST", path, json=insights_body(external_ids), creates=False)
        except AccountDisconnected:
            raise
        except (PermanentError, TransientError) as error:
            if isinstance(error, TransientError) and error.code != UNIMPLEMENTED:
                raise
            return {}
        return figures_of(answer)

    def interactions(self, account: Credentials, since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        """Reviews written or changed since; posts have no comments here."""
        params = {"pageSize": 50, "orderBy": "updateTime desc"}
        found = self._call(account, "GET", f"{account.id}/reviews", params=params).get("reviews", [])
        return [said for review in found if (said := review_of(review)).created_at and said.created_at >= since]

    def reply(self, interaction_id: str, text: str, account: Credentials) -> str:
        """One answer per review: written again, it replaces itself, so that it cannot appear twice."""
        self._call(account, "PUT", f"{interaction_id}/reply", json={"comment": text}, creates=True)
        return f"{interaction_id}/reply"

    def find_reply(self, interaction_id: str, text: str, account: Credentials, since: datetime) -> str | None:
        said = self._call(account, "GET", interaction_id).get("reviewReply") or {}
        return f"{interaction_id}/reply" if same_text(text, said.get("comment", "")) else None

    def _reviewed(self, answer: dict[str, Any], progress: Progress) -> Published:
        state = answer.get("state")
        if state == "REJECTED":
            # Once corrected, it is another post.
            progress.keep(name="", looks=0)
            raise ContentRejected(
                "Google a refusé ce post après examen : retirez numéros, promotions trompeuses ou photo de mauvaise "
                "qualité, puis republiez.",
                code="rejected",
                vendor_answer=str(answer),
            )
        looks = int(progress.data.get("looks", 0))
        if state == "PROCESSING" and looks < LOOKS:
            progress.keep(looks=looks + 1)
            raise TransientError(
                "Google a reçu le post et l'examine.", code="in_review", retry_after_seconds=LOOK_SECONDS * 2**looks
            )
        if state == "PROCESSING":
            progress.warn("Google examinait encore ce post à la dernière lecture : vérifiez-le sur la fiche.")
        return _published(answer)

    # --- calls --------------------------------------------------------------------------------------------------------

    def _call(self, account: Credentials, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        url = f"{self.api}/v4/{path}"
        creates = arguments.setdefault("creates", method == "POST")
        return json_object(self.http.request(method, url, token=self._token(account), **arguments), creates=creates)

    def _token(self, account: Credentials) -> str:
        """The access of the hour, renewed when we were given what it takes."""
        keys = {name: account.secrets.get(name, "") for name in ("refresh_token", "client_id", "client_secret")}
        if not all(keys.values()):
            return account.token
        owner = keys["refresh_token"]
        if known := _sessions.recall(self.slug, owner):
            return known["access_token"]
        address = TOKEN_ADDRESS if self.api == self.address else f"{self.api}/token"
        response = self.http.post(
            address, data={**keys, "grant_type": "refresh_token"}, creates=False, secrets=keys.values()
        )
        answer = json_object(response, creates=False)
        if not answer.get("access_token"):
            raise TransientError("Google n'a pas renouvelé l'accès.", code="no_token")
        # A little less than its life, so that no call leaves with a dying one.
        seconds = max(60, int(answer.get("expires_in") or 3600) - 300)
        _sessions.remember(self.slug, owner, {"access_token": answer["access_token"]}, seconds)
        return answer["access_token"]


def _kind(word: str, response: requests.Response) -> tuple[type[CommunicationError] | None, str]:
    request, status = response.request, response.status_code
    if word in ACCESS_WORDS or status == 401:
        return AccountDisconnected, "Google n'accepte plus cet accès, ou la fiche ne peut pas publier : reconnectez-la."
    if word == "RESOURCE_EXHAUSTED" or status == 429:
        return RateLimited, "Google demande de ralentir ; un nouvel essai suivra."
    if word in CONTENT_WORDS:
        return ContentRejected, "Google refuse ce contenu : corrigez-le."
    if request.method == "POST" and (word in DOUBTFUL_WORDS or status in DOUBTFUL_STATUSES):
        return OutcomeUnknown, "Google a eu un incident en créant le post."
    if status >= 500:
        return TransientError, "Google a un incident passager ; un nouvel essai suivra."
    return PermanentError, "Google refuse cette demande."


def _body(post: Post, account: Credentials) -> dict[str, Any]:
    body: dict[str, Any] = {"languageCode": "fr", "topicType": "STANDARD", "summary": post.text}
    if post.link:
        action = account.settings.get("call_to_action", "LEARN_MORE")
        body["callToAction"] = {"actionType": action if action in ACTIONS else "LEARN_MORE", "url": post.link}
    if any(item.kind == "video" for item in post.media):
        raise ContentRejected("Google ne publie qu'une photo : remplacez la vidéo.", code="video")
    if post.media:
        body["media"] = [{"mediaFormat": "PHOTO", "sourceUrl": post.media[0].url}]
    return body


def _published(answer: dict[str, Any]) -> Published:
    return Published(answer["name"], answer.get("searchUrl", ""))
