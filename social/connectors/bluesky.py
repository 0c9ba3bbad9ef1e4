"""Bluesky, by the AT Protocol with an app password (lexicons read 2026-08)."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from integrations.errors import CommunicationError, ContentRejected, TransientError
from integrations.media import fetch_media
from social import text as texts
from social.adaptation.pictures import PictureRules, UnreadablePicture, fit, inspect
from social.connectors import registry
from social.connectors._atproto import POST, Absent, AtProto, moment, now, record_key
from social.connectors._bluesky_login import BlueskyLogin
from social.connectors._creation import created_id, creation, doubtful_since
from social.connectors._richtext import facets
from social.connectors.base import Credentials, Interaction, Metrics, Picture, Post, Progress, Published, same_text

LIKE, GATE = "app.bsky.feed.like", "app.bsky.feed.threadgate"
ADDRESS = re.compile(r"at://([^/]+)/([^/]+)/([^/]+)")
URIS_PER_CALL = 25
FETCHED_BYTES = 20_000_000
TITLE_LENGTH = 100
# The network's own limit is higher; older servers still hold to this one.
RULES = PictureRules(formats=("JPEG", "PNG", "WEBP"), max_bytes=1_000_000)


@registry.register
class Bluesky(BlueskyLogin, AtProto):
    slug, label, prefix = "bluesky", "Bluesky", "bs"
    max_length, max_bytes = 300, 3_000
    counts = "graphemes"
    inlines_hashtags = supports_threads = True
    max_pictures = 4
    picture_rules = RULES
    post_link = r"https://bsky\.app/profile/[^/]+/post/([a-z0-9]+)"
    id_of_link = "at://{account}/app.bsky.feed.post/{0}"
    required_keys = ("identifier", "app_password")
    optional_keys = ("instance_url",)
    account_key, setting_keys = "identifier", ("instance_url",)
    can_delete = can_reply = can_hide = can_like = has_metrics = has_interactions = True

    # --- sending ------------------------------------------------------------------------------------------------------

    def publish(self, post: Post, account: Credentials, progress: Progress) -> Published:
        """Each post's record key is chosen and remembered before it leaves: sent twice, it is still one post."""
        records = list(progress.data.get("records", []))
        while len(records) < len(post.texts):
            records.append(self._say(post, records, account, progress))
            progress.keep(records=records, rkey="", in_doubt_since="")
        return self._published(records[0]["uri"], account)

    def read_back(self, post: Post, account: Credentials, since: datetime, progress: Progress) -> Published | None:
        """By its key, which nobody else has; by its text when no key is known."""
        records = list(progress.data.get("records", []))
        if not records and not progress.data.get("rkey"):
            return self._by_text(post.text, account, doubtful_since(progress, since))
        if len(records) < len(post.texts):
            if not (rkey := progress.data.get("rkey")) or not (found := self._record(POST, rkey, account)):
                return None
            records.append(found)
            progress.keep(records=records, rkey="", in_doubt_since="")
        return self._published(records[0]["uri"], account) if len(records) == len(post.texts) else None

    def check(self, account: Credentials) -> str:
        return self.call(account, "GET", "com.atproto.server.getSession").get("handle", "")

    def _say(
        self, post: Post, before: list[dict[str, str]], account: Credentials, progress: Progress
    ) -> dict[str, str]:
        rkey = progress.data.get("rkey")
        if rkey and (found := self._record(POST, rkey, account)):
            # An earlier try of unknown fate had arrived.
            return found
        record = self._text_record(post.texts[len(before)], account)
        if before:
            record["reply"] = {"root": before[0], "parent": before[-1]}
        elif embed := self._embed(post, account, progress):
            record["embed"] = embed
        rkey = rkey or record_key()
        progress.keep(rkey=rkey)
        try:
            with creation(progress):
                return self._create(POST, record, account, rkey)
        except TransientError as error:
            if "blob" in error.vendor_answer.lower():
                progress.keep(blobs=[])
            raise

    def _text_record(self, text: str, account: Credentials) -> dict[str, Any]:
        record: dict[str, Any] = {"$type": POST, "text": text, "createdAt": now(), "langs": ["fr"]}
        if found := facets(text, lambda handle: self._did(handle, account)):
            record["facets"] = found
        return record

    def _create(self, collection: str, record: dict[str, Any], account: Credentials, rkey: str = "") -> dict[str, str]:
        body = {"repo": self.own_did(account), "collection": collection, "record": record}
        body |= {"rkey": rkey} if rkey else {}
        answer = self.call(account, "POST", "com.atproto.repo.createRecord", json=body, creates=collection == POST)
        return {"uri": created_id(answer, "uri"), "cid": created_id(answer, "cid")}

    def _did(self, handle: str, account: Credentials) -> str:
        try:
            found = self.call(account, "GET", "com.atproto.identity.resolveHandle", params={"handle": handle})
        except (Absent, ContentRejected):
            return ""
        return found.get("did", "")

    def _embed(self, post: Post, account: Credentials, progress: Progress) -> dict[str, Any]:
        """The pictures, or a card for the first link; Bluesky itself fetches nothing."""
        if post.media:
            return {"$type": "app.bsky.embed.images", "images": self._images(post, account, progress)}
        links = texts.links(post.text)
        if not links:
            return {}
        whole = links[0] if links[0].lower().startswith(("http://", "https://")) else f"https://{links[0]}"
        title = post.text.strip().partition("\n")[0].replace(links[0], "").strip(" :–—-")[:TITLE_LENGTH]
        return {
            "$type": "app.bsky.embed.external",
            "external": {"uri": whole, "title": title or links[0], "description": ""},
        }

    def _images(self, post: Post, account: Credentials, progress: Progress) -> list[dict[str, Any]]:
        blobs = list(progress.data.get("blobs", []))
        for picture in post.media[len(blobs) :]:
            blobs.append(self._upload(picture, account))
            progress.keep(blobs=blobs)
        images = []
        for picture, entry in zip(post.media, blobs, strict=False):
            image = {"image": entry["blob"], "alt": picture.alt_text}
            if entry.get("width"):
                image["aspectRatio"] = {"width": entry["width"], "height": entry["height"]}
            images.append(image)
        return images

    def _upload(self, picture: Picture, account: Credentials) -> dict[str, Any]:
        if picture.kind == "video":
            raise ContentRejected("Ce module ne publie que des images sur Bluesky : retirez la vidéo.", code="video")
        content, kind = fetch_media(picture.url, max_bytes=FETCHED_BYTES, accept=("image/*",))
        try:
            facts = inspect(content)
            if facts.size_bytes > RULES.max_bytes or facts.format not in RULES.formats:
                content, kind = fit(content, RULES, mode="convert")[0], "image/jpeg"
                facts = inspect(content)
        except UnreadablePicture as error:
            raise ContentRejected(f"Bluesky ne prendrait pas cette image. {error}", code="picture") from error
        headers = {"Content-Type": kind}
        answer = self.call(account, "POST", "com.atproto.repo.uploadBlob", content=content, headers=headers)
        return {"blob": answer["blob"], "width": facts.width, "height": facts.height}

    def _record(self, collection: str, rkey: str, account: Credentials) -> dict[str, Any]:
        params = {"repo": self.own_did(account), "collection": collection, "rkey": rkey}
        try:
            found = self.call(account, "GET", "com.atproto.repo.getRecord", params=params)
        except Absent:
            return {}
        return {"uri": found["uri"], "cid": found.get("cid", "")} | (
            {"value": found["value"]} if collection != POST else {}
        )

    def _by_text(self, text: str, account: Credentials, since: datetime) -> Published | None:
        found = self._ours(account, since, lambda value: same_text(text, value.get("text", "")))
        return self._published(found, account) if found else None

    def _ours(self, account: Credentials, since: datetime, fits: Callable[[dict[str, Any]], bool]) -> str:
        params = {"repo": self.own_did(account), "collection": POST, "limit": 50}
        for row in self.call(account, "GET", "com.atproto.repo.listRecords", params=params).get("records", []):
            if moment(row["value"]["createdAt"]) >= since and fits(row["value"]):
                return row["uri"]
        return ""

    def _published(self, uri: str, account: Credentials) -> Published:
        repo, rkey = uri.removeprefix("at://").split("/")[0::2]
        try:
            handle = account.username or (repo if account.token else self.session(account)["handle"])
        except CommunicationError:
            # The post is out; its address works with the identity as well as with the name.
            handle = repo
        return Published(uri, f"https://bsky.app/profile/{handle}/post/{rkey}")

    # --- afterwards ---------------------------------------------------------------------------------------------------

    def delete(self, external_id: str, account: Credentials) -> None:
        """Deleting a record that is gone is no error at Bluesky."""
        if not (parts := ADDRESS.fullmatch(external_id)):
            raise Absent("Cette adresse n'est pas celle d'un post de Bluesky.", code="address")
        repo, collection, rkey = parts.groups()
        body = {"repo": repo, "collection": collection, "rkey": rkey}
        self.call(account, "POST", "com.atproto.repo.deleteRecord", json=body)

    def metrics(self, external_ids: Iterable[str], account: Credentials) -> dict[str, Metrics]:
        """Bluesky counts no views."""
        found = {}
        for post in self._views(external_ids, account):
            shares = [post[name] for name in ("repostCount", "quoteCount") if name in post]
            known = {"likes": post.get("likeCount"), "comments": post.get("replyCount")}
            numbers = {name: value for name, value in known.items() if value is not None}
            found[post["uri"]] = numbers | ({"shares": sum(shares)} if shares else {})
        return found

    def interactions(self, account: Credentials, since: datetime, post_ids: Iterable[str]) -> list[Interaction]:
        """Answers under each post; likes and mentions by the notifications."""
        posts, own, found = list(dict.fromkeys(post_ids)), self.own_did(account), []
        for post in posts:
            try:
                answer = self.call(account, "GET", "app.bsky.feed.getPostThread", params={"uri": post, "depth": 10})
            except Absent:
                continue
            found += [
                _interaction(said, kind, post, parent)
                for said, kind, parent in _answers(answer.get("thread", {}), post)
                if said["author"]["did"] != own and moment(said["indexedAt"]) >= since
            ]
        answer = self.call(account, "GET", "app.bsky.notification.listNotifications", params={"limit": 100})
        for note in answer.get("notifications", []):
            subject, reason = note.get("reasonSubject", ""), note.get("reason")
            is_about_us = reason == "mention" or (reason == "like" and subject in posts)
            if is_about_us and moment(note["indexedAt"]) >= since:
                found.append(_interaction(note, reason, subject, ""))
        return found

    def reply(self, interaction_id: str, text: str, account: Credentials) -> str:
        parent = self._view(interaction_id, account)
        place = {"uri": parent["uri"], "cid": parent["cid"]}
        root = (parent.get("record", {}).get("reply") or {}).get("root") or place
        record = self._text_record(text, account)
        record["reply"] = {"root": {"uri": root["uri"], "cid": root["cid"]}, "parent": place}
        return self._create(POST, record, account)["uri"]

    def find_reply(self, interaction_id: str, text: str, account: Credentials, since: datetime) -> str | None:
        def fits(value: dict[str, Any]) -> bool:
            parent = ((value.get("reply") or {}).get("parent") or {}).get("uri")
            return parent == interaction_id and same_text(text, value.get("text", ""))

        return self._ours(account, since, fits) or None

    def hide(self, interaction_id: str, hidden: bool, account: Credentials) -> None:
        """The root post's gate lists what is hidden under it."""
        said = self._view(interaction_id, account)
        root = ((said.get("record", {}).get("reply") or {}).get("root") or {}).get("uri", "")
        own, rkey = self.own_did(account), root.rpartition("/")[2]
        if not root.startswith(f"at://{own}/"):
            raise ContentRejected("Bluesky ne laisse masquer que les réponses à nos propres posts.", code="not_ours")
        gate = self._record(GATE, rkey, account).get("value") or {"$type": GATE, "post": root, "createdAt": now()}
        listed = [uri for uri in gate.get("hiddenReplies", []) if uri != interaction_id]
        gate["hiddenReplies"] = [*listed, interaction_id] if hidden else listed
        body = {"repo": own, "collection": GATE, "rkey": rkey, "record": gate}
        self.call(account, "POST", "com.atproto.repo.putRecord", json=body)

    def like(self, interaction_id: str, account: Credentials, liked: bool = True) -> None:
        said = self._view(interaction_id, account)
        mark = (said.get("viewer") or {}).get("like")
        if mark and not liked:
            self.delete(mark, account)
        if liked and not mark:
            subject = {"uri": said["uri"], "cid": said["cid"]}
            self._create(LIKE, {"$type": LIKE, "subject": subject, "createdAt": now()}, account)

    def _view(self, uri: str, account: Credentials) -> dict[str, Any]:
        found = next(iter(self._views([uri], account)), None)
        if found is None:
            raise Absent("Ce message n'est plus sur Bluesky.", code="NotFound")
        return found

    def _views(self, uris: Iterable[str], account: Credentials) -> Iterator[dict[str, Any]]:
        wanted = list(dict.fromkeys(uris))
        for start in range(0, len(wanted), URIS_PER_CALL):
            params = {"uris": wanted[start : start + URIS_PER_CALL]}
            yield from self.call(account, "GET", "app.bsky.feed.getPosts", params=params).get("posts", [])


def _answers(thread: dict[str, Any], root: str) -> Iterator[tuple[dict[str, Any], str, str]]:
    """Every answer of a thread, with its kind and its parent."""
    for branch in thread.get("replies") or []:
        if "post" not in branch:
            continue
        parent = (thread.get("post") or {}).get("uri", "")
        is_first = parent == root
        yield branch["post"], "comment" if is_first else "reply", "" if is_first else parent
        yield from _answers(branch, root)


def _interaction(said: dict[str, Any], kind: str, post: str, parent: str) -> Interaction:
    handle, rkey = said["author"].get("handle", ""), said["uri"].rpartition("/")[2]
    return Interaction(
        external_id=said["uri"],
        kind=kind,
        post_id=post,
        parent_id=parent,
        author_id=said["author"]["did"],
        author_name=said["author"].get("displayName") or handle,
        text=said.get("record", {}).get("text", ""),
        created_at=moment(said["indexedAt"]),
        url="" if kind == "like" else f"https://bsky.app/profile/{handle}/post/{rkey}",
    )
