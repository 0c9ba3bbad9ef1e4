"""Contacts: guests we may write to. Their addresses come in whole and go out masked."""

from typing import Any

from django.core.exceptions import ValidationError as ModelValidationError
from django.db import transaction
from django.db.models import QuerySet
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from integrations.errors import ContentRejected
from integrations.services import audit
from notifications.models import ChannelType, Consent, Contact, Suppression, Tag
from notifications.services import contacts
from vieuxmoulin.api.base import Page, Resource, find
from vieuxmoulin.api.bodies import Body
from vieuxmoulin.api.fields import Document, Moment, Text, TextList

HIDDEN = "•••"
GIVEN = ("granted", "withdrawn")


class ConsentBody(Body):
    channel = serializers.ChoiceField(ChannelType.choices)
    status = serializers.ChoiceField(GIVEN)
    purpose = serializers.ChoiceField(Consent.Purpose.choices, required=False, help_text="marketing par défaut.")
    source = Text(max_length=120, help_text="Où cela a été dit : « formulaire du site », « bulletin papier »…")
    wording = Text(
        required=False, allow_blank=True, max_length=5000, help_text="Texte accepté ; nécessaire s'il l'est."
    )
    wording_version = Text(required=False, allow_blank=True, max_length=40)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs["status"] == "granted" and not attrs.get("wording"):
            message = "Un consentement se prouve : donnez le texte que la personne a accepté."
            raise serializers.ValidationError({"wording": [message]})
        return attrs


class ContactBody(Body):
    first_name = Text(required=False, allow_blank=True, max_length=100)
    last_name = Text(required=False, allow_blank=True, max_length=100)
    email = Text(required=False, allow_blank=True, max_length=254)
    phone = Text(required=False, allow_blank=True, max_length=30)
    language = serializers.ChoiceField(["fr", "en", "de", "es", "it", "nl"], required=False)
    attributes = Document(required=False)
    tags = TextList(required=False, text_length=60)
    consents = ConsentBody(many=True, required=False, max_length=20)


class ConsentAnswer(serializers.Serializer):
    purpose = serializers.CharField()
    channel = serializers.CharField()
    status = serializers.CharField()
    source = serializers.CharField()
    wording_version = serializers.CharField()
    granted_at = Moment(allow_null=True)
    withdrawn_at = Moment(allow_null=True)


class ContactAnswer(serializers.Serializer):
    id = serializers.UUIDField()
    first_name = serializers.CharField()
    last_name = serializers.CharField()
    email = serializers.SerializerMethodField(help_text="Masquée : c•••@exemple.fr.")
    phone = serializers.SerializerMethodField(help_text="Masqué : +33•••78.")
    language = serializers.CharField()
    attributes = Document()
    tags = serializers.SerializerMethodField()
    consents = ConsentAnswer(many=True)
    source = serializers.CharField()
    created_at = Moment()
    updated_at = Moment()

    def get_email(self, contact: Contact) -> str:
        return masked_email(contact.email)

    def get_phone(self, contact: Contact) -> str:
        return masked_phone(contact.phone)

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_tags(self, contact: Contact) -> list[str]:
        return [tag.slug for tag in contact.tags.all()]


class ContactQuery(Page):
    tag = Text(required=False, max_length=60)


class Contacts(Resource):
    """Guests."""

    resource = "contacts"
    personal = Contact
    scopes = {"list": "contacts:read", "show": "contacts:read", "create": "contacts:write", "change": "contacts:write"}

    def rows(self) -> QuerySet[Contact]:
        return Contact.objects.prefetch_related("tags", "consents")

    @extend_schema(summary="Contacts", parameters=[ContactQuery], responses=ContactAnswer(many=True))
    def list(self, request: Request) -> Response:
        asked = self.query(ContactQuery)
        rows = self.rows().filter(tags__slug=asked["tag"]) if "tag" in asked else self.rows()
        return self.page(rows, ContactAnswer)

    @extend_schema(summary="Un contact", responses=ContactAnswer)
    def show(self, request: Request, key: Any) -> Response:
        self.query()
        found = find(self.rows(), key)
        self.note(audit.Action.VIEW, found)
        return Response(ContactAnswer(found).data)

    @extend_schema(summary="Ajouter un contact", request=ContactBody, responses={201: OpenApiResponse(ContactAnswer)})
    def create(self, request: Request) -> Response:
        asked = self.body(ContactBody)
        if not asked.get("email") and not asked.get("phone"):
            message = "Donnez une adresse e-mail ou un numéro de mobile : sinon on ne peut pas lui écrire."
            raise ContentRejected(message, code="no_address", problems=[{"field": "email", "message": message}])
        with transaction.atomic():
            made = save(Contact(source=str(request.auth.application)[:60]), asked)
            self.note(audit.Action.CREATE, made, fields=sorted(asked))
        return self.created(ContactAnswer(find(self.rows(), made.pk)).data, made.pk)

    @extend_schema(summary="Modifier un contact", request=ContactBody, responses=ContactAnswer)
    def change(self, request: Request, key: Any) -> Response:
        asked = self.body(ContactBody, partial=True)
        with transaction.atomic():
            made = save(find(Contact.objects.all(), key), asked)
            self.note(audit.Action.CHANGE, made, fields=sorted(asked))
        return Response(ContactAnswer(find(self.rows(), made.pk)).data)


def save(contact: Contact, asked: dict[str, Any]) -> Contact:
    """Write a guest, tags and consents, all or nothing. Raises ContentRejected naming each fault."""
    for name in ("first_name", "last_name", "language", "attributes"):
        if name in asked:
            setattr(contact, name, asked[name])
    with transaction.atomic():
        _write_addresses(contact, asked)
        if "tags" in asked:
            contact.tags.set(_tags(asked["tags"]))
        for rank, consent in enumerate(asked.get("consents", ())):
            _write_consent(contact, consent, f"consents[{rank}]")
    return contact


def masked_email(address: str) -> str:
    """Enough to recognise an address, too little to write to it."""
    name, at, domain = address.rpartition("@")
    return f"{name[:1]}{HIDDEN}{at}{domain}" if address else ""


def masked_phone(number: str) -> str:
    """The country and the last two digits."""
    return f"{number[:3]}{HIDDEN}{number[-2:]}" if number else ""


def _write_addresses(contact: Contact, asked: dict[str, Any]) -> None:
    for name, normalise in (("email", contacts.normalise_email), ("phone", contacts.normalise_phone)):
        if asked.get(name):
            try:
                normalise(asked[name])
            except ModelValidationError as error:
                raise _refused(name, " ".join(error.messages)) from None
    try:
        contacts.save_contact(contact, email=asked.get("email"), phone=asked.get("phone"))
    except ModelValidationError as error:
        name, said = next(iter(error.message_dict.items()))
        raise _refused(name, " ".join(said)) from None


def _tags(slugs: list[str]) -> list[Tag]:
    found = list(Tag.objects.filter(slug__in=slugs))
    unknown = sorted(set(slugs) - {tag.slug for tag in found})
    if unknown:
        known = ", ".join(Tag.objects.values_list("slug", flat=True)[:50]) or "aucune"
        raise _refused("tags", f"Étiquette inconnue « {unknown[0]} ». Étiquettes : {known}.")
    return found


def _write_consent(contact: Contact, said: dict[str, Any], at: str) -> None:
    channel = said["channel"]
    if said["status"] == "withdrawn":
        purpose = said.get("purpose", Consent.Purpose.MARKETING)
        if purpose == Consent.Purpose.MARKETING:
            contacts.withdraw(contact, channel=channel, source=said["source"], scope=Suppression.Scope.OFFERS)
        else:
            contacts.withdraw_purpose(contact, channel=channel, purpose=purpose, source=said["source"])
        return
    if channel != ChannelType.PUSH and not contact.address(channel):
        raise _refused(f"{at}.channel", "Ce contact n'a pas d'adresse sur ce canal.")
    contacts.grant(
        contact,
        channel=channel,
        purpose=said.get("purpose", Consent.Purpose.MARKETING),
        source=said["source"],
        wording=said["wording"],
        version=said.get("wording_version", ""),
    )


def _refused(field: str, message: str) -> ContentRejected:
    return ContentRejected(message, code="contact", problems=[{"field": field, "message": message}])
