"""Fields that take what they say and nothing that only looks like it: no "12" for 12, no true for 1, no bare dates."""

import math
from datetime import UTC, datetime
from typing import Any

from django.utils.dateparse import parse_datetime
from django.utils.timezone import is_aware
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

BIGGEST = 2_147_483_647
YEARS = range(2000, 2101)


class Text(serializers.CharField):
    """A text, and not a number that could be read as one."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_length", 300)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class Address(serializers.URLField):
    """A web address, http or https."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=500, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if not data.lower().startswith(("http://", "https://")):
            raise serializers.ValidationError("Adresse en http:// ou https:// attendue.")
        return super().to_internal_value(data)


class Whole(serializers.IntegerField):
    """A whole number."""

    def __init__(self, **options: Any) -> None:
        options.setdefault("max_value", BIGGEST)
        options.setdefault("min_value", 0)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


@extend_schema_field({"type": "number", "minimum": 0})
class Measure(serializers.Field):
    """A number, whole or not, not negative; it is given on as it came."""

    default_error_messages = {"invalid": "Nombre attendu.", "range": "Nombre de 0 à {most} attendu."}

    def __init__(self, *, most: int, **options: Any) -> None:
        self.most = most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int | float:
        if not isinstance(data, int | float) or isinstance(data, bool) or not math.isfinite(data):
            self.fail("invalid")
        if not 0 <= data <= self.most:
            self.fail("range", most=self.most)
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class Amount(serializers.DecimalField):
    """Euros: a text ("350.00") keeps every cent; a number is taken as it is written."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_digits=10, decimal_places=2, min_value=0, **options)

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, int | float | str) or isinstance(data, bool):
            self.fail("invalid")
        return super().to_internal_value(data)


class Identifier(serializers.UUIDField):
    """A UUID as a text: the number 7 would otherwise be one too."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class Flag(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("true ou false attendu.")
        return data


class Moment(serializers.DateTimeField):
    """An instant: ISO 8601 with its offset, for a bare "18:30" means another instant in summer."""

    def to_internal_value(self, value: Any) -> datetime:
        moment = None
        if isinstance(value, str) and len(value) <= 40:
            try:
                moment = parse_datetime(value)
            except ValueError:
                moment = None
        if moment is None or not is_aware(moment):
            raise serializers.ValidationError("Date ISO 8601 avec fuseau attendue, comme 2026-12-01T18:30:00Z.")
        if moment.year not in YEARS:
            raise serializers.ValidationError(f"Année de {YEARS[0]} à {YEARS[-1]} attendue.")
        return moment.astimezone(UTC)

    def to_representation(self, value: datetime | str | None) -> str | None:
        return iso(value) if isinstance(value, datetime) else value


@extend_schema_field({"type": "object", "additionalProperties": {}})
class Document(serializers.Field):
    """A JSON object whose content is the business of someone else."""

    default_error_messages = {"invalid": "Objet JSON attendu."}

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, dict):
            self.fail("invalid")
        return data

    def to_representation(self, value: Any) -> Any:
        return value


class TextList(serializers.ListField):
    """A list of texts."""

    def __init__(self, **options: Any) -> None:
        length = options.pop("text_length", 120)
        options.setdefault("child", Text(max_length=length))
        options.setdefault("max_length", 100)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> list[str]:
        if not isinstance(data, list):
            raise serializers.ValidationError("Liste de textes attendue.")
        return super().to_internal_value(data)


def iso(moment: datetime | None) -> str | None:
    """An instant as the mission writes it: UTC, with a Z, without fractions."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None


def describe(field: serializers.Field) -> str:
    """What a field takes, in French, for whoever sent something else."""
    if isinstance(field, Moment):
        return "date ISO 8601 avec fuseau, comme 2026-12-01T18:30:00Z"
    if isinstance(field, serializers.ChoiceField):
        return f"une valeur parmi : {', '.join(map(str, field.choices))}"
    if isinstance(field, Flag):
        return "true ou false"
    if isinstance(field, serializers.IntegerField):
        return f"nombre entier de {field.min_value} à {field.max_value}"
    if isinstance(field, Amount):
        return 'montant en euros, comme "350.00"'
    if isinstance(field, Measure):
        return f"nombre de 0 à {field.most}"
    if isinstance(field, serializers.UUIDField):
        return "identifiant UUID"
    if isinstance(field, Address):
        return "adresse web de 500 signes au plus"
    if isinstance(field, serializers.CharField):
        return f"texte de {field.max_length} signes au plus"
    if isinstance(field, serializers.ListField):
        return f"liste de {field.max_length} éléments au plus ; chacun : {describe(field.child)}"
    if isinstance(field, serializers.ListSerializer):
        return f"liste d'objets ; {describe(field.child)}"
    if isinstance(field, serializers.Serializer):
        return f"objet JSON avec : {', '.join(field.fields)}"
    return "objet JSON"
