from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text

from leadwise.domain.lead import Lead, Outcome
from leadwise.domain.score import Score
from leadwise.store.leads import LeadRepository
from leadwise.store.matured_scores import MaturedScores, measure_matured_scores
from leadwise.store.outcomes import OutcomeRepository
from leadwise.store.scores import ScoreRepository

NOW = datetime(2026, 6, 1, tzinfo=UTC)
DAY = timedelta(days=1)
HORIZON, WITHIN = 30 * DAY, 90 * DAY


def score(lead: str, days_ago: float, probability: float | None) -> Score:
    as_of = NOW - days_ago * DAY
    return Score(("shop", lead), "sold", as_of, as_of, "v1", probability, None, "A", "call", 0.0, ())


def outcome(lead: str, days_ago: float, *, won: bool = True) -> Outcome:
    at = NOW - days_ago * DAY
    return Outcome("shop", f"{lead}-{days_ago}", ("shop", lead), "sold", won, None, at, at)


def measured(connection: Connection, scores: list[Score], outcomes: list[Outcome]) -> MaturedScores:
    names = {each.lead[1] for each in (*scores, *outcomes)}
    LeadRepository(connection).add_many(Lead("shop", name, NOW - 400 * DAY, NOW - 400 * DAY, {}) for name in names)
    assert not ScoreRepository(connection).add_many(scores).rejected
    assert not OutcomeRepository(connection).add_many(outcomes).rejected
    return measure_matured_scores(connection, "default", "sold", horizon=HORIZON, within=WITHIN, now=NOW)


def test_promises_are_held_against_what_came_within_the_horizon(connection: Connection):
    found = measured(
        connection,
        [score("in time", 40, 0.5), score("too late", 40, 0.25), score("lost", 40, 0.25), score("never", 30, 0.125)],
        [outcome("in time", 10), outcome("too late", 9.9), outcome("lost", 20, won=False)],
    )
    assert found == MaturedScores(leads=4, expected=1.125, observed=1)


def test_only_scores_whose_horizon_ended_lately_count_and_each_lead_once(connection: Connection):
    found = measured(
        connection,
        [score("open", 29, 0.5), score("old", 121, 0.5), score("value", 40, None)]
        + [score("often", days, days / 100) for days in (50, 40, 35)],
        [outcome("often", 15), outcome("open", 1), outcome("old", 100)],
    )
    assert found == MaturedScores(leads=1, expected=0.5, observed=0)


def test_nothing_is_promised_where_nothing_was_scored(connection: Connection):
    assert measured(connection, [], [outcome("a", 3)]) == MaturedScores(0, 0.0, 0)


@pytest.mark.parametrize("scored", ["a", "b"])
def test_what_became_of_a_lead_is_what_became_of_the_one_that_stands_for_it(connection: Connection, scored: str):
    LeadRepository(connection).add_many(Lead("shop", name, NOW - 99 * DAY, NOW - 99 * DAY, {}) for name in "ab")
    connection.execute(text("UPDATE leads SET merged_into = (SELECT min(id) FROM leads) WHERE external_id = 'b'"))
    found = measured(connection, [score(scored, 40, 0.5)], [outcome("a" if scored == "b" else "b", 20)])
    assert found == MaturedScores(1, 0.5, 1)
