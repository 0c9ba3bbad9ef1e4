"""Law 3 against every network that the sandbox plays: whatever breaks, wherever, there is one post and an end."""

import itertools
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from integrations.http import HttpClient
from integrations.sandbox.faults import inject
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.vendors import registry as played
from social.connectors import registry as networks
from social.connectors.base import Picture, Post
from social.models import Account, Publication
from social.services import publishing
from tests.factories import AccountFactory, CredentialFactory, PublicationFactory
from tests.integrations.sandbox.test_connectors import ACCOUNTS, PNG

FINAL = {"published", "held", "failed"}
MOST_ROUNDS, MOST_STEPS = 40, 12
SLUGS = sorted(networks)


class Killed(BaseException):
    """The worker dies: nothing after this line runs, and no handler of ours may catch it."""


@pytest.fixture(autouse=True)
def picture_bytes(monkeypatch):
    """Some networks want bytes: give them some without fetching anything."""
    for slug in SLUGS:
        monkeypatch.setattr(
            f"social.connectors.{slug}.fetch_media", lambda url, **limits: (PNG, "image/png"), raising=False
        )


def account_of(slug):
    """An account as `load_config` would write it."""
    given = ACCOUNTS[slug]
    secrets = {**given.secrets, **({"access_token": given.token} if given.token else {})}
    credential = CredentialFactory(platform=slug, secrets=secrets)
    fields = {"external_id": given.id, "settings": given.settings}
    return AccountFactory(platform=slug, credential=credential, **fields)


def publication_of(account, text):
    return PublicationFactory(
        account=account, post=Post(text, (Picture("https://exemple.fr/a.jpg", "Un plat"),)).as_json()
    )


def shown(slug):
    return VendorRecord.objects.filter(vendor=slug, kind=played[slug].shown_kind).count()


def at_call(monkeypatch, number, act):
    """Do something at the nth call that leaves from now on; returns the counter of calls."""
    calls = itertools.count(1)
    made = {"calls": 0}
    send = HttpClient.request

    def request(self, method, url, **options):
        made["calls"] = next(calls)
        if made["calls"] == number:
            return act(lambda: send(self, method, url, **options), urlsplit(url).path)
        return send(self, method, url, **options)

    monkeypatch.setattr(HttpClient, "request", request)
    return made


def carry_on(publication):
    """Let the sweep pass again and again, each time when the row is due, until the row has an end."""
    for _round in range(MOST_ROUNDS):
        publication.refresh_from_db()
        if publication.status in FINAL:
            return publication
        past = timezone.now() - timezone.timedelta(seconds=1)
        Publication.objects.filter(pk=publication.pk).update(next_attempt_at=past)
        try:
            if publication.status == "publishing":
                Publication.objects.filter(pk=publication.pk).update(lease_until=past)
                publishing.recover_abandoned()
            elif publication.status == "unknown":
                publishing.settle(publication.pk)
            else:
                publishing.publish(publication.pk)
        except Killed:
            continue
    raise AssertionError(f"still {publication.status}: {publication.last_error}")


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("moment", ["before the call", "after the call"])
def test_a_worker_killed_at_any_step_leaves_one_post(vendors, monkeypatch, slug, moment):
    account = account_of(slug)

    def die(send, path):
        if moment == "after the call":
            send()
        raise Killed

    for step in range(1, MOST_STEPS):
        publication, before = publication_of(account, f"Menu du jour n° {step}"), shown(slug)
        with monkeypatch.context() as patch:
            made = at_call(patch, step, die)
            publication = carry_on(publication)

        assert (step, publication.status, shown(slug) - before) == (step, "published", 1)
        assert VendorRecord.objects.filter(vendor=slug, external_id=publication.external_id).count() == 1
        if made["calls"] < step:
            break
    else:
        pytest.fail("the steps of this network were not all tried")
    assert step > 1


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("kind", [kind for kind in Fault.Kind.values if kind != "slow"])
def test_a_fault_at_any_step_leaves_at_most_one_post_and_a_final_state(vendors, monkeypatch, slug, kind):
    account = account_of(slug)

    def break_there(send, path):
        inject(slug, kind, path_contains=path.partition("/api/")[2].partition("/")[2])
        return send()

    for step in range(1, MOST_STEPS):
        Account.objects.filter(pk=account.pk).update(status="connected")
        publication, before = publication_of(account, f"Menu du jour n° {step}"), shown(slug)
        with monkeypatch.context() as patch:
            made = at_call(patch, step, break_there)
            publication = carry_on(publication)
        Fault.objects.all().delete()

        posts = shown(slug) - before
        assert (step, posts <= 1) == (step, True)
        if publication.status == "published":
            assert posts == 1
            assert VendorRecord.objects.filter(vendor=slug, external_id=publication.external_id).count() == 1
        else:
            assert (step, kind, publication.status) == (step, "expired_token", "held")
        if made["calls"] < step:
            break
    else:
        pytest.fail("the steps of this network were not all tried")
    assert step > 1


@pytest.mark.parametrize("slug", [slug for slug in SLUGS if networks[slug].supports_threads])
@pytest.mark.parametrize("kind", ["timeout_after_accept", "empty_server_error", "rate_limited"])
def test_a_thread_broken_at_any_post_ends_whole(vendors, monkeypatch, slug, kind):
    account = account_of(slug)

    def break_there(send, path):
        inject(slug, kind, path_contains=path.partition("/api/")[2].partition("/")[2])
        return send()

    for step in range(1, MOST_STEPS):
        texts = [f"Jour {step} : {part}" for part in ("entrée", "plat", "dessert")]
        before = shown(slug)
        publication = PublicationFactory(account=account, post=Post(texts[0], thread=tuple(texts[1:])).as_json())
        with monkeypatch.context() as patch:
            made = at_call(patch, step, break_there)
            publication = carry_on(publication)
        Fault.objects.all().delete()

        assert (step, publication.status, shown(slug) - before) == (step, "published", 3)
        if made["calls"] < step:
            break
    else:
        pytest.fail("the steps of this network were not all tried")
