"""Idempotency keys in the store: taken once, given back, and forgotten after a day."""

from datetime import timedelta

import pytest
from sqlalchemy import Connection, text

from leadwise.domain.idempotency import KeptAnswer
from leadwise.store.database import Database
from leadwise.store.idempotency import ABANDONED, KEPT, IdempotencyRepository
from leadwise.store.organisations import OrganisationRepository

ANSWER = KeptAnswer(201, {"location": "/x"}, b"{}")


def age(connection: Connection, by: timedelta) -> None:
    connection.execute(text("UPDATE idempotency SET recorded_at = recorded_at - :by"), {"by": by})


def test_a_key_is_taken_once_and_remembers_the_answer(connection: Connection) -> None:
    kept = IdempotencyRepository(connection, "default")
    assert kept.reserve("k", b"a").is_new
    assert kept.reserve("k", b"a").answer is None
    kept.keep("k", ANSWER)
    assert kept.reserve("k", b"a").answer == ANSWER
    assert not kept.reserve("k", b"b").is_same


def test_a_key_that_was_given_back_is_free(connection: Connection) -> None:
    kept = IdempotencyRepository(connection, "default")
    kept.reserve("k", b"a")
    kept.give_back("k")
    assert kept.reserve("k", b"b").is_new


@pytest.mark.parametrize(("answered", "after"), [(True, KEPT), (False, ABANDONED)])
def test_answers_are_kept_for_a_day_and_what_was_killed_is_begun_again(
    connection: Connection,
    answered: bool,  # noqa: FBT001
    after: timedelta,
) -> None:
    kept = IdempotencyRepository(connection, "default")
    kept.reserve("k", b"a")
    if answered:
        kept.keep("k", ANSWER)
    age(connection, after - timedelta(minutes=1))
    assert not kept.reserve("k", b"a").is_new
    age(connection, timedelta(minutes=2))
    assert kept.reserve("k", b"a").is_new


def test_organisations_have_keys_of_their_own(database: Database) -> None:
    with database.transaction() as connection:
        OrganisationRepository(connection).ensure("theirs")
    for organisation in ("default", "theirs"):
        with database.transaction(organisation) as connection:
            assert IdempotencyRepository(connection, organisation).reserve("k", b"a").is_new
