"""The number of tries: what a row tried for ever holds, and how many tries its column can."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations.claims import MOST_COUNTED, claim
from integrations.models import ModuleCursor

pytestmark = pytest.mark.django_db
# What a small integer of PostgreSQL can hold: 32767 tries, and one more is refused.
LARGEST = 32_767


@pytest.mark.parametrize(("before", "after"), [(0, 1), (99, 100), (MOST_COUNTED - 1, MOST_COUNTED)])
def test_a_claim_is_one_more_try(before, after):
    row = ModuleCursor.objects.create(module="crm", stream="contacts", attempts=before)

    assert claim(ModuleCursor, row.pk, from_states=["idle"], to_state="running")

    row.refresh_from_db()
    assert (row.attempts, row.status) == (after, "running")


@pytest.mark.parametrize("before", [MOST_COUNTED, LARGEST])
def test_a_row_tried_for_ever_is_still_claimed_and_two_claims_are_told_apart(before):
    row = ModuleCursor.objects.create(module="crm", stream="contacts", attempts=before)
    numbers = [before]

    for _ in range(3):
        assert claim(ModuleCursor, row.pk, from_states=["idle"], to_state="running")
        row.refresh_from_db()
        numbers.append(row.attempts)
        ModuleCursor.objects.update(status="idle", lease_until=timezone.now() - timedelta(seconds=1))

    # Still as worn out as it was, and far from the end of the column.
    assert numbers == [before, MOST_COUNTED // 2, MOST_COUNTED // 2 + 1, MOST_COUNTED // 2 + 2]
