"""Rows of the measured house; run by `manage.py shell` in its environment. Prints facts as JSON."""

import json
import uuid
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from campaigns.models import Content
from integrations.models import Credential
from notifications.models import Chunk, Consent, Contact, MessageTemplate, Provider, Tag
from notifications.services import delivery, sending
from notifications.services.permission import address_index
from notifications.services.templates import save_version
from social.models import Account, Publication
from tests.bench import GUESTS, POSTS
from tests.bench.texts import BODY, SMS, SUBJECT
from vieuxmoulin.api.clients import create_client

# Guests written at once.
STEP = 5_000


def prepare() -> None:
    """A thousand willing guests, an account, two providers, a client."""
    get_user_model().objects.get_or_create(username="bench")
    facebook = Credential.objects.create(platform="facebook", name="bench", secrets={"access_token": "t"})
    Account.objects.create(platform="facebook", name="bench", external_id="1", credential=facebook)
    keys = {
        "sendgrid": {"api_key": "k", "from_email": "r@example.com", "from_name": "Bench"},
        "twilio": {"account_sid": "AC" + "0" * 32, "auth_token": "t", "from_number": "Bench"},
    }
    for channel, platform in (("email", "sendgrid"), ("sms", "twilio")):
        access = Credential.objects.create(platform=platform, name="bench", secrets=keys[platform])
        Provider.objects.create(channel=channel, platform=platform, credential=access)
    save_version(
        MessageTemplate(
            slug="bench",
            name="Bench",
            subject=SUBJECT,
            body_html=BODY,
            sms_body=SMS,
        )
    )
    guests(GUESTS, "bench")
    print(json.dumps(create_client("bench", ["publish", "notify", "status:read"])))  # noqa: T201 (read by the bench)


def guests(number: int, tag: str, *, first: int = 0) -> None:
    """Willing guests under a tag, real addresses sealed as ours are; one in two agrees to be measured."""
    label, _ = Tag.objects.get_or_create(slug=tag, name=tag)
    now = timezone.now()
    for start in range(first, first + number, STEP):
        made = Contact.objects.bulk_create(_guest(rank) for rank in range(start, min(start + STEP, first + number)))
        Contact.tags.through.objects.bulk_create(
            Contact.tags.through(contact_id=guest.pk, tag_id=label.pk) for guest in made
        )
        Consent.objects.bulk_create(
            Consent(contact=guest, purpose=purpose, channel=channel, status="granted", granted_at=now)
            for rank, guest in enumerate(made)
            for purpose, channel in (("marketing", "email"), ("marketing", "sms"), ("tracking", "email"))
            if purpose == "marketing" or rank % 2
        )
    # Only what is filled: of a table known to be empty, PostgreSQL would think so until it is looked at again.
    filled = (Contact, Contact.tags.through, Consent)
    with connection.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in filled)}")


def _guest(rank: int) -> Contact:
    email, phone = f"g{rank}@example.com", f"+336{rank + 10_000_000:08d}"
    return Contact(
        first_name=f"G{rank}",
        email=email,
        email_index=address_index("email", email),
        phone=phone,
        phone_index=address_index("sms", phone),
    )


def plan_posts(seconds: float) -> None:
    """Publications due at one moment, over three accounts; prints that moment."""
    first = Account.objects.get(platform="facebook")
    accounts = [first] + [
        Account.objects.create(
            platform="facebook", name=f"bench {rank}", external_id=str(rank), credential=first.credential
        )
        for rank in (2, 3)
    ]
    at = timezone.now() + timedelta(seconds=seconds)
    contents = Content.objects.bulk_create(Content(body=f"mark-post-{rank:04d}-") for rank in range(POSTS))
    Publication.objects.bulk_create(
        Publication(
            content=content,
            account=accounts[rank % 3],
            scheduled_at=at,
            next_attempt_at=at,
            is_forced=True,
            post={"text": content.body, "media": [], "link": "", "targeting": {}},
        )
        for rank, content in enumerate(contents)
    )
    print(at.timestamp())  # noqa: T201 (read by the bench)


def count_queries() -> None:
    """B5: SQL of a chunk of a thousand e-mails, and of one SMS in a window of 32."""
    found = {}
    for channel, size in (("email", 1000), ("sms", 320)):
        template = MessageTemplate.objects.get(slug="bench", is_current=True)
        origin = sending.Origin(uuid.uuid4())
        guests = Contact.objects.filter(pk__in=Contact.objects.order_by("pk")[:size].values("pk"))
        sending.create_messages(
            template=template, contacts=guests, channels=[channel], data={"title": "x"}, origin=origin
        )
        (chunk,) = Chunk.objects.filter(task_id=origin.task_id)
        # In a transaction: what is announced after the commit is other work, done once for many chunks.
        with transaction.atomic(), CaptureQueriesContext(connection) as context:
            delivery.deliver_chunk(chunk.pk)
            found[channel] = len(context)
    print(json.dumps(found))  # noqa: T201 (read by the bench)
