"""Law 3 against every network that the sandbox plays: whatever breaks, wherever, there is one post and an end.

The table: each network, each shape of post it takes, each mishap, at each call that this post costs, one after the
other. Only the socket is left out (in_process.py); answers lost on a real line are in test_connectors.py.
"""

import itertools
from collections import Counter
from urllib.parse import urlsplit

import pytest
from django.core.cache import cache
from django.utils import timezone

from integrations.errors import OutcomeUnknown
from integrations.http import HttpClient
from integrations.sandbox.faults import inject
from integrations.sandbox.models import Fault, VendorRecord
from integrations.sandbox.vendors import registry as played
from social.connectors import registry as networks
from social.connectors.base import Picture, Post
from social.models import Account, Publication
from social.services import publishing
from tests.factories import AccountFactory, CredentialFactory, PublicationFactory
from tests.integrations.sandbox.in_process import play_vendors
from tests.integrations.sandbox.test_connectors import ACCOUNTS, PNG

pytestmark = pytest.mark.django_db
FINAL = {"published", "held", "failed"}
MOST_ROUNDS, MOST_STEPS = 40, 30
DISH, DESSERT = Picture("https://exemple.fr/a.jpg", "Un plat"), Picture("https://exemple.fr/b.jpg", "Un dessert")
SLOW = Picture("https://exemple.fr/lent.jpg", "un four lent")
FILM = Picture("https://exemple.fr/four.mp4", kind="video")
LINK = "https://levieuxmoulin.fr/carte"
THREAD = ("et le plat", "et le dessert")
# What each network takes, each shape with the calls that it costs when nothing breaks.
SHAPES = {
    ("facebook", "text and link, targeted"): ({"link": LINK, "targeting": {"location": "Vensac"}}, 2),
    ("facebook", "photos"): ({"media": (DISH, DESSERT)}, 3),
    ("facebook", "video"): ({"media": (FILM,)}, 2),
    ("instagram", "carousel"): ({"media": (DISH, FILM)}, 8),
    ("instagram", "image in preparation"): ({"media": (SLOW,)}, 6),
    ("x", "pictures"): ({"media": (DISH, DESSERT)}, 5),
    ("x", "video in chunks"): ({"media": (FILM,)}, 8),
    ("x", "thread"): ({"media": (DISH,), "thread": THREAD}, 5),
    ("bluesky", "pictures"): ({"media": (DISH, DESSERT)}, 4),
    ("bluesky", "thread"): ({"media": (DISH,), "thread": THREAD}, 5),
    ("mastodon", "pictures, one slow"): ({"media": (DISH, SLOW)}, 5),
    ("mastodon", "thread"): ({"media": (DISH,), "thread": THREAD}, 4),
    ("google_business", "photo and button"): ({"media": (DISH,), "link": LINK}, 1),
    ("google_business", "in review"): ({"link": LINK, "words": "sous examen"}, 3),
}
ELSEWHERE = {"slow"}
MISHAPS = ("killed before", "killed after", *(kind for kind in Fault.Kind.values if kind not in ELSEWHERE))


class Killed(BaseException):
    """The worker dies: nothing after this line runs, and no handler of ours may catch it."""


@pytest.fixture(autouse=True)
def vendors(settings, monkeypatch):
    """The vendors without a socket, a session of their own, and files without a call."""
    play_vendors(settings, monkeypatch)
    monkeypatch.setattr("social.connectors._x_media.CHUNK_BYTES", 6)

    def file(url, **limits):
        return (b"0123456789", "video/mp4") if url.endswith(".mp4") else (PNG, "image/png")

    for slug in networks:
        monkeypatch.setattr(f"social.connectors.{slug}.fetch_media", file, raising=False)


def account_of(slug):
    """An account as `load_config` would write it."""
    given = ACCOUNTS[slug]
    secrets = {**given.secrets, **({"access_token": given.token} if given.token else {})}
    credential = CredentialFactory(platform=slug, secrets=secrets)
    fields = {"external_id": given.id, "settings": given.settings}
    return AccountFactory(platform=slug, credential=credential, **fields)


def post_of(shape, number):
    """A post that no other step has."""
    given = dict(shape)
    words, thread = given.pop("words", "bon appétit"), given.pop("thread", ())
    return Post(f"Menu n° {number}, {words}", thread=tuple(f"Menu n° {number}, {part}" for part in thread), **given)


def shown(slug):
    """How often each text is there."""
    vendor = played[slug]()
    records = VendorRecord.objects.filter(vendor=slug, kind=vendor.shown_kind)
    return Counter(vendor.show(record).text for record in records)


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


def breaking(slug, mishap):
    """What happens at the chosen call."""

    def act(send, path):
        if mishap == "killed after":
            send()
        if mishap.startswith("killed"):
            raise Killed
        inject(slug, mishap, path_contains=path.removeprefix("/api/").partition("/")[2])
        return send()

    return act


def carry_on(publication):
    """Let the sweep pass again and again, each time when the row is due, until the row has an end."""
    for _round in range(MOST_ROUNDS):
        publication.refresh_from_db()
        if publication.status in FINAL:
            return publication
        past = timezone.now() - timezone.timedelta(seconds=1)
        row = Publication.objects.filter(pk=publication.pk)
        row.update(next_attempt_at=past)
        row.filter(lease_until__isnull=False).update(lease_until=past)
        try:
            if publication.status == "publishing":
                publishing.recover_abandoned()
            elif publication.status == "unknown":
                publishing.settle(publication.pk)
            else:
                publishing.publish(publication.pk)
        except Killed:
            continue
    raise AssertionError(f"still {publication.status}: {publication.last_error}")


def connected_again(account):
    """The person mends the access: what was held leaves."""
    Account.objects.filter(pk=account.pk).update(status="connected", status_reason="")
    publishing.connected(account)


def test_every_network_is_in_the_table():
    assert {slug for slug, _ in SHAPES} == set(networks)
    assert {slug for slug, name in SHAPES if name == "thread"} == {
        slug for slug in networks if networks[slug].supports_threads
    }


@pytest.mark.parametrize(("slug", "name"), SHAPES)
def test_a_post_costs_the_calls_of_its_protocol(monkeypatch, slug, name):
    shape, calls = SHAPES[slug, name]
    publication = PublicationFactory(account=account_of(slug), post=post_of(shape, 0).as_json())
    made = at_call(monkeypatch, 0, None)

    carry_on(publication)

    assert made["calls"] == calls


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize(("slug", "name"), SHAPES)
def test_whatever_breaks_at_any_call_each_post_is_there_once_in_the_end(monkeypatch, slug, name, mishap):
    account = account_of(slug)

    for step in range(1, MOST_STEPS):
        # No session is open yet, no town is known: every call of the protocol is made.
        cache.clear()
        post = post_of(SHAPES[slug, name][0], step)
        publication = PublicationFactory(account=account, post=post.as_json())
        with monkeypatch.context() as patch:
            made = at_call(patch, step, breaking(slug, mishap))
            publication = carry_on(publication)
            first_end, so_far = publication.status, shown(slug)
            if first_end == "held":
                connected_again(account)
                publication = carry_on(publication)
        Fault.objects.all().delete()

        there = shown(slug)
        assert (step, first_end) in {(step, "published"), (step, "held" if mishap == "expired_token" else "published")}
        assert (step, [so_far[text] for text in post.texts if so_far[text] > 1]) == (step, [])
        assert (step, publication.status, [there[text] for text in post.texts]) == (
            step,
            "published",
            [1] * len(post.texts),
        )
        assert VendorRecord.objects.filter(vendor=slug, external_id=publication.external_id).count() == 1
        if made["calls"] < step:
            break
    else:
        pytest.fail("the steps of this network were not all tried")
    assert step > SHAPES[slug, name][1]


def at_call_after_a_lost_answer(monkeypatch, act):
    """Do something at the first call that follows a creation of unknown fate; returns what was done."""
    send = HttpClient.request
    seen = []

    def request(self, method, url, **options):
        if seen == ["lost"]:
            seen.append("broken")
            return act(lambda: send(self, method, url, **options), urlsplit(url).path)
        try:
            return send(self, method, url, **options)
        except OutcomeUnknown:
            seen.append("lost")
            raise

    monkeypatch.setattr(HttpClient, "request", request)
    return seen


@pytest.mark.parametrize("mishap", MISHAPS)
@pytest.mark.parametrize("slug", sorted(networks))
def test_a_look_for_a_post_of_unknown_fate_may_break_too(monkeypatch, slug, mishap):
    account = account_of(slug)
    post = Post("Menu du jour, bon appétit", (DISH,))
    publication = PublicationFactory(account=account, post=post.as_json())
    inject(slug, "timeout_after_accept")

    with monkeypatch.context() as patch:
        seen = at_call_after_a_lost_answer(patch, breaking(slug, mishap))
        publication = carry_on(publication)

    assert seen == ["lost", "broken"]
    assert (publication.status, shown(slug)) == ("published", Counter({post.text: 1}))
