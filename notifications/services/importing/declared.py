"""The agreement that a file is said to come with: its proof is kept, and nothing that a guest refused is undone.

An opposition, a withdrawal, an address that takes nothing: none of them is lifted by a file, whatever its date.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from django.utils import timezone

from notifications.models import ChannelType, Consent, ConsentEvent
from notifications.services.importing.planning import REFUSED, Outcome, State
from notifications.services.permission import PARIS

Act = ConsentEvent.Action
Pair = tuple[Any, str, str]
# Browsers agree by themselves; only e-mails are measured.
CHANNELS = (ChannelType.EMAIL, ChannelType.SMS)
WAYS = {ChannelType.EMAIL: "email_index", ChannelType.SMS: "phone_index"}
LONGEST_WORDING, LONGEST_SOURCE, LONGEST_VERSION = 5_000, 100, 40
SHORTEST_WORDING = 15


@dataclass(frozen=True)
class Declaration:
    """What staff say of the whole file, as it is kept on the import."""

    channels: tuple[str, ...]
    purpose: str
    wording: str
    source: str
    day: date
    version: str = ""

    @classmethod
    def of(cls, kept: dict[str, Any]) -> "Declaration | None":
        """The declaration of an import; None when nothing is claimed."""
        if not kept.get("channels"):
            return None
        return cls(
            tuple(kept["channels"]), kept["purpose"], kept["wording"], kept["source"], date.fromisoformat(kept["date"]),
            kept.get("version", ""),
        )  # fmt: skip


def check(said: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """A declaration fit to be kept, and what it lacks. said: channels (list), purpose, wording, source, date, version."""
    channels = [channel for channel in CHANNELS if channel in said.get("channels", ())]
    texts = {name: str(said.get(name) or "").strip() for name in ("purpose", "wording", "source", "date", "version")}
    problems = []
    if not channels:
        problems.append("Cochez les canaux que ces personnes ont acceptés : e-mail, SMS, ou les deux.")
    if texts["purpose"] not in Consent.Purpose.values:
        problems.append("Dites ce qu'elles ont accepté : les offres, ou la mesure des ouvertures.")
    elif texts["purpose"] == Consent.Purpose.TRACKING and ChannelType.SMS in channels:
        problems.append("La mesure ne concerne que les e-mails : décochez SMS.")
    if not SHORTEST_WORDING <= len(texts["wording"]) <= LONGEST_WORDING:
        problems.append("Recopiez le texte exact que ces personnes ont accepté : c'est la preuve.")
    if not 3 <= len(texts["source"]) <= LONGEST_SOURCE:
        problems.append(
            f"Dites où l'accord a été recueilli, en {LONGEST_SOURCE} signes : « bulletin papier en salle »…"
        )
    try:
        if date.fromisoformat(texts["date"]) > timezone.localdate():
            problems.append("La date du recueil est dans le futur.")
    except ValueError:
        problems.append("Donnez la date à laquelle l'accord a été recueilli (la plus ancienne si elles varient).")
    texts["version"] = texts["version"][:LONGEST_VERSION]
    return {"channels": [str(channel) for channel in channels], **texts}, problems


def claims(declaration: Declaration, outcomes: Sequence[Outcome]) -> set[Pair]:
    """The guests, channels and purpose that the accepted lines claim: only for an address that the line itself gives."""
    return {
        (outcome.contact.pk, channel, declaration.purpose)
        for outcome in outcomes
        if outcome.kind != REFUSED and outcome.contact
        for channel in declaration.channels
        if (index := getattr(outcome.guest, WAYS[ChannelType(channel)]))
        and index == getattr(outcome.contact, WAYS[ChannelType(channel)])
    }


def grant(declaration: Declaration, state: State, claimed: set[Pair]) -> tuple[int, int]:
    """Keep the agreements that nothing forbids; returns how many were kept, and how many a refusal forbade."""
    standing = _standing(declaration, claimed)
    forbidden = {pair for pair in claimed if _is_suppressed(state, pair)} | _refused_before(declaration, state, claimed)
    forbidden |= {pair for pair in claimed if pair in standing and standing[pair].status == Consent.Status.WITHDRAWN}
    given = {pair for pair in claimed if pair in standing and standing[pair].status == Consent.Status.GRANTED}
    wanted = sorted(claimed - forbidden - given, key=lambda pair: (str(pair[0]), pair[1]))
    proof = {
        "status": Consent.Status.GRANTED,
        "wording": declaration.wording,
        "wording_version": declaration.version,
        "source": _source(declaration),
        "granted_at": datetime.combine(declaration.day, time(), PARIS),
    }
    pending = [standing[pair].pk for pair in wanted if pair in standing]
    if pending:
        Consent.objects.filter(pk__in=pending, status=Consent.Status.PENDING).update(**proof)
    # Whoever answered between our reading and our writing is right.
    Consent.objects.bulk_create(
        [
            Consent(contact_id=pk, channel=channel, purpose=purpose, **proof)
            for pk, channel, purpose in wanted
            if (pk, channel, purpose) not in standing
        ],
        ignore_conflicts=True,
    )
    ConsentEvent.objects.bulk_create([_evidence(declaration, state, pair) for pair in wanted])
    return len(wanted), len(forbidden)


def _evidence(declaration: Declaration, state: State, pair: Pair) -> ConsentEvent:
    pk, channel, purpose = pair
    return ConsentEvent(
        contact_id=pk,
        address_index=_index(state, pk, channel),
        channel=channel,
        purpose=purpose,
        action=Act.GRANTED,
        wording=declaration.wording,
        wording_version=declaration.version,
        source=_source(declaration),
    )


def _source(declaration: Declaration) -> str:
    """Where and when, since evidence is dated of the day on which it is written down."""
    return f"{declaration.source}, le {declaration.day:%d/%m/%Y}"[:120]


def _standing(declaration: Declaration, claimed: set[Pair]) -> dict[Pair, Consent]:
    found = Consent.objects.filter(
        contact__in={pk for pk, _, _ in claimed}, channel__in=declaration.channels, purpose=declaration.purpose
    )
    # Locked: a guest who withdraws meanwhile is heard after us, not overwritten.
    rows = found.select_for_update().order_by("pk")
    return {(row.contact_id, row.channel, row.purpose): row for row in rows}


def _index(state: State, pk: Any, channel: str) -> str:
    return getattr(state.guests[pk], WAYS[ChannelType(channel)]) or ""


def _is_suppressed(state: State, pair: Pair) -> bool:
    return _index(state, pair[0], pair[1]) in state.opposed


def _refused_before(declaration: Declaration, state: State, claimed: set[Pair]) -> set[Pair]:
    """Who said no and was not heard saying yes since, also as somebody whom we erased in between."""
    events = ConsentEvent.objects.filter(channel__in=declaration.channels).order_by("pk")
    read = ("contact_id", "address_index", "channel", "purpose", "action")
    indexes = {_index(state, pk, channel) for pk, channel, _ in claimed}
    told = [
        *events.filter(contact__in={pk for pk, _, _ in claimed}).values_list(*read),
        *events.filter(contact__isnull=True, address_index__in=indexes).values_list(*read),
    ]
    last: dict[tuple[Any, str], str] = {}
    for pk, index, channel, purpose, action in told:
        # An opposition is to the whole channel, and so is its end.
        if purpose == declaration.purpose or action in (Act.OPPOSED, Act.LIFTED):
            last[(pk or index, channel)] = action
    refusals = (Act.WITHDRAWN, Act.OPPOSED)
    return {
        (pk, channel, purpose)
        for pk, channel, purpose in claimed
        if last.get((pk, channel)) in refusals or last.get((_index(state, pk, channel), channel)) in refusals
    }
