"""What waits for a person is told once, grouped, to those who can act on it."""

import json
from datetime import timedelta

import pytest
import responses
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.utils import timezone

from integrations.errors import AccountDisconnected
from integrations.models import WebhookDelivery
from social.models import Account
from social.services import publishing
from tests import factories
from vieuxmoulin import alerts, sweep
from vieuxmoulin.models import Alert

SENDGRID = "https://api.sendgrid.com/v3/mail/send"
pytestmark = pytest.mark.django_db


@pytest.fixture
def camille():
    """A member of the staff who may mend accounts."""
    user = get_user_model().objects.create_user("camille", "camille@example.com", "un-mot-de-passe-long", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_account", content_type__app_label="social"))
    return user


@pytest.fixture
def mail(settings):
    """SendGrid, which takes everything; yields the letters it took."""
    settings.SANDBOX = False
    factories.ProviderFactory(platform="sendgrid", channel="email")
    with responses.RequestsMock(assert_all_requests_are_fired=False) as played:
        played.post(SENDGRID, status=202, headers={"X-Message-Id": "m1"})
        yield lambda: [json.loads(call.request.body) for call in played.calls]


def recipients(letters):
    return [envelope["to"][0]["email"] for letter in letters for envelope in letter["personalizations"]]


def test_a_trouble_that_comes_again_is_one_alert_that_counts():
    alerts.raise_alert("account:1", "La Page ne publie plus.")

    alerts.raise_alert("account:1", "La Page ne publie plus.", "Encore.")

    found = Alert.objects.get()
    assert (found.times, found.message, found.resolved_at) == (2, "Encore.", None)


def test_a_trouble_that_comes_back_after_it_was_closed_is_told_anew():
    alerts.raise_alert("account:1", "La Page ne publie plus.")
    Alert.objects.update(mailed_at=timezone.now())
    alerts.resolve("account:1")

    alerts.raise_alert("account:1", "La Page ne publie plus.")

    found = Alert.objects.get()
    assert (found.mailed_at, found.resolved_at) == (None, None)


def test_other_modules_hear_of_an_alert_once():
    endpoint = factories.WebhookEndpointFactory(events=["alert"])

    alerts.raise_alert("stuck:notify", "Des messages n'avancent plus.")
    alerts.raise_alert("stuck:notify", "Des messages n'avancent plus.")

    told = WebhookDelivery.objects.get(endpoint=endpoint)
    assert told.body["payload"]["title"] == "Des messages n'avancent plus."


def test_one_mail_names_all_that_waits_for_those_who_can_act(camille, mail):
    get_user_model().objects.create_user("chef", "chef@example.com", "un-mot-de-passe-long", is_staff=True)
    alerts.raise_alert(
        "account:1", "Facebook est à reconnecter.", permission="social.change_account", address="/admin/x/"
    )
    alerts.raise_alert("account:2", "Instagram est à reconnecter.", permission="social.change_account")

    left = alerts.send_mails()

    letter = mail()[0]
    text = letter["personalizations"][0]["substitutions"]["-vm-texte-"]
    assert left == 1
    assert recipients(mail()) == ["camille@example.com"]
    assert "Facebook est à reconnecter." in text
    assert "Instagram est à reconnecter." in text
    assert "/admin/x/" in text


def test_the_same_alert_is_mailed_once(camille, mail):
    alerts.raise_alert("stuck:publish", "Des publications n'avancent plus.")

    first, second = alerts.send_mails(), alerts.send_mails()

    assert (first, second) == (1, 0)


def test_what_follows_a_mail_waits_and_leaves_together_but_the_urgent(camille, mail):
    alerts.raise_alert("a", "Premier.")
    alerts.send_mails()
    alerts.raise_alert("b", "Deuxième.")
    alerts.raise_alert("c", "Urgent !", is_urgent=True)

    now_left = alerts.send_mails()
    Alert.objects.filter(mailed_at__isnull=False).update(mailed_at=timezone.now() - timedelta(minutes=16))
    alerts.raise_alert("d", "Troisième.")
    later_left = alerts.send_mails()

    subjects = [letter["personalizations"][0]["substitutions"]["-vm-objet-"] for letter in mail()]
    assert (now_left, later_left) == (1, 1)
    assert subjects == [
        "[Le Vieux Moulin] Premier.",
        "[Le Vieux Moulin] Urgent !",
        "[Le Vieux Moulin] Deuxième. (et 1 de plus)",
    ]


def test_alerts_that_could_not_leave_wait_for_the_next_round(camille, settings):
    settings.SANDBOX = False
    factories.ProviderFactory(platform="sendgrid", channel="email")
    alerts.raise_alert("a", "Premier.")

    with responses.RequestsMock() as played:
        played.post(SENDGRID, status=429)
        refused = alerts.send_mails()

    assert refused == 0
    assert Alert.objects.get().mailed_at is None


def test_addresses_of_the_settings_hear_of_everything(mail, settings):
    settings.ALERT_EMAILS = ["direction@example.com"]
    alerts.raise_alert("a", "Premier.", permission="social.change_account")

    alerts.send_mails()

    assert recipients(mail()) == ["direction@example.com"]


def test_a_revoked_token_calls_staff_with_a_link_to_reconnect(camille, mail, django_capture_on_commit_callbacks):
    account = factories.AccountFactory(name="Le Vieux Moulin")

    with django_capture_on_commit_callbacks(execute=True):
        publishing.disconnect(account, AccountDisconnected("Facebook ne reconnaît plus le jeton."))
    alerts.send_mails()

    text = mail()[0]["personalizations"][0]["substitutions"]["-vm-texte-"]
    assert "URGENT · Le Vieux Moulin (Facebook) ne peut plus publier : reconnectez-le." in text
    assert "Facebook ne reconnaît plus le jeton." in text
    assert f"/admin/social/account/{account.pk}/change/" in text
    assert Account.objects.get().status == "disconnected"


def test_a_row_that_stands_still_is_an_alert_until_it_moves(camille):
    late = factories.PublicationFactory(next_attempt_at=timezone.now() - timedelta(minutes=10))

    sweep._alert_stuck()
    raised = Alert.objects.get(key="stuck:publish")
    late.status = "published"
    late.save(update_fields=["status"])
    sweep._alert_stuck()

    assert str(late.pk) in raised.message
    assert Alert.objects.get(key="stuck:publish").resolved_at is not None
