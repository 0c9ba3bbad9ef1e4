"""The conversation around one interaction: what it answers, what answers it, and our own words in between."""

from dataclasses import dataclass
from datetime import datetime

from social.models import Interaction, Reply

# A post that many comment holds many conversations: those beyond this are not searched.
MOST_SEARCHED = 500


@dataclass(frozen=True)
class Said:
    """One line of a conversation: a guest's words, or ours."""

    at: datetime
    interaction: Interaction | None = None
    reply: Reply | None = None


@dataclass(frozen=True)
class Conversation:
    """The lines in the order in which they were said."""

    lines: list[Said]


def conversation_of(row: Interaction) -> Conversation:
    """Climb to what the interaction answers, then take all that answers it, guests' words and ours."""
    around = _around(row)
    replies = list(Reply.objects.filter(interaction__in=around).select_related("author").order_by("created_at"))
    by_id = {item.pk: item for item in around}
    # What each thing answers, by the network's own ids; an answer of ours is answered in its turn.
    parents = {item.external_id: item.parent_external_id for item in around if item.kind != Interaction.Kind.LIKE}
    parents |= {reply.external_id: by_id[reply.interaction_id].external_id for reply in replies if reply.external_id}
    top = _top(row.external_id, parents)
    kept = [item for item in around if item.pk == row.pk or (_is_said(item) and _top(item.external_id, parents) == top)]
    ids = {item.pk for item in kept}
    lines = [Said(item.occurred_at, interaction=item) for item in kept]
    lines += [Said(reply.sent_at or reply.created_at, reply=reply) for reply in replies if reply.interaction_id in ids]
    return Conversation(sorted(lines, key=lambda line: line.at))


def _around(row: Interaction) -> list[Interaction]:
    """What was said under the same post; the interaction itself where the network names no post."""
    if not row.post_external_id:
        return [row]
    same_post = Interaction.objects.filter(account=row.account_id, post_external_id=row.post_external_id)
    found = list(same_post.exclude(pk=row.pk).select_related("assigned_to").order_by("-occurred_at")[:MOST_SEARCHED])
    return [row, *found]


def _is_said(item: Interaction) -> bool:
    return item.kind != Interaction.Kind.LIKE


def _top(external_id: str, parents: dict[str, str]) -> str:
    """The first of a chain of answers, as far as we know it."""
    seen: set[str] = set()
    while (parent := parents.get(external_id, "")) and parent in parents and external_id not in seen:
        seen.add(external_id)
        external_id = parent
    return external_id
