"""Bluesky: sessions, records, blobs and views of the AT Protocol (lexicons read 2026-08)."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse

from integrations.sandbox import comments, store
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.pictures import image_type
from integrations.sandbox.shown import Picture, ShownPost
from integrations.sandbox.vendors import registry
from integrations.sandbox.vendors._bluesky_rules import (
    GATE,
    GATE_SHAPE,
    LIKE,
    LIKE_SHAPE,
    POST,
    check_post,
    check_shape,
    is_key,
    refuse,
    shaped,
    stamp,
)
from integrations.sandbox.vendors._bluesky_views import (
    branches,
    cid_of,
    did_of,
    handle,
    row,
    said,
    uri_of,
    value_of,
    view,
)
from integrations.sandbox.vendors._login import give_back
from integrations.sandbox.vendors.base import Call, FeedVendor, Refused, hidden, is_bad_token, json_answer, route

BLOB_BYTES = 1_000_000
OPEN_PATHS = ("xrpc/com.atproto.server.createSession", "xrpc/com.atproto.identity.resolveHandle")
WRITE_SHAPE = {
    "type": "object",
    "properties": {
        "repo": {"type": "string"},
        "collection": {"type": "string"},
        "rkey": {"type": "string"},
        "record": {"type": "object"},
    },
    "required": ["repo", "collection", "record"],
}
DELETE_SHAPE = {**WRITE_SHAPE, "required": ["repo", "collection", "rkey"]}
LOGIN_SHAPE = {
    "type": "object",
    "properties": {"identifier": {"type": "string"}, "password": {"type": "string"}},
    "required": ["identifier", "password"],
}


@registry.register
class Bluesky(FeedVendor):
    slug, label = "bluesky", "Bluesky"
    shown_kind = "post"

    # --- sessions -----------------------------------------------------------------------------------------------------

    @route("POST", r"xrpc/com\.atproto\.server\.createSession")
    def open(self, call: Call) -> HttpResponse:
        given = shaped(call, LOGIN_SHAPE)
        if is_bad_token(given["password"]):
            raise Refused(refuse("AuthenticationRequired", "Invalid identifier or password", 401))
        return json_answer(_session(did_of(given["identifier"])))

    @route("POST", r"xrpc/com\.atproto\.server\.refreshSession")
    def refresh(self, call: Call) -> HttpResponse:
        if not call.bearer.startswith("refresh."):
            raise Refused(refuse("InvalidToken", "Token could not be verified"))
        return json_answer(_session(call.bearer.split(".")[1]))

    @route("POST", r"xrpc/com\.atproto\.server\.deleteSession")
    def close(self, call: Call) -> HttpResponse:
        if not call.bearer.startswith("refresh."):
            raise Refused(refuse("InvalidToken", "Token could not be verified"))
        give_back(self, call.bearer)
        return json_answer({})

    @route("GET", r"xrpc/com\.atproto\.server\.getSession")
    def session(self, call: Call) -> HttpResponse:
        return json_answer({"handle": handle(), "did": _caller(call), "active": True})

    @route("GET", r"xrpc/com\.atproto\.identity\.resolveHandle")
    def resolve(self, call: Call) -> HttpResponse:
        """Every name is known, except those holding « inconnu »."""
        name = call.query.get("handle", "")
        if "." not in name or "inconnu" in name:
            raise Refused(refuse("InvalidRequest", "Unable to resolve handle"))
        return json_answer({"did": did_of(name)})

    # --- records ------------------------------------------------------------------------------------------------------

    @route("POST", r"xrpc/com\.atproto\.repo\.uploadBlob")
    def upload(self, call: Call) -> HttpResponse:
        if len(call.body) > BLOB_BYTES:
            raise Refused(refuse("BlobTooLarge", f"This file is too large. It is {len(call.body)} bytes.", 413))
        kind = image_type(call.body)
        if not kind:
            raise Refused(refuse("InvalidMimeType", "Wrong mimetype"))
        cid = cid_of(call.body)
        if self.find("blob", cid) is None:
            self.add("blob", cid, _caller(call), {"type": kind}, is_public=False, blob=call.body)
        blob = {"$type": "blob", "ref": {"$link": cid}, "mimeType": kind, "size": len(call.body)}
        return json_answer({"blob": blob})

    @route("POST", r"xrpc/com\.atproto\.repo\.createRecord", creates=True)
    def create(self, call: Call) -> HttpResponse:
        given = shaped(call, WRITE_SHAPE)
        repo, collection, record = did_of(given["repo"]), given["collection"], given["record"]
        rkey = given.get("rkey") or store.number()[-13:]
        if not is_key(rkey):
            raise Refused(refuse("InvalidRequest", "Invalid record key"))
        uri = f"at://{repo}/{collection}/{rkey}"
        if collection == POST:
            return self._create_post(repo, uri, record)
        if collection == LIKE:
            check_shape(record, LIKE_SHAPE)
            self._mark(record["subject"]["uri"], uri)
        return hidden(json_answer(self._keep(uri, collection, repo, record)))

    @route("POST", r"xrpc/com\.atproto\.repo\.putRecord")
    def put(self, call: Call) -> HttpResponse:
        given = shaped(call, {**WRITE_SHAPE, "required": ["repo", "collection", "rkey", "record"]})
        repo, record = did_of(given["repo"]), given["record"]
        if given["collection"] != GATE:
            raise Refused(refuse("InvalidRequest", "The sandbox only rewrites threadgates."))
        post = self.find("post", f"at://{repo}/{POST}/{given['rkey']}")
        if post is None:
            raise Refused(refuse("InvalidRequest", "Could not locate record"))
        check_shape(record, GATE_SHAPE)
        listed = {str(uri).rpartition("/")[2] for uri in record.get("hiddenReplies", [])}
        for comment in post.data["comments"]:
            comments.change(post, comment["id"], hidden=comment["id"] in listed)
        return json_answer(self._keep(f"at://{repo}/{GATE}/{given['rkey']}", GATE, repo, record))

    @route("POST", r"xrpc/com\.atproto\.repo\.deleteRecord")
    def delete(self, call: Call) -> HttpResponse:
        """What is gone already is no error."""
        given = shaped(call, DELETE_SHAPE)
        uri = f"at://{did_of(given['repo'])}/{given['collection']}/{given['rkey']}"
        if found := comments.find(self.slug, "post", given["rkey"]):
            comments.remove(found[0], given["rkey"])
        for record in store.records(self.slug, "record", external_id=uri):
            self._mark((record.data.get("subject") or {}).get("uri", ""), "")
            record.delete()
        store.records(self.slug, "post", external_id=uri).delete()
        return json_answer({})

    @route("GET", r"xrpc/com\.atproto\.repo\.getRecord")
    def get(self, call: Call) -> HttpResponse:
        query = call.query
        uri = f"at://{did_of(query.get('repo', ''))}/{query.get('collection', '')}/{query.get('rkey', '')}"
        record = self.find("post", uri) or self.find("record", uri)
        if record is None:
            raise Refused(refuse("RecordNotFound", f"Could not locate record: {uri}"))
        return json_answer(row(record))

    @route("GET", r"xrpc/com\.atproto\.repo\.listRecords")
    def listed(self, call: Call) -> HttpResponse:
        repo, size = did_of(call.query.get("repo", "")), call.query.get("limit", "50")
        rows = [row(record) for record in self.records("post", account_id=repo)]
        for record in self.records("post", account_id=repo):
            own = [comment for comment in record.data["comments"] if comment.get("author_id") == repo]
            rows += [
                {"uri": uri_of(comment), "cid": cid_of(comment["id"]), "value": value_of(comment)} for comment in own
            ]
        rows.sort(key=lambda entry: entry["value"]["createdAt"], reverse=True)
        return json_answer({"records": rows[: int(size[:3]) if size.isdigit() else 50]})

    # --- views --------------------------------------------------------------------------------------------------------

    @route("GET", r"xrpc/app\.bsky\.feed\.getPosts")
    def posts(self, call: Call) -> HttpResponse:
        """An unknown address is simply not in the list."""
        found = []
        for uri in call.query.getlist("uris")[:25]:
            if record := self.find("post", uri):
                found.append(view(record))
            elif known := comments.find(self.slug, "post", uri.rpartition("/")[2]):
                found.append(said(known[1], known[0]))
        return json_answer({"posts": found})

    @route("GET", r"xrpc/app\.bsky\.feed\.getPostThread")
    def thread(self, call: Call) -> HttpResponse:
        record = self.find("post", call.query.get("uri", ""))
        if record is None:
            raise Refused(refuse("NotFound", "Post not found"))
        return json_answer({"thread": {"post": view(record), "replies": branches(record, "")}})

    @route("GET", r"xrpc/app\.bsky\.notification\.listNotifications")
    def notifications(self, call: Call) -> HttpResponse:
        """Answers only: a like of the sandbox has no name."""
        rows = [
            {**said(comment, record), "reason": "reply", "reasonSubject": record.external_id, "isRead": False}
            for record in self.records("post", account_id=_caller(call))
            for comment in record.data["comments"]
            if not comment.get("author_id")
        ]
        return json_answer({"notifications": rows[-100:][::-1]})

    def show(self, record: VendorRecord) -> ShownPost:
        pictures = tuple(
            Picture(f"sandbox:blob/{image['image']['ref']['$link']}", image["alt"]) for image in record.data["images"]
        )
        return ShownPost(record, text=record.data["text"], handle=f"@{handle()}", pictures=pictures)

    # --- mishaps ------------------------------------------------------------------------------------------------------

    def authenticate(self, call: Call) -> None:
        if call.path in OPEN_PATHS:
            return
        if not call.bearer:
            raise Refused(refuse("AuthMissing", "Authentication Required", 401))
        if is_bad_token(call.bearer):
            raise Refused(refuse("InvalidToken", "Token could not be verified"))

    def expired(self, call: Call) -> HttpResponse:
        return refuse("ExpiredToken", "Token has expired")

    def rate_limited(self, call: Call, fault: Fault) -> HttpResponse:
        answer = refuse("RateLimitExceeded", "Rate Limit Exceeded", 429)
        answer["ratelimit-remaining"], answer["ratelimit-reset"] = "0", str(stamp() + max(1, round(fault.seconds)))
        return answer

    def unavailable(self, call: Call) -> HttpResponse:
        return refuse("NotEnoughResources", "Not Enough Resources", 503)

    def malformed(self, call: Call, reason: str) -> HttpResponse:
        return refuse("InvalidRequest", reason)

    def no_route(self, call: Call) -> HttpResponse:
        return refuse("XRPCNotSupported", "XRPCNotSupported", 404)

    # --- posts --------------------------------------------------------------------------------------------------------

    def _create_post(self, repo: str, uri: str, record: dict[str, Any]) -> HttpResponse:
        images = check_post(record, lambda cid: self.find("blob", cid) is not None)
        if self.find("post", uri) is not None:
            raise Refused(refuse("InvalidRequest", "Record already exists"))
        parent = str((record.get("reply") or {}).get("parent", {}).get("uri", ""))
        answered = comments.find(self.slug, "post", parent.rpartition("/")[2]) if parent else None
        if answered:
            words, place = record["text"], parent.rpartition("/")[2]
            rkey = uri.rpartition("/")[2]
            comments.add(
                answered[0],
                words,
                settings.RESTAURANT_NAME,
                id=rkey,
                author_id=repo,
                parent_id=place,
                parent_uri=parent,
            )
            return json_answer({"uri": uri, "cid": cid_of(rkey)})
        if parent and self.find("post", parent) is None:
            raise Refused(refuse("InvalidRequest", "Could not locate record"))
        data = {"text": record["text"], "value": record, "images": images, "likes": 0, "comments": []}
        return json_answer({"uri": self.add("post", uri, repo, data).external_id, "cid": cid_of(uri)})

    def _keep(self, uri: str, collection: str, repo: str, record: dict[str, Any]) -> dict[str, str]:
        known = self.find("record", uri)
        if known is None:
            self.add("record", uri, repo, {**record, "collection": collection}, is_public=False)
        else:
            known.data = store.clean({**record, "collection": collection})
            known.save(update_fields=["data", "updated_at"])
        return {"uri": uri, "cid": cid_of(uri)}

    def _mark(self, subject: str, like: str) -> None:
        if found := comments.find(self.slug, "post", subject.rpartition("/")[2]):
            comments.change(found[0], found[1]["id"], like=like)


def _session(did: str) -> dict[str, Any]:
    number = store.number()
    tokens = {"accessJwt": f"access.{did}.{number}", "refreshJwt": f"refresh.{did}.{number}"}
    return {**tokens, "handle": handle(), "did": did, "active": True}


def _caller(call: Call) -> str:
    """Whose token it is; one that was not given here stands for a person of its own."""
    parts = call.bearer.split(".")
    return parts[1] if parts[0] == "access" and len(parts) == 3 else did_of(call.bearer)
