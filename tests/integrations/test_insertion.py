"""A row written as the text of an INSERT is the row that `save` writes."""

import pytest
from django.db import connection
from django.forms.models import model_to_dict

from integrations.insertion import insertion, written
from integrations.models import WebhookEndpoint
from notifications.models import Chunk
from tests.factories import MessageTemplateFactory
from vieuxmoulin.models import Task

pytestmark = pytest.mark.django_db
PARAMS = {"template": "l'été « bleu »", "channels": ["email"], "recipients": 1, "%s": None}


def test_a_key_of_ours_is_kept_and_each_value_comes_back():
    one, other = (Task(type="notify", params=PARAMS, priority=1, requested_by="caisse") for _ in range(2))

    statement, values = insertion(one)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
    other.save()

    found = Task.objects.get(pk=one.pk)
    assert model_to_dict(found) == model_to_dict(Task.objects.get(pk=other.pk))
    assert found.params == PARAMS
    assert found.timestamp == one.timestamp


def test_a_key_of_the_database_is_left_to_it_and_what_is_sealed_is_sealed():
    template = MessageTemplateFactory()
    chunk = Chunk(task_id=Task(type="notify").pk, template=template, channel="email", data={"name": "Zoé"}, size=1)

    statement, values = insertion(chunk)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement} RETURNING id", values)
        (key,) = cursor.fetchone()
    written(chunk, key)
    chunk.size = 2
    chunk.save()

    found = Chunk.objects.get()
    assert (found.pk, found.size, found.data, found.template) == (key, 2, {"name": "Zoé"}, template)
    assert "Zoé" not in str(values)


def test_one_model_does_not_take_the_columns_of_another():
    assert insertion(WebhookEndpoint(url="https://example.com"))[0] != insertion(Task(type="sync"))[0]
