"""What every blueprint keeps, found by file: words, features, and a simulated world whose truth is the truth."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from sklearn.metrics import roc_auc_score

from leadwise.blueprints.blueprint import list_blueprints, load_blueprint, read_blueprint
from leadwise.blueprints.simulator import simulate
from leadwise.blueprints.simulator_process import SimulatedTables, simulate_tables
from leadwise.domain.card import Task
from leadwise.domain.target import FIELD_CHANGED, FieldKind
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import definitions
from leadwise.features.records import history_of
from leadwise.training.blueprint_check import find_mistakes
from leadwise.training.landmarks import OUTCOME, landmark_table

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
LEADS = 6_000
LATE = timedelta(days=4)
"""What happened is on record by then."""
NAMES = list_blueprints()
ELEVEN = (
    "lead_source_score",
    "response_time_minutes",
    "inbound_messages_count",
    "outbound_messages_count",
    "appointments_count",
    "has_property",
    "property_price",
    "property_has_photos",
    "engagement_rate",
    "days_since_creation",
    "market_activity_score",
)


@pytest.fixture(scope="module", params=NAMES)
def name(request) -> str:
    return request.param


@pytest.fixture(scope="module")
def tables(name: str) -> SimulatedTables:
    return simulate_tables(load_blueprint(name), LEADS, 5, NOW)


def settled(name: str, tables: SimulatedTables) -> dict[str, np.ndarray]:
    """What became of the leads whose horizon after arrival has passed: won or not, what for, and the truth."""
    horizon = load_blueprint(name).target.horizon
    arrived = dict(zip(tables.leads["external_id"].to_pylist(), tables.leads["occurred_at"].to_pylist(), strict=True))
    spent: dict[str, float] = {}
    for row in tables.outcomes.to_pylist():
        if row["won"] and timedelta() < row["occurred_at"] - arrived[row["lead"]] <= horizon:
            spent[row["lead"]] = spent.get(row["lead"], 0.0) + (row["value"] or 0.0)
    rows = [row for row in tables.truth.to_pylist() if arrived[row["external_id"]] < NOW - horizon - LATE]
    return {
        "won": np.array([row["external_id"] in spent for row in rows]),
        "spent": np.array([spent.get(row["external_id"], 0.0) for row in rows]),
        "probability": np.array([row["probability"] for row in rows]),
        "expected": np.array([row.get("expected_value", np.nan) for row in rows]),
    }


def test_these_six_ship():
    assert len(NAMES) == 6


def test_it_has_no_mistakes(name):
    assert find_mistakes(name) == ()


def test_it_has_words_rules_and_actions(name):
    blueprint = load_blueprint(name)
    assert len(blueprint.target.fields) >= 5
    assert len(blueprint.target.events) >= 3
    assert sum(rule.points > 0 for rule in blueprint.rules) >= 5
    assert any(rule.points < 0 for rule in blueprint.rules) or name == "real-estate-seller"
    assert all(action for action in blueprint.actions.model_dump().values())
    assert set(blueprint.target.segments) <= {field.name for field in blueprint.target.fields}


def test_it_explains_itself_at_its_beginning(name):
    assert read_blueprint(name).text.startswith("# ")


def test_every_word_of_the_business_has_its_sentences(name):
    target = load_blueprint(name).target
    spoken = {FieldKind.TEXT, FieldKind.NUMBER, FieldKind.YES_NO}
    for field in target.fields:
        assert field.missing
        assert field.sentence or not field.feature or field.kind not in spoken
        assert (field.kind is FieldKind.YES_NO) == bool(field.sentence_no)
    for event in target.events:
        assert event.never
        assert "{value}" in event.times
        assert "{value}" not in event.once


def test_every_feature_says_what_a_value_and_none_mean(name):
    found = definitions(load_blueprint(name).target)
    assert len({each.name for each in found}) == len(found) >= 11
    assert all(each.say(1.0) for each in found)


def test_names_of_people_are_never_learnt_from(name):
    fields = {field.name: field for field in load_blueprint(name).target.fields}
    assert not any(fields[key].feature for key in ("name", "owner", "company", "address") if key in fields)


def test_the_simulated_leads_have_its_fields_and_all_that_happens_is_of_its_events(name, tables):
    target = load_blueprint(name).target
    assert tables.leads.column_names[4:] == [field.name for field in target.fields]
    assert all(tables.leads[field.name].null_count < LEADS * 0.6 for field in target.fields)
    happened = set(pc.unique(tables.events["kind"]).to_pylist())
    assert happened == {event.name for event in target.events} | {FIELD_CHANGED}
    for number in target.numbers:
        assert tables.events[number].null_count < tables.events.num_rows


def test_fields_hold_what_their_kind_says(name, tables):
    for field in load_blueprint(name).target.fields:
        values = [value for value in tables.leads[field.name].to_pylist() if value is not None]
        expected = {FieldKind.NUMBER: float, FieldKind.YES_NO: bool}.get(field.kind, str)
        assert {type(value) for value in values} == {expected}
        if field.kind is FieldKind.DATE:
            assert all(datetime.fromisoformat(value) for value in values)


def test_nothing_is_recorded_before_it_happens_or_after_now(tables):
    for table in (tables.leads, tables.events, tables.outcomes):
        assert pc.all(pc.less_equal(table["occurred_at"], table["recorded_at"])).as_py()
        assert pc.max(table["recorded_at"]).as_py() <= NOW


def test_identifiers_are_unique_and_refer_to_leads(tables):
    leads = set(tables.leads["external_id"].to_pylist())
    for table in (tables.leads, tables.events, tables.outcomes):
        assert len(set(table["external_id"].to_pylist())) == table.num_rows
    assert set(tables.events["lead"].to_pylist()) | set(tables.outcomes["lead"].to_pylist()) <= leads


def test_some_are_won_and_some_are_not(name, tables):
    won = settled(name, tables)["won"]
    assert 100 < won.sum() < len(won) - 100
    kinds = set(tables.outcomes["won"].to_pylist())
    assert kinds == ({True} if load_blueprint(name).target.repeats else {True, False})


def test_the_true_probabilities_are_those_of_the_wins(name, tables):
    found = settled(name, tables)
    truth = found["probability"]
    # The number of wins is a sum of independent draws: its variance is that of the Bernoulli variables added up.
    noise = np.sqrt((truth * (1 - truth)).sum())
    assert abs(found["won"].sum() - truth.sum()) < 3 * noise
    for rows in np.array_split(np.argsort(truth), 5):
        noise = np.sqrt((truth[rows] * (1 - truth[rows])).sum())
        assert abs(found["won"][rows].sum() - truth[rows].sum()) < 3.5 * noise


def test_the_best_reachable_auc_is_believable(name, tables):
    found = settled(name, tables)
    assert 0.65 < tables.best_auc() < 0.95
    assert roc_auc_score(found["won"], found["probability"]) == pytest.approx(tables.best_auc(), abs=0.04)


@pytest.mark.parametrize("name", [each for each in NAMES if load_blueprint(each).target.task is Task.VALUE])
def test_the_expected_values_are_those_of_what_is_spent(name):
    found = settled(name, simulate_tables(load_blueprint(name), 20_000, 6, NOW))
    away = found["spent"] - found["expected"]
    assert abs(away.mean()) < 3 * away.std() / np.sqrt(len(away))
    best = found["expected"] > np.quantile(found["expected"], 0.8)
    assert abs(away[best].mean()) < 3 * away[best].std() / np.sqrt(best.sum())
    assert found["spent"][best].mean() > 1.5 * found["spent"].mean()


@pytest.fixture(scope="module")
def learnt_from(name: str) -> pa.Table:
    """The landmark table of a small simulated world."""
    blueprint = load_blueprint(name)
    world = simulate(blueprint, 1_500, 5, NOW)
    history = history_of(blueprint.target, world.leads, world.events, world.outcomes)
    return landmark_table(blueprint.target, history, DuckDBEngine(), now=NOW)


def test_its_simulated_history_gives_rows_to_learn_from_and_every_feature_has_values(name, learnt_from):
    assert learnt_from.num_rows > 1_000
    blueprint = load_blueprint(name)
    titles = {field.name: field.title for field in blueprint.target.fields}
    changing = {titles[change.field] for change in blueprint.simulator.changes}
    names = [each.name for each in definitions(blueprint.target)]
    empty = [each for each in names if learnt_from[each].null_count == learnt_from.num_rows]
    # Fields that never change have no last change.
    assert [each for each in empty if "change" not in each or each.partition(":")[0] in changing] == []


def test_each_rule_holds_for_some_rows_and_not_for_all(name, learnt_from):
    for rule in load_blueprint(name).rules:
        share = np.mean([rule.holds(value) for value in learnt_from[rule.column].to_pylist()])
        assert 0.005 < share < 0.9, rule.column


def test_the_rules_alone_rank_better_than_chance(name, learnt_from):
    blueprint = load_blueprint(name)
    points = [blueprint.points(row) for row in learnt_from.to_pylist()]
    worth = learnt_from[OUTCOME].to_numpy(zero_copy_only=False).astype(float)
    assert roc_auc_score(worth > 0, points) > 0.6


def test_a_seed_gives_the_same_again_and_another_one_another(name):
    blueprint = load_blueprint(name)
    first, again, other = (simulate_tables(blueprint, 200, seed, NOW) for seed in (3, 3, 4))
    for part in ("leads", "events", "outcomes", "truth"):
        assert getattr(first, part).equals(getattr(again, part))
        assert not getattr(first, part).equals(getattr(other, part))


def test_drift_moves_the_rate_and_calibration_stays(name):
    drifted = simulate_tables(load_blueprint(name), LEADS, 5, NOW, drift=1.5)
    chance = drifted.truth["probability"].to_numpy()
    first, last = chance[: LEADS // 6].mean(), chance[-LEADS // 6 :].mean()
    assert last < 0.85 * first
    found = settled(name, drifted)
    truth = found["probability"]
    assert abs(found["won"].sum() - truth.sum()) < 3 * np.sqrt((truth * (1 - truth)).sum())


def test_without_drift_the_rate_stays(tables):
    chance = tables.truth["probability"].to_numpy()
    assert chance[: LEADS // 6].mean() == pytest.approx(chance[-LEADS // 6 :].mean(), rel=0.15)


def test_crm_leads_have_the_eleven_features_under_exactly_their_names():
    target = load_blueprint("crm-leads").target
    assert tuple(each.name for each in definitions(target)) == ELEVEN
