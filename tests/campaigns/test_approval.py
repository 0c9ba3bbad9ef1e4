"""Two pairs of eyes: submitted, approved as it stands, approved again when its words change."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from campaigns.models import ContentVariation
from campaigns.services import approval
from integrations.errors import InvalidTransition
from tests.factories import ContentFactory, MediaFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def writer():
    return get_user_model().objects.create_user("redaction")


@pytest.fixture
def chief():
    user = get_user_model().objects.create_user("direction")
    user.user_permissions.add(Permission.objects.get(codename="approve_content"))
    return user


def test_a_content_goes_from_draft_to_submitted_to_approved(writer, chief):
    content = ContentFactory()

    approval.submit(content, user=writer)
    assert (content.approval, content.submitted_by) == ("submitted", writer)

    approval.approve(content, user=chief)
    assert (content.approval, content.approved_by) == ("approved", chief)
    assert approval.is_approved(content)


def test_who_may_not_approve_changes_nothing(writer):
    content = approval.submit(ContentFactory(), user=writer)

    with pytest.raises(InvalidTransition, match="direction"):
        approval.approve(content, user=writer)

    content.refresh_from_db()
    assert content.approval == "submitted"


@pytest.mark.parametrize("change", ["body", "media", "variation", "hashtags"])
def test_other_words_need_a_new_approval(chief, change):
    content = approval.approve(ContentFactory(), user=chief)

    if change == "media":
        MediaFactory(content=content)
    elif change == "variation":
        ContentVariation.objects.create(content=content, platform="x", body="Court.")
    else:
        setattr(content, change, ["autre"] if change == "hashtags" else "Autre texte.")
        content.save()

    assert not approval.is_approved(content)
    assert approval.edited(content)
    content.refresh_from_db()
    assert content.approval == "draft"


def test_saving_the_same_words_keeps_the_approval(chief):
    content = approval.approve(ContentFactory(), user=chief)
    content.save()

    assert not approval.edited(content)
    assert approval.is_approved(content)


def test_a_content_sent_back_tells_why(writer, chief):
    content = approval.submit(ContentFactory(), user=writer)

    approval.send_back(content, user=chief, reason="Le prix est faux.")

    assert content.approval == "draft"
    assert content.metadata["sent_back"] == {"by": "direction", "reason": "Le prix est faux."}


def test_what_is_not_submitted_is_not_sent_back(chief):
    with pytest.raises(InvalidTransition):
        approval.send_back(ContentFactory(), user=chief, reason="x")
