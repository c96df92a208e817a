import math
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from leadwise.domain.lead import Lead
from leadwise.domain.score import Reason, Score
from leadwise.store.leads import LeadRepository
from leadwise.store.results import AddResult
from leadwise.store.scores import RankedLead, ScoreRepository

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)


def score(lead: str = "1", probability: float | None = 0.5, day: int = 0, value: float | None = None) -> Score:
    reason = Reason("Replies", "Replied 3 times this week", 0.4)
    as_of = MONDAY + day * DAY
    return Score(("web", lead), "car_sold", as_of, as_of, "abc", probability, value, "B", "Call today", -1.5, (reason,))


@pytest.fixture(autouse=True)
def _leads(connection: Connection) -> None:
    LeadRepository(connection).add_many(
        [Lead("web", name, MONDAY, MONDAY, {"name": f"Lead {name}"}) for name in ("1", "2", "3")]
    )


def test_of_each_lead_the_newest_score_is_listed_the_best_first(connection: Connection):
    scores = ScoreRepository(connection)
    scores.add_many([score("1", 0.9), score("1", 0.2, day=2), score("2", 0.6, day=1), score("3", 0.4)])
    scores.add_many([score("1", 0.8, day=1)])
    assert scores.list_latest("car_sold") == [
        RankedLead(score("2", 0.6, day=1), {"name": "Lead 2"}),
        RankedLead(score("3", 0.4), {"name": "Lead 3"}),
        RankedLead(score("1", 0.2, day=2), {"name": "Lead 1"}),
    ]
    assert scores.list_latest("test_drive") == []


def test_pages_of_equal_scores_neither_repeat_nor_skip_a_lead(connection: Connection):
    scores = ScoreRepository(connection)
    scores.add_many([score(lead) for lead in ("3", "1", "2")])
    pages = [scores.list_latest("car_sold", limit=1, offset=start)[0].score.lead[1] for start in range(3)]
    assert sorted(pages) == ["1", "2", "3"]


def test_values_rank_as_probabilities_do(connection: Connection):
    scores = ScoreRepository(connection)
    scores.add_many([score("1", None, value=10), score("2", None, value=300), score("3", None)])
    assert [ranked.score.value for ranked in scores.list_latest("car_sold")] == [300, 10, None]


def test_a_score_recorded_again_for_the_same_instant_is_newer(connection: Connection):
    scores = ScoreRepository(connection)
    repeated = replace(score(probability=0.7), recorded_at=MONDAY + DAY)
    scores.add_many([repeated, score()])
    assert scores.list_latest("car_sold")[0].score == repeated
    assert scores.list_history(("web", "1"), "car_sold") == [repeated, score()]


def test_a_lead_that_was_merged_is_not_listed_and_has_the_scores_of_the_one_that_stands_for_it(connection: Connection):
    scores = ScoreRepository(connection)
    scores.add_many([score("1", 0.9), score("2", 0.6), score("3", 0.4)])
    connection.execute(
        text("UPDATE leads SET merged_into = (SELECT id FROM leads WHERE external_id = '2') WHERE external_id = '1'")
    )
    assert [ranked.score.lead[1] for ranked in scores.list_latest("car_sold")] == ["2", "3"]
    assert scores.list_history(("web", "1"), "car_sold") == scores.list_history(("web", "2"), "car_sold")
    assert scores.list_history(("web", "1"), "car_sold") == [score("2", 0.6)]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (score(probability=1.01), "not between 0 and 1"),
        (score(probability=math.nan), "not between 0 and 1"),
        (score("99"), 'no lead "99"'),
    ],
)
def test_a_score_that_makes_no_sense_is_rejected_and_the_others_stored(connection: Connection, bad, reason):
    result = ScoreRepository(connection).add_many([bad, score()])
    assert (result.added, result.rejected[0].external_id) == (1, bad.lead[1])
    assert reason in result.rejected[0].reason


def test_the_database_refuses_to_change_a_score(connection: Connection):
    ScoreRepository(connection).add_many([score()])
    with pytest.raises(IntegrityError, match="never changed"), connection.begin_nested():
        connection.execute(text("UPDATE scores SET probability = 1"))
    assert ScoreRepository(connection).list_latest("car_sold")[0].score == score()


def test_erasing_a_lead_erases_its_scores(connection: Connection):
    assert ScoreRepository(connection).add_many([score("1"), score("2")]) == AddResult(added=2, unchanged=0)
    connection.execute(text("DELETE FROM leads WHERE external_id = '1'"))
    assert [ranked.score.lead[1] for ranked in ScoreRepository(connection).list_latest("car_sold")] == ["2"]
