import threading
import time
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from leadwise.domain.card import Task
from leadwise.domain.errors import LeadwiseError
from leadwise.domain.prediction import Prediction
from leadwise.store.database import Database
from leadwise.store.errors import LedgerClosedError, UnwritableScoreError
from leadwise.store.ledger import LedgerEntry, LedgerWriter

PREDICTION = Prediction(
    task=Task.CONVERSION,
    as_of=datetime(2026, 3, 1, 12, 30, 0, 123456, tzinfo=UTC),
    model_version="v1",
    by_rules=False,
    probability=0.1 + 0.2,
    probability_low=None,
    probability_high=None,
    value=None,
    value_low=None,
    value_high=None,
    grade="A",
    action="Call\tnow\\ \N{PERSON RAISING BOTH HANDS IN CELEBRATION}\nor \\N",
    base=-1.5,
    contributions=[
        {"column": "Vis\\its\t\0", "value": 3.0, "contribution": 0.25},
        {"column": "Ünï", "value": None, "contribution": -1e-300},
    ],
    missing=(),
    unknown=(),
    inputs="ab12",
)


class Heard:
    """Waits for what the writer says."""

    def __init__(self) -> None:
        self.troubles: list[LeadwiseError | None] = []
        self._heard = threading.Semaphore(0)

    def __call__(self, trouble: LeadwiseError | None) -> None:
        self.troubles.append(trouble)
        self._heard.release()

    def wait(self, times: int = 1) -> list[LeadwiseError | None]:
        for _ in range(times):
            assert self._heard.acquire(timeout=30)
        return self.troubles


def entry(**changes: object) -> LedgerEntry:
    organisation = str(changes.pop("organisation", "default"))
    return LedgerEntry(organisation, "sold", replace(PREDICTION, **changes))  # type: ignore[arg-type]


def stored(database: Database) -> list[dict[str, object]]:
    with database.transaction() as connection:
        return [dict(row) for row in connection.execute(text("SELECT * FROM scores ORDER BY id")).mappings()]


def test_a_score_is_stored_digit_for_digit_before_its_caller_hears(database: Database):
    heard = Heard()
    with LedgerWriter(database) as writer:
        writer.add([entry()], heard)
        assert heard.wait() == [None]
        (row,) = stored(database)
    assert (row["probability"], row["base"], row["as_of"]) == (0.1 + 0.2, -1.5, PREDICTION.as_of)
    assert (row["action"], row["lead_id"], row["inputs"]) == (PREDICTION.action, None, "ab12")
    assert row["reasons"] == [
        {"column": "Vis\\its\t\ufffd", "value": 3.0, "contribution": 0.25},
        {"column": "Ünï", "value": None, "contribution": -1e-300},
    ]


def test_one_that_cannot_be_stored_does_not_take_the_others_with_it(database: Database):
    good, bad = Heard(), Heard()
    with LedgerWriter(database) as writer:
        with writer._changed:  # so that all of them are in one group
            for number in range(10):
                writer.add([entry(inputs=str(number))], good)
            writer.add([entry(organisation="nobody"), entry(probability=7.0)], bad)
        assert good.wait(10) == [None] * 10
        (trouble,) = bad.wait()
    assert isinstance(trouble, UnwritableScoreError)
    assert len(stored(database)) == 10


def test_while_the_database_is_away_callers_hear_so_and_later_ones_are_served(database: Database):
    heard = Heard()
    with LedgerWriter(database) as writer:
        writer.add([entry()], heard)
        heard.wait()
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE scores RENAME TO hidden"))
        writer.add([entry()], heard)
        heard.wait()
        with database.transaction() as connection:
            connection.execute(text("ALTER TABLE hidden RENAME TO scores"))
        writer.add([entry()], heard)
        heard.wait()
    assert [trouble is None for trouble in heard.troubles] == [True, False, True]
    assert len(stored(database)) == 2


def test_a_lost_connection_is_replaced(database: Database):
    heard = Heard()
    with LedgerWriter(database) as writer:
        for _ in range(3):
            writer.add([entry()], heard)
            heard.wait()
            with database.transaction() as connection:
                others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()"
                connection.execute(text(f"{others} AND datname = current_database()"))
            time.sleep(0.5)  # until the server has said good-bye
    assert heard.troubles == [None] * 3


def test_closing_writes_what_waits_and_refuses_what_comes_later(database: Database):
    heard = Heard()
    writer = LedgerWriter(database)
    for _ in range(50):
        writer.add([entry()] * 20, heard)
    writer.close()
    assert (heard.troubles, len(stored(database)), writer.waiting) == ([None] * 50, 1000, 0)
    with pytest.raises(LedgerClosedError):
        writer.add([entry()], heard)
