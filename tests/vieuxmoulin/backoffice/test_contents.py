"""Contents in the back-office: written once, published from a window, refused in French with a proposal."""

from datetime import timedelta

import pytest
from django.contrib.messages import get_messages
from django.urls import reverse
from django.utils import timezone

from campaigns.models import Content
from social.models import Publication
from tests import factories
from vieuxmoulin.models import Task

FORMSETS = {
    f"{prefix}-{name}": value
    for prefix in ("media", "variations", "publications")
    for name, value in (("TOTAL_FORMS", "0"), ("INITIAL_FORMS", "0"))
}


def told(response):
    return [str(message) for message in get_messages(response.wsgi_request)]


def test_a_content_is_written_with_hashtags_as_words(office, manager):
    data = {**FORMSETS, "title": "Cèpes", "body": "Ils sont là.", "hashtags": "#automne, vensac ,automne", "link": "",
            "late_rule": "move", "metadata": "{}"}  # fmt: skip

    response = office.post(reverse("admin:campaigns_content_add"), data)

    content = Content.objects.get()
    assert response.status_code == 302
    assert (content.hashtags, content.created_by) == (["automne", "vensac"], manager)


def test_an_empty_content_is_refused(office):
    response = office.post(
        reverse("admin:campaigns_content_add"),
        {**FORMSETS, "title": "", "body": "", "late_rule": "send", "metadata": "{}"},
    )

    assert "Rien à publier : écrivez un titre ou un texte." in response.content.decode()
    assert not Content.objects.exists()


def test_publish_now_makes_the_publication_and_a_line_in_the_ledger(ask, manager):
    factories.AccountFactory()
    content = factories.ContentFactory()

    response = ask("campaigns_content_publish_now", content, platforms=["facebook"], scheduled_time="")

    publication = Publication.objects.get()
    task = Task.objects.get()
    assert response.headers["HX-Refresh"] == "true"
    assert (publication.content, publication.status, publication.task_id) == (content, "scheduled", task.pk)
    assert (task.type, task.user) == ("publish", manager)
    assert told(response)[0].startswith("C&#x27;est parti.") or told(response)[0].startswith("C'est parti.")


def test_a_later_date_is_read_as_paris_time(ask):
    factories.AccountFactory()
    tomorrow = timezone.localtime() + timedelta(days=1)
    typed = tomorrow.replace(second=0, microsecond=0)

    ask(
        "campaigns_content_publish_now",
        factories.ContentFactory(),
        platforms=["facebook"],
        scheduled_time=typed.strftime("%Y-%m-%dT%H:%M"),
    )

    assert Publication.objects.get().scheduled_at == typed


def test_a_past_date_is_refused_and_nothing_is_written(ask):
    factories.AccountFactory()

    response = ask(
        "campaigns_content_publish_now",
        factories.ContentFactory(),
        platforms=["facebook"],
        scheduled_time="2020-01-01T12:00",
    )

    assert "Cette date est passée" in response.content.decode()
    assert not Publication.objects.exists()
    assert not Task.objects.exists()


def test_a_text_too_long_is_refused_with_a_proposal(ask):
    factories.AccountFactory(platform="x", credential__platform="x")
    content = factories.ContentFactory(body="Une très bonne soirée. " * 30)

    response = ask("campaigns_content_publish_now", content, platforms=["x"], scheduled_time="")

    page = response.content.decode()
    assert "Texte trop long pour X" in page
    assert "Proposition : «" in page
    assert not Publication.objects.exists()


def test_no_platform_is_refused(ask):
    factories.AccountFactory()

    response = ask("campaigns_content_publish_now", factories.ContentFactory(), scheduled_time="")

    assert "Choisissez au moins une plateforme." in response.content.decode()
    assert not Publication.objects.exists()


def test_the_same_content_twice_is_told_not_sent_twice(ask):
    factories.AccountFactory()
    content = factories.ContentFactory()
    ask("campaigns_content_publish_now", content, platforms=["facebook"], scheduled_time="")

    response = ask("campaigns_content_publish_now", content, platforms=["facebook"], scheduled_time="")

    assert Publication.objects.count() == 1
    assert any("Rien n'est envoyé deux fois." in text for text in told(response))


def test_what_was_published_cannot_be_deleted(office):
    publication = factories.PublicationFactory()

    response = office.get(reverse("admin:campaigns_content_delete", args=[publication.content.pk]))

    assert response.status_code == 403


@pytest.mark.parametrize("name", ["Facebook", "Instagram"])
def test_the_window_offers_the_platforms_that_have_an_account(office, name):
    factories.AccountFactory(platform="facebook")
    content = factories.ContentFactory()

    page = office.get(reverse("admin:campaigns_content_publish_now", args=[content.pk])).content.decode()

    assert (name in page) == (name == "Facebook")
