from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.blueprints.simulator import Simulation, simulate
from leadwise.domain.lead import Event, Lead, Outcome
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import definitions
from leadwise.features.records import history_of
from leadwise.training.landmarks import ARRIVED_AT, AS_OF, GROUP, NOT_FEATURES, OUTCOME, landmark_table
from leadwise.training.landmarks import open_lead_table as open_table

ENGINE = DuckDBEngine()
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
BLUEPRINT = load_blueprint("marketplace-auto")
TARGET = BLUEPRINT.target


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    return simulate(BLUEPRINT, leads=1500, seed=5, now=NOW)


@pytest.fixture(scope="module")
def table(simulation: Simulation) -> pa.Table:
    return landmarks(simulation)


def landmarks(simulation: Simulation, as_of: datetime = NOW) -> pa.Table:
    history = history_of(TARGET, simulation.leads, simulation.events, simulation.outcomes)
    return landmark_table(TARGET, history, ENGINE, now=as_of)


def open_lead_table(leads: list[Lead], events: list[Event], outcomes: list[Outcome], as_of: datetime) -> pa.Table:
    return open_table(TARGET, history_of(TARGET, leads, events, outcomes), ENGINE, as_of=as_of)


def rows(leads: list[Lead], outcomes: list[Outcome] | None = None, as_of: datetime = NOW) -> list[dict[str, Any]]:
    return landmark_table(TARGET, history_of(TARGET, leads, [], outcomes or []), ENGINE, now=as_of).to_pylist()


def a_lead(days_ago: float, name: str = "1", learnt_after: float = 0) -> Lead:
    arrived = NOW - timedelta(days=days_ago)
    return Lead("crm", name, arrived, arrived + timedelta(days=learnt_after))


def an_outcome(lead: Lead, after_days: float, *, won: bool) -> Outcome:
    at = lead.occurred_at + timedelta(days=after_days)
    return Outcome("crm", lead.external_id, ("crm", lead.external_id), TARGET.name, won, None, at, at)


def test_a_lead_gives_a_row_for_each_age_at_which_it_was_open() -> None:
    lead = a_lead(100)
    found = rows([lead], [an_outcome(lead, 5, won=True)])
    assert [row["Days since arrival"] for row in found] == [0, 1, 3]
    assert all(row[OUTCOME] for row in found)


def test_ages_are_counted_from_when_we_learnt_of_the_lead() -> None:
    found = rows([a_lead(100, learnt_after=2)])
    assert [row["Days since arrival"] for row in found] == [2, 3, 5, 9, 16]


def test_ages_whose_horizon_has_not_passed_are_left_out_won_or_not() -> None:
    lead = a_lead(62)
    assert len(rows([lead])) == 2
    assert len(rows([lead], [an_outcome(lead, 30, won=True)])) == 2


def test_the_columns_are_the_features_and_those_beside_them(table: pa.Table) -> None:
    features = [each.name for each in definitions(TARGET)]
    assert table.column_names == [*NOT_FEATURES, *features, OUTCOME]


def test_rows_of_a_lead_stand_together_in_order_of_arrival(table: pa.Table) -> None:
    arrived, as_of, group = (table[name].to_pylist() for name in (ARRIVED_AT, AS_OF, GROUP))
    keys = list(zip(arrived, group, as_of, strict=True))
    assert keys == sorted(keys)
    assert len({group for group, _ in zip(group, arrived, strict=True)}) == len(set(zip(group, arrived, strict=True)))


def test_leads_of_different_sources_are_different_groups() -> None:
    one, other = a_lead(100, name="b', 'c"), replace(a_lead(100, name="c"), source="crm', 'b")
    assert len({row[GROUP] for row in rows([one, other])}) == 2


def test_the_newest_rows_convert_like_the_truth_says(simulation: Simulation, table: pa.Table) -> None:
    on_arrival = [row for row in table.to_pylist() if row["Days since arrival"] < 0.5][-300:]
    truth = np.array([simulation.truth[row["lead_source"], row["lead_id"]] for row in on_arrival])
    noise = np.sqrt((truth * (1 - truth)).sum()) / len(truth)
    assert abs(np.mean([row[OUTCOME] for row in on_arrival]) - truth.mean()) < 3 * noise


def test_the_blueprints_rules_rank_better_than_chance(table: pa.Table) -> None:
    points = [BLUEPRINT.points(row) for row in table.to_pylist()]
    assert roc_auc_score(table[OUTCOME].to_numpy(), points) > 0.7


def test_editing_the_future_changes_no_feature_of_the_past(simulation: Simulation) -> None:
    cut = NOW - timedelta(days=150)

    def edited(event: Event) -> Event:
        if max(event.occurred_at, event.recorded_at) <= cut:
            return event
        return replace(event, kind="field_changed", recorded_at=NOW, fields={"field": "asking_price", "value": 1})

    changed = replace(simulation, events=[edited(event) for event in simulation.events], outcomes=[])
    before, after = ([row for row in landmarks(s).to_pylist() if row[AS_OF] <= cut] for s in (simulation, changed))
    known = {(row[GROUP], row[AS_OF]): row | {OUTCOME: None} for row in after}
    assert before
    assert all(row | {OUTCOME: None} == known[row[GROUP], row[AS_OF]] for row in before)


def test_what_is_learnt_today_was_the_same_yesterday(simulation: Simulation) -> None:
    """A table made earlier, from what was known then, is part of the one made now, up to outcomes learnt late."""
    cut = NOW - timedelta(days=100)
    earlier = {(row[GROUP], row[AS_OF]): row | {OUTCOME: None} for row in landmarks(simulation, as_of=cut).to_pylist()}
    today = {(row[GROUP], row[AS_OF]): row | {OUTCOME: None} for row in landmarks(simulation).to_pylist()}
    shared = earlier.keys() & today.keys()
    assert len(shared) > 0.98 * len(earlier)
    assert all(earlier[key] == today[key] for key in shared)


def test_open_leads_are_those_without_outcome_that_have_not_gone_quiet() -> None:
    fresh, sold, lost, quiet = (a_lead(ago, name) for ago, name in ((3, "f"), (9, "s"), (9, "l"), (31, "q")))
    outcomes = [an_outcome(sold, 5, won=True), an_outcome(lost, 5, won=False)]
    found = open_lead_table([fresh, sold, lost, quiet], [], outcomes, as_of=NOW)
    assert found["lead_id"].to_pylist() == ["f"]
    earlier = open_lead_table([fresh, sold, lost, quiet], [], outcomes, as_of=NOW - timedelta(days=5))
    assert earlier["lead_id"].to_pylist() == ["q", "l", "s"]


def test_open_leads_have_the_columns_that_were_learnt_from(simulation: Simulation, table: pa.Table) -> None:
    found = open_lead_table(simulation.leads, simulation.events, simulation.outcomes, as_of=NOW)
    assert found.schema == table.drop_columns(OUTCOME).schema
    assert found.num_rows > 20


def test_an_open_leads_row_equals_its_landmark_row() -> None:
    """Training and scoring run the same code: scored on the day, a lead has the features that it is learnt from."""
    leads = [a_lead(100 + number, str(number)) for number in range(3)]
    for row in rows(leads):
        scored = open_lead_table(leads, [], [], as_of=row[AS_OF]).to_pylist()
        (match,) = [each for each in scored if each[GROUP] == row[GROUP]]
        assert match | {OUTCOME: row[OUTCOME]} == row


def test_no_leads_give_tables_without_rows() -> None:
    assert rows([]) == []
    assert open_lead_table([], [], [], as_of=NOW).num_rows == 0
