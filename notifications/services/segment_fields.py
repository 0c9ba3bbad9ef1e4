"""What a segment may ask of a guest: each field, its operators, and the condition that the database understands."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, F, FloatField, OuterRef, Q, Sum, Value
from django.db.models.functions import ACos, Cos, Least, Radians, Sin
from django.utils import timezone

from notifications.models import (
    ChannelType,
    Consent,
    Contact,
    MessageTemplate,
    Notification,
    Purchase,
    PushSubscription,
    Suppression,
    Tag,
)
from notifications.models.people import LANGUAGES

EARTH_KM, KM_PER_DEGREE = 6371.0, 111.32
MOST_DAYS, MOST_KM, MOST_CENTS = 3650, 1000, 100_000_000
MONTHS = range(1, 13)


class BadValue(ValueError):
    """The value of a rule does not suit its field; the text says what would (French)."""


@dataclass(frozen=True)
class Field:
    """One thing to ask. operators: name → French words. kind: how the screen asks for the value.

    The screen may know choices that this application does not (dishes, campaigns).
    """

    label: str
    group: str
    kind: str
    operators: dict[str, str]
    build: Callable[[str, Any], Q]
    choices: Callable[[], list[tuple[str, str]]] | None = None

    def asks_value(self, op: str) -> bool:
        """Whether a rule on this field, with this operator, is told by a value."""
        return self.kind != "none" and op not in ("never", "empty")

    def condition(self, op: str, value: Any) -> Q:
        """The condition on a guest. Raises BadValue."""
        return self.build(op, value)


TEXT = {"is": "est", "is_not": "n'est pas", "contains": "contient", "starts": "commence par", "empty": "est vide"}
IS = {"is": "est", "is_not": "n'est pas"}
HAS = {"yes": "oui", "no": "non"}
NUMBER = {"at_least": "au moins", "at_most": "au plus"}
AGO = {"within": "depuis moins de (jours)", "over": "depuis plus de (jours)", "never": "jamais"}


def text(value: Any, most: int = 200) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > most:
        raise BadValue(f"un texte de 1 à {most} signes est attendu.")
    return value.strip()


def whole(value: Any, most: int) -> int:
    """A whole number, also as a form sends it."""
    if isinstance(value, str) and value.strip().isdigit():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise BadValue(f"un nombre entier de 0 à {most} est attendu.")
    return value


def _text_field(column: str) -> Callable[[str, Any], Q]:
    def build(op: str, value: Any) -> Q:
        if op == "empty":
            return Q(**{column: ""})
        said = text(value)
        lookup = {"contains": "icontains", "starts": "istartswith"}.get(op, "iexact")
        found = Q(**{f"{column}__{lookup}": said})
        return ~found if op == "is_not" else found

    return build


def _yes(found: Q | Exists) -> Callable[[str, Any], Q]:
    condition = found if isinstance(found, Q) else Q(found)
    return lambda op, value: condition if op == "yes" else ~condition


def _tag(op: str, value: Any) -> Q:
    has = Q(Exists(Tag.contacts.through.objects.filter(contact=OuterRef("pk"), tag__slug=text(value, 60))))
    return ~has if op == "is_not" else has


def _attribute(op: str, value: Any) -> Q:
    """« clé = valeur » of the free attributes, compared as text or number as JSON holds it."""
    said = text(value)
    key, equals, wanted = said.partition("=")
    key, wanted = key.strip(), wanted.strip()
    if not equals or not key.replace("_", "").isalnum() or not wanted:
        raise BadValue("écrivez clé = valeur, comme table_preferee = terrasse.")
    options: list[Any] = [wanted]
    if wanted.lstrip("-").isdigit():
        options.append(int(wanted))
    if wanted in ("true", "false"):
        options.append(wanted == "true")
    found = Q()
    for option in options:
        found |= Q(**{f"attributes__{key}": option})
    return ~Q(pk__in=Contact.objects.filter(found).order_by().values("pk")) if op == "is_not" else found


def _birthday_month(op: str, value: Any) -> Q:
    month = whole(value, 12)
    if month not in MONTHS:
        raise BadValue("un mois de 1 à 12 est attendu.")
    return Q(birthday__month=month)


def _birthday_soon(op: str, value: Any) -> Q:
    """Within so many days, over the end of the year too."""
    days, today = whole(value, 366), timezone.localdate()
    found = Q()
    for offset in range(min(days, 365) + 1):
        day: date = today + timedelta(days=offset)
        found |= Q(birthday__month=day.month, birthday__day=day.day)
    return found


def _consent(purpose: str, channel: str) -> Exists:
    return Exists(
        Consent.objects.filter(contact=OuterRef("pk"), purpose=purpose, channel=channel, status=Consent.Status.GRANTED)
    )


def _suppressed(channel: str, column: str) -> Exists:
    return Exists(Suppression.objects.filter(channel=channel, address_index=OuterRef(column)))


def _moment(column: str) -> Callable[[str, Any], Q]:
    """When a guest last opened, clicked or got a message; law 8: of messages that were to be measured, by people."""

    def build(op: str, value: Any) -> Q:
        rows = Notification.objects.filter(contact=OuterRef("pk"), **{f"{column}__isnull": False})
        if op == "never":
            return ~Q(Exists(rows))
        since = timezone.now() - timedelta(days=whole(value, MOST_DAYS))
        recently = Q(Exists(rows.filter(**{f"{column}__gte": since})))
        return recently if op == "within" else Q(Exists(rows)) & ~recently

    return build


def _got(path: str) -> Callable[[str, Any], Q]:
    def build(op: str, value: Any) -> Q:
        rows = Notification.objects.filter(contact=OuterRef("pk"), sent_at__isnull=False, **{path: text(value)})
        found = Q(Exists(rows))
        return ~found if op == "is_not" else found

    return build


def _last_purchase(op: str, value: Any) -> Q:
    rows = Purchase.objects.filter(contact=OuterRef("pk"))
    if op == "never":
        return ~Q(Exists(rows))
    since = timezone.now() - timedelta(days=whole(value, MOST_DAYS))
    recently = Q(Exists(rows.filter(occurred_at__gte=since)))
    return recently if op == "within" else Q(Exists(rows)) & ~recently


def _purchases(expression: Any, most: int, scale: int = 1) -> Callable[[str, Any], Q]:
    """Compare what all purchases of a guest come to: read once per purchase, not once per guest."""

    def build(op: str, value: Any) -> Q:
        limit = whole(value, most) * scale
        totals = Purchase.objects.order_by().values("contact").annotate(total=expression)
        if op == "at_least":
            return Q(pk__in=totals.filter(total__gte=limit).values("contact")) if limit else Q(pk__isnull=False)
        return ~Q(pk__in=totals.filter(total__gt=limit).values("contact"))

    return build


def _bought(op: str, value: Any) -> Q:
    found = Q(Exists(Purchase.objects.filter(contact=OuterRef("pk"), item_refs__icontains=f'"{text(value, 64)}"')))
    return ~found if op == "is_not" else found


def _distance(op: str, value: Any) -> Q:
    """Kilometres around the restaurant: a box first, which an index can serve, then the circle within it."""
    km = whole(value, MOST_KM)
    latitude, longitude = settings.RESTAURANT_LATITUDE, settings.RESTAURANT_LONGITUDE
    high, wide = km / KM_PER_DEGREE, km / (KM_PER_DEGREE * max(0.01, math.cos(math.radians(latitude))))
    box = Q(latitude__range=(latitude - high, latitude + high), longitude__range=(longitude - wide, longitude + wide))
    here = Radians(Value(latitude, output_field=FloatField()))
    cosine = Sin(here) * Sin(Radians(F("latitude"))) + Cos(here) * Cos(Radians(F("latitude"))) * Cos(
        Radians(F("longitude")) - Radians(Value(longitude, output_field=FloatField()))
    )
    # Rounding may give a hair more than one, of which there is no arc.
    away = ACos(Least(cosine, Value(1.0, output_field=FloatField()))) * Value(EARTH_KM, output_field=FloatField())
    within = Contact.objects.filter(box).annotate(km=away).filter(km__lte=km).order_by().values("pk")
    return Q(pk__in=within) if op == "at_most" else Q(latitude__isnull=False) & ~Q(pk__in=within)


def _added(op: str, value: Any) -> Q:
    since = timezone.now() - timedelta(days=whole(value, MOST_DAYS))
    return Q(created_at__gte=since) if op == "within" else Q(created_at__lt=since)


def _tags() -> list[tuple[str, str]]:
    return list(Tag.objects.values_list("slug", "name"))


def _templates() -> list[tuple[str, str]]:
    return list(MessageTemplate.objects.filter(is_current=True).order_by("name").values_list("slug", "name"))


def _months() -> list[tuple[str, str]]:
    names = [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ]
    return [(str(number), name) for number, name in enumerate(names, 1)]


def _languages() -> list[tuple[str, str]]:
    return list(LANGUAGES.items())


WHO, AGREED, DID, BOUGHT = "La personne", "Ses accords", "Ce qu'elle lit", "Ce qu'elle achète"
_DEVICES = Exists(PushSubscription.objects.filter(contact=OuterRef("pk")))
FIELDS: dict[str, Field] = {
    "first_name": Field("Prénom", WHO, "text", TEXT, _text_field("first_name")),
    "last_name": Field("Nom", WHO, "text", TEXT, _text_field("last_name")),
    "language": Field("Langue", WHO, "choice", IS, _text_field("language"), _languages),
    "postcode": Field("Code postal", WHO, "text", TEXT, _text_field("postcode")),
    "source": Field("Origine", WHO, "text", TEXT, _text_field("source")),
    "tag": Field("Étiquette", WHO, "choice", IS, _tag, _tags),
    "attribute": Field("Attribut (clé = valeur)", WHO, "text", IS, _attribute),
    "birthday_month": Field("Mois d'anniversaire", WHO, "choice", {"is": "est"}, _birthday_month, _months),
    "birthday_within": Field("Anniversaire d'ici (jours)", WHO, "number", {"at_most": "au plus"}, _birthday_soon),
    "created": Field("Ajoutée", WHO, "number", {"within": AGO["within"], "over": AGO["over"]}, _added),
    "distance": Field(
        "Distance du restaurant (km)", WHO, "number", {"at_most": "au plus", "over": "plus de"}, _distance
    ),
    "has_email": Field("A une adresse e-mail", AGREED, "none", HAS, _yes(Q(email_index__isnull=False))),
    "has_phone": Field("A un mobile", AGREED, "none", HAS, _yes(Q(phone_index__isnull=False))),
    "has_device": Field("A un appareil (notifications)", AGREED, "none", HAS, _yes(_DEVICES)),
    **{
        f"agrees_{channel}": Field(
            f"Accepte les offres par {label}", AGREED, "none", HAS, _yes(_consent(Consent.Purpose.MARKETING, channel))
        )
        for channel, label in ChannelType.choices
    },
    "agrees_tracking": Field(
        "Accepte d'être mesurée", AGREED, "none", HAS, _yes(_consent(Consent.Purpose.TRACKING, "email"))
    ),
    "opposed_email": Field("Opposée aux e-mails", AGREED, "none", HAS, _yes(_suppressed("email", "email_index"))),
    "opposed_sms": Field("Opposée aux SMS", AGREED, "none", HAS, _yes(_suppressed("sms", "phone_index"))),
    "received": Field("A reçu un message", DID, "number", AGO, _moment("sent_at")),
    "opened": Field("A ouvert un message", DID, "number", AGO, _moment("opened_at")),
    "clicked": Field("A cliqué", DID, "number", AGO, _moment("clicked_at")),
    "got_template": Field("A reçu le modèle", DID, "choice", IS, _got("template__slug"), _templates),
    "got_campaign": Field("A reçu la campagne", DID, "choice", IS, _got("campaign__name")),
    "purchases": Field("Nombre d'achats", BOUGHT, "number", NUMBER, _purchases(Count("pk"), 100_000)),
    "spent": Field("Dépensé en tout (€)", BOUGHT, "number", NUMBER, _purchases(Sum("amount_cents"), 1_000_000, 100)),
    "last_purchase": Field("Dernier achat", BOUGHT, "number", AGO, _last_purchase),
    "bought": Field("A acheté le plat", BOUGHT, "choice", IS, _bought),
}
