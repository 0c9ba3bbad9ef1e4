import pickle

import pytest

from integrations import errors


@pytest.mark.parametrize(
    ("child", "parent"),
    [
        (errors.RateLimited, errors.TransientError),
        (errors.CircuitOpen, errors.TransientError),
        (errors.ContentRejected, errors.PermanentError),
        (errors.AccountDisconnected, errors.PermanentError),
        (errors.InvalidRecipient, errors.PermanentError),
        (errors.RecipientSuppressed, errors.PermanentError),
        (errors.InvalidTransition, errors.PlanningError),
        (errors.QuotaExceeded, errors.PlanningError),
        (errors.TransientError, errors.CommunicationError),
        (errors.PermanentError, errors.CommunicationError),
        (errors.OutcomeUnknown, errors.CommunicationError),
        (errors.PlanningError, errors.CommunicationError),
        (errors.SyncError, errors.CommunicationError),
    ],
)
def test_each_error_hangs_on_the_branch_that_says_what_to_do(child, parent):
    assert child.__base__ is parent


def test_an_error_carries_its_message_and_details():
    error = errors.RateLimited(
        "Trop d'envois.", retry_after_seconds=12.5, code="429", vendor_answer="slow", action="Rien."
    )

    assert str(error) == error.message == "Trop d'envois."
    assert (error.retry_after_seconds, error.code, error.vendor_answer, error.action) == (12.5, "429", "slow", "Rien.")


def test_a_transient_error_need_not_say_when_to_come_back():
    assert errors.TransientError("Plus tard.").retry_after_seconds is None


def test_a_rejection_lists_its_problems():
    error = errors.ContentRejected("Trop long.", suggestion="Couper à 280.", problems=("longueur",))

    assert (error.suggestion, error.problems) == ("Couper à 280.", ["longueur"])


def test_an_error_survives_the_trip_between_processes():
    error = errors.ContentRejected("Non.", code="400", suggestion="Couper.", problems=[{"field": "text"}])

    copy = pickle.loads(pickle.dumps(error))

    assert (str(copy), vars(copy)) == ("Non.", vars(error))


def test_masking_reaches_every_text_of_an_error():
    error = errors.ContentRejected(
        "clé s3cret", vendor_answer="s3cret", suggestion="s3cret", problems=[{"token": ["s3cret"]}, ("s3cret", 4)]
    )

    error.mask(lambda text: text.replace("s3cret", "•••"))

    assert "s3cret" not in repr(error) + repr(vars(error))
    assert error.problems == [{"token": ["•••"]}, ("•••", 4)]
