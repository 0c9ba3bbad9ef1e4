"""Rows for tests, as a restaurant would have them."""

from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory

from campaigns.models import Campaign, Content, Media, Phase, PhaseAction
from integrations.models import Credential, WebhookEndpoint
from integrations.services.outbound import new_secret
from menus.models import Category, Destination, Item, Menu
from notifications.models import Contact, MessageTemplate, Provider, Tag
from notifications.services import contacts as contact_services
from social.models import Account, Publication

PLATFORM_SECRETS = {
    "facebook": {"access_token": "jeton-facebook"},
    "instagram": {"access_token": "jeton-instagram"},
    "x": {
        "api_key": "cle-x",
        "api_secret": "secret-x",
        "access_token": "jeton-x",
        "access_token_secret": "secret-jeton-x",
    },
    "sendgrid": {"api_key": "SG.cle", "from_email": "restaurant@levieuxmoulin.fr", "from_name": "Le Vieux Moulin"},
    "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "jeton-twilio", "from_number": "VieuxMoulin"},
    "hubrise": {"access_token": "jeton-hubrise"},
}


class CredentialFactory(DjangoModelFactory):
    class Meta:
        model = Credential

    platform = "facebook"
    name = factory.Sequence(lambda n: f"accès {n}")
    secrets = factory.LazyAttribute(lambda o: dict(PLATFORM_SECRETS.get(o.platform, {"access_token": "jeton"})))


class AccountFactory(DjangoModelFactory):
    class Meta:
        model = Account

    platform = "facebook"
    name = "Le Vieux Moulin"
    external_id = factory.Sequence(lambda n: str(1001 + n))
    username = "levieuxmoulin"
    credential = factory.SubFactory(CredentialFactory, platform=factory.SelfAttribute("..platform"))


class ContentFactory(DjangoModelFactory):
    class Meta:
        model = Content

    title = "Promotion du jour"
    body = "Profitez de notre offre spéciale sur les pizzas !"
    hashtags = factory.LazyFunction(lambda: ["promotion", "pizza"])


class MediaFactory(DjangoModelFactory):
    class Meta:
        model = Media

    content = factory.SubFactory(ContentFactory)
    url = "https://example.com/images/promo.jpg"


class PublicationFactory(DjangoModelFactory):
    class Meta:
        model = Publication

    content = factory.SubFactory(ContentFactory)
    account = factory.SubFactory(AccountFactory)
    scheduled_at = factory.LazyFunction(timezone.now)
    next_attempt_at = factory.SelfAttribute("scheduled_at")
    post = factory.LazyFunction(lambda: {"text": "Promotion du jour", "media": [], "link": "", "targeting": {}})


class TagFactory(DjangoModelFactory):
    class Meta:
        model = Tag
        django_get_or_create = ("slug",)

    slug = "habitues"
    name = "Habitués"


class ContactFactory(DjangoModelFactory):
    """A guest who agreed to everything, unless `agrees` says otherwise: ContactFactory(agrees=["email"])."""

    class Meta:
        model = Contact
        skip_postgeneration_save = True

    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Durand {n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        agrees = kwargs.pop("agrees", ("email", "sms"))
        number = Contact.objects.count()
        email = kwargs.pop("email", f"guest{number}@example.com")
        phone = kwargs.pop("phone", f"+336{10_000_000 + number}")
        contact = contact_services.save_contact(model_class(**kwargs), email=email, phone=phone)
        for channel in agrees:
            contact_services.grant(contact, channel=channel, source="test", wording="J'accepte.", version="1")
        return contact


class MessageTemplateFactory(DjangoModelFactory):
    class Meta:
        model = MessageTemplate

    slug = factory.Sequence(lambda n: f"promotion-{n}")
    name = "Promotion"
    purpose = "marketing"
    subject = "{{promo_title}} - Le Vieux Moulin"
    body_html = "<h1>{{promo_title}}</h1><p>Bonjour {{customer.first_name}}</p>"
    sms_body = "Le Vieux Moulin : {{promo_title}}"


class ProviderFactory(DjangoModelFactory):
    class Meta:
        model = Provider

    channel = "email"
    platform = "sendgrid"
    credential = factory.SubFactory(CredentialFactory, platform=factory.SelfAttribute("..platform"))


class CampaignFactory(DjangoModelFactory):
    class Meta:
        model = Campaign

    name = "Menu d'automne"
    start_date = factory.LazyFunction(lambda: timezone.now() - timedelta(minutes=1))
    end_date = factory.LazyFunction(lambda: timezone.now() + timedelta(days=14))


class PhaseFactory(DjangoModelFactory):
    class Meta:
        model = Phase

    campaign = factory.SubFactory(CampaignFactory)
    position = factory.Sequence(lambda n: n)
    name = "Annonce"
    trigger = "date"
    starts_at = factory.LazyFunction(timezone.now)


class PhaseActionFactory(DjangoModelFactory):
    class Meta:
        model = PhaseAction

    phase = factory.SubFactory(PhaseFactory)
    kind = "publish"
    params = factory.LazyFunction(
        lambda: {"content": {"body": "La carte d'automne est là."}, "platforms": ["facebook"]}
    )


class MenuFactory(DjangoModelFactory):
    class Meta:
        model = Menu

    name = "La carte d'automne"
    type = "seasonal"
    start_date = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))


class CategoryFactory(DjangoModelFactory):
    class Meta:
        model = Category

    menu = factory.SubFactory(MenuFactory)
    ref = factory.Sequence(lambda n: f"categorie-{n}")
    name = "Plats"


class ItemFactory(DjangoModelFactory):
    class Meta:
        model = Item

    category = factory.SubFactory(CategoryFactory)
    menu = factory.SelfAttribute("category.menu")
    ref = factory.Sequence(lambda n: f"plat-{n}")
    name = factory.Sequence(lambda n: f"Plat {n}")
    price_cents = 2390
    allergens = factory.LazyFunction(lambda: ["milk"])


class DestinationFactory(DjangoModelFactory):
    class Meta:
        model = Destination
        django_get_or_create = ("platform",)

    platform = "hubrise"
    name = "HubRise"
    credential = factory.SubFactory(CredentialFactory, platform="hubrise")
    settings = factory.LazyFunction(lambda: {"catalog_id": "carte"})


class WebhookEndpointFactory(DjangoModelFactory):
    class Meta:
        model = WebhookEndpoint

    url = factory.Sequence(lambda n: f"https://central.example/webhooks/{n}")
    events = factory.LazyFunction(lambda: ["*"])
    secret = factory.LazyFunction(new_secret)
