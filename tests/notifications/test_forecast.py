"""A crowd is told of as each of its guests would be: the count in the database and `may_send` never differ."""

from datetime import UTC, datetime

import pytest
from django.utils import timezone

from notifications.models import ChannelType, Consent, Contact, Purpose, PushSubscription, Suppression
from notifications.services import permission
from notifications.services.permission import may_send, standing, with_standing
from tests.factories import ContactFactory
from tests.vieuxmoulin.backoffice import rows

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 6, 2, 10, tzinfo=UTC)


@pytest.fixture
def crowd(settings):
    """Guests in every situation there is."""
    settings.FREQUENCY_CAP, settings.QUIET_HOURS = 1, True
    for _ in range(3):
        ContactFactory()
    ContactFactory(email="", email_index=None, phone="", phone_index=None)
    opposed, silent, tired, device = ContactFactory(), ContactFactory(), ContactFactory(), ContactFactory()
    for channel, index in (("email", opposed.email_index), ("sms", opposed.phone_index)):
        Suppression.objects.create(channel=channel, address_index=index, reason="STOP")
    Consent.objects.filter(contact=silent).delete()
    message = rows.message(contact=tired, status="sent", sent_at=timezone.now())
    assert message.template.purpose == "marketing"
    PushSubscription.objects.create(contact=device, subscription={"endpoint": "https://e"}, endpoint_index="i")
    Consent.objects.update_or_create(
        contact=device, channel="push", purpose="marketing", defaults={"status": "granted", "granted_at": NOON}
    )
    return Contact.objects.all()


@pytest.mark.parametrize("channel", ChannelType.values)
@pytest.mark.parametrize("purpose", Purpose.values)
def test_the_count_and_the_decision_of_each_never_differ(crowd, channel, purpose):
    found = permission.forecast(crowd, channel=channel, purpose=purpose, now=NOON)

    decisions = [
        may_send(purpose=purpose, channel=channel, standing=standing(row, row, channel), now=NOON)
        for row in with_standing(crowd, channel, contact="pk")
    ]
    allowed = sum(decision.allowed for decision in decisions)
    refused = sorted(decision.reason.split(" :")[0][:20] for decision in decisions if not decision.allowed)
    told = [permission.words_for(verdict, channel) for verdict, number in found.refused.items() for _ in range(number)]
    assert (found.total, found.allowed) == (len(decisions), allowed)
    assert len(told) == len(refused)
    assert found.total == found.allowed + sum(found.refused.values())


def test_each_reason_is_counted(crowd):
    found = permission.forecast(crowd, channel="email", purpose="marketing", now=NOON)

    assert found.refused == {"no_address": 1, "suppressed": 1, "no_consent": 1, "capped": 1}


def test_a_crowd_is_counted_in_one_query(crowd, django_assert_num_queries):
    with django_assert_num_queries(1):
        permission.forecast(crowd, channel="email", purpose="marketing", now=NOON)


def test_quiet_hours_put_off_and_refuse_nobody(crowd):
    night = datetime(2026, 6, 2, 21, tzinfo=UTC)

    found = permission.forecast(crowd, channel="email", purpose="marketing", now=night)

    assert found.opens_at == datetime(2026, 6, 3, 6, tzinfo=UTC)
    assert "quiet" not in found.refused
