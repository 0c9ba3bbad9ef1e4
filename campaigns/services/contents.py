"""Contents: what is said, before any network adapts it."""

from typing import Any

from django.db import transaction

from campaigns.models import Content, ContentVariation, LateRule, Media
from integrations.errors import ContentRejected

FIELDS = {
    "title",
    "body",
    "link",
    "media_url",
    "media_urls",
    "alt_texts",
    "hashtags",
    "item_refs",
    "late_rule",
    "metadata",
    "variations",
}


def create_content(data: dict[str, Any], *, user: Any = None) -> Content:
    """Keep a content given by an API client or a program. Raises ContentRejected naming each fault."""
    content, media, variations = _read(data)
    content.created_by = user if getattr(user, "is_authenticated", False) else None
    with transaction.atomic():
        content.save(force_insert=True)
        Media.objects.bulk_create(media)
        ContentVariation.objects.bulk_create(variations)
    return content


def rehearse_content(data: dict[str, Any]) -> Content:
    """The same content, kept nowhere: it answers `media.all()` and `variations.all()` from memory. Same refusals."""
    content, media, variations = _read(data)
    # What Django itself fills for `prefetch_related`, read by `all()` on both relations.
    vars(content)["_prefetched_objects_cache"] = {"media": media, "variations": variations}
    return content


def _read(data: dict[str, Any]) -> tuple[Content, list[Media], list[ContentVariation]]:
    """The rows that a document stands for, not yet saved."""
    if problems := problems_of(data):
        raise ContentRejected(" ".join(problem["message"] for problem in problems), code="content", problems=problems)
    urls = [url for url in [*data.get("media_urls", []), data.get("media_url", "")] if url]
    alt_texts = data.get("alt_texts", [])
    content = Content(
        title=data.get("title", "").strip(),
        body=data.get("body", "").strip(),
        link=data.get("link", ""),
        hashtags=[tag.lstrip("#") for tag in data.get("hashtags", [])],
        item_refs=data.get("item_refs", []),
        late_rule=data.get("late_rule") or LateRule.SEND,
        metadata=data.get("metadata", {}),
    )
    media = [
        Media(
            content=content,
            position=rank,
            url=url,
            kind=Media.Kind.VIDEO if url.lower().endswith((".mp4", ".mov")) else Media.Kind.IMAGE,
            alt_text=alt_texts[rank] if rank < len(alt_texts) else "",
        )
        for rank, url in enumerate(urls)
    ]
    variations = [
        ContentVariation(content=content, platform=platform, title=said.get("title", ""), body=said.get("body", ""))
        for platform, said in data.get("variations", {}).items()
    ]
    return content, media, variations


def problems_of(data: dict[str, Any]) -> list[dict[str, Any]]:
    """What is wrong with a content before any platform is asked."""
    problems = [
        {"field": f"content.{name}", "message": f"Champ inconnu « {name} ». Attendus : {', '.join(sorted(FIELDS))}."}
        for name in sorted(set(data) - FIELDS)
    ]
    if data.get("late_rule") and data["late_rule"] not in LateRule.values:
        said = f"Règle inconnue « {data['late_rule']} ». Règles : {', '.join(LateRule.values)}."
        problems.append({"field": "content.late_rule", "message": said})
    if not any(str(data.get(name) or "").strip() for name in ("title", "body")) and not (
        data.get("media_urls") or data.get("media_url")
    ):
        problems.append(
            {"field": "content.body", "message": "Rien à publier : donnez un titre, un texte ou une image."}
        )
    return problems
