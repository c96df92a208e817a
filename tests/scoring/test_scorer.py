"""Scores: reasons that add up and that people can read, ids, grades, and the same whatever the batch."""

import datetime as dt
import json
from dataclasses import replace
from math import log
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq
import pytest

from leadwise.connectors.tables import read_table
from leadwise.domain.column import Column, ColumnKind
from leadwise.features.columns import infer_column
from leadwise.models.margins import sigmoid
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring import scorer
from leadwise.scoring.reasons import sentences
from leadwise.scoring.scorer import explain_differences, score_in_batches, score_table
from leadwise.scoring.single import RowScorer
from leadwise.scoring.validation import check_promises
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.grading import grade_bounds, grade_of
from leadwise.training.options import DEFAULT_ACTIONS, FitOptions
from leadwise.training.scalings import PlattScaling

ROWS = 300


def leads(rows: int = ROWS, seed: int = 0) -> pa.Table:
    random = np.random.default_rng(seed)
    visits = random.poisson(4, rows)
    source = random.choice(["web", "fair", "referral"], rows)
    won = random.random(rows) < sigmoid(0.6 * visits - 3 + 1.2 * (source == "referral"))
    return pa.table(
        {
            "Lead": [f"L-{number:05d}" for number in random.permutation(rows)],
            "Visits": visits,
            "Source": source,
            "Budget": [f"${value:,.0f}" if value > 9_000 else None for value in random.lognormal(10, 1, rows)],
            "Seen": [f"2026-01-{1 + row % 28:02d}" for row in range(rows)],
            "Won": np.where(won, "yes", "no"),
            "Spent": 20.0 * visits + random.lognormal(3, 1, rows),
        }
    )


@pytest.fixture(scope="module", params=["logistic_regression", "gradient_boosting", "random_forest"])
def each_model(request) -> FittedModel:
    options = FitOptions(outcome="Won", drop=("Spent",), algorithms=(request.param,), budget_seconds=20)
    return fit(leads(), options)


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return fit(leads(), FitOptions(outcome="Won", drop=("Spent",), algorithms=("logistic_regression",)))


@pytest.fixture(scope="module")
def value_model() -> FittedModel:
    options = FitOptions(outcome="Spent", value=True, drop=("Won",), algorithms=("linear_regression",))
    return fit(leads(), options)


def contributions(scores: pa.Table) -> np.ndarray:
    names = [name for name in scores.column_names if name.startswith("contribution_")]
    return np.column_stack([scores[name].to_numpy() for name in names])


def test_all_reasons_with_the_base_add_up_to_the_log_odds(each_model):
    scores = score_table(each_model, leads(seed=3), reasons=len(each_model.columns))
    probability = scores["probability"].to_numpy()
    total = each_model.card.base + contributions(scores).sum(axis=1)
    np.testing.assert_allclose(total, np.log(probability / (1 - probability)), atol=1e-6)


def test_reasons_add_up_where_calibration_stretches_them(each_model):
    stretched = replace(each_model, scaling=PlattScaling(0.4, -0.3))
    frame = stretched.encode(leads(seed=3))
    explanation = stretched.explain(frame)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, stretched.margins(frame), atol=1e-9)
    np.testing.assert_allclose(stretched.margins(frame), 0.4 * each_model.margins(frame) - 0.3, atol=1e-9)


def test_all_reasons_with_the_base_add_up_to_the_value(value_model):
    scores = score_table(value_model, leads(seed=3), reasons=len(value_model.columns))
    total = value_model.card.base + contributions(scores).sum(axis=1)
    np.testing.assert_allclose(np.maximum(total, 0), scores["value"], atol=1e-6)
    assert scores.column_names[:5] == ["id", "value", "value_low", "value_high", "action"]
    low, value, high = (scores[name].to_numpy() for name in ("value_low", "value", "value_high"))
    assert ((low <= value) & (value <= high)).all()


def test_no_amount_below_0_is_promised_where_none_ever_was(value_model):
    lower = replace(value_model, scaling=PlattScaling(1.0, -100.0))
    margins = lower.margins(lower.encode(leads(seed=3)))
    assert (margins < 0).any()
    scores = score_table(lower, leads(seed=3))
    np.testing.assert_allclose(scores["value"], np.maximum(margins, 0), atol=1e-6)
    assert min(scores["value_low"].to_pylist()) >= 0
    assert min(RowScorer(lower).score(row).value for row in leads(seed=3).to_pylist()) == 0
    with_losses = replace(lower, intervals=replace(lower.intervals, smallest=-500.0))
    np.testing.assert_allclose(score_table(with_losses, leads(seed=3))["value"], margins, atol=1e-6)


def test_the_strongest_reasons_come_first(each_model):
    found = np.abs(contributions(score_table(each_model, leads(seed=3), reasons=4)))
    assert (np.diff(found, axis=1) <= 0).all()


def test_reasons_beyond_the_columns_are_empty(model):
    scores = score_table(model, leads(20), reasons=9)
    assert scores.column_names[-5:-2] == ["reason_9", "contribution_9", "model_version"]
    assert set(scores["reason_9"].to_pylist()) == {""}
    assert set(scores["contribution_9"].to_pylist()) == {0.0}
    assert score_table(model, leads(20), reasons=0).column_names == [
        "id",
        "probability",
        "grade",
        "action",
        "model_version",
        "probability_low",
        "probability_high",
    ]


def test_an_older_model_file_does_not_tell_how_sure_it_is(model):
    older = score_table(replace(model, score_intervals=None), leads(5))
    assert older.drop_columns(["probability_low", "probability_high"]) == score_table(model, leads(5)).select(
        older.column_names[:-2]
    )
    assert older["probability_low"].null_count == older["probability_high"].null_count == 5


def test_ids_are_those_of_the_table_in_its_order(model):
    table = leads(50, seed=4)
    assert model.card.data.id_column == "Lead"
    assert score_table(model, table)["id"].to_pylist() == table["Lead"].to_pylist()


def test_without_the_id_column_rows_are_numbered_across_batches(model, monkeypatch):
    monkeypatch.setattr(scorer, "ROWS_AT_ONCE", 7)
    done: list[int] = []
    pieces = list(score_in_batches(model, leads(20).drop_columns(["Lead"]), report=done.append))
    assert pa.concat_tables(pieces)["id"].to_pylist() == [str(number) for number in range(1, 21)]
    assert done == [7, 14, 20]


def test_batches_say_what_the_whole_says(each_model, monkeypatch):
    table = leads(40, seed=4)
    whole = score_table(each_model, table)
    monkeypatch.setattr(scorer, "ROWS_AT_ONCE", 9)
    pieces = pa.concat_tables(list(score_in_batches(each_model, table)))
    np.testing.assert_allclose(pieces["probability"], whole["probability"], rtol=1e-12)
    assert pieces["reason_1"].to_pylist() == whole["reason_1"].to_pylist()


def test_grades_are_those_of_the_card_and_so_are_the_actions(model):
    scores = score_table(model, leads(seed=3))
    for probability, grade, action in zip(
        *(scores[name].to_pylist() for name in ("probability", "grade", "action")), strict=True
    ):
        expected = next(each for each in model.card.grades if probability >= each.minimum_probability)
        assert (grade, action) == (expected.grade, expected.action)
    assert set(scores["action"].to_pylist()) <= set(DEFAULT_ACTIONS.values())


def test_a_probability_on_the_bound_has_the_better_grade():
    bounds = {"A": 0.9, "B": 0.7, "C": 0.4, "D": 0.0}
    at = np.array([1.0, 0.9, np.nextafter(0.9, 0), 0.7, 0.4, np.nextafter(0.4, 0), 0.0])
    assert grade_of(at, bounds).tolist() == ["A", "A", "B", "B", "C", "D", "D"]


@pytest.mark.parametrize(
    "probability", [np.full(50, 0.3), np.repeat([0.1, 0.8], [45, 5]), np.array([0.5]), np.zeros(9)]
)
def test_grade_bounds_fall_from_a_to_d_whatever_the_scores(probability: np.ndarray):
    bounds = list(grade_bounds(probability).values())
    assert bounds == sorted(bounds, reverse=True)
    assert bounds[-1] == 0.0
    best = grade_of(probability, grade_bounds(probability)) == "A"
    assert best.mean() <= 0.2


def test_a_table_without_columns_gets_the_base_rate_and_a_warning(model):
    table = pa.table({"Lead": ["a", "b"]})
    scores = score_table(model, table)
    assert scores["id"].to_pylist() == ["a", "b"]
    assert 0 < scores["probability"][0].as_py() < 1
    sentence = "The table lacks 4 columns that the model knows, which count as not given; scores are less sure: {}."
    assert explain_differences(model, table) == [sentence.format("Budget, Seen, Source, Visits")]


def test_new_columns_are_told_and_not_used(model):
    table = leads(30)
    more = table.append_column("Shoe size", pa.array(range(30)))
    assert explain_differences(model, table) == []
    assert explain_differences(model, more) == ["Columns that the model does not know were not used: Shoe size."]
    assert score_table(model, more).equals(score_table(model, table))


@pytest.mark.parametrize("write", ["csv", "parquet", "json"])
def test_a_model_scores_any_form_of_the_same_table(model, tmp_path: Path, write: str):
    table, path = leads(40, seed=6), tmp_path / f"leads.{write}"
    if write == "csv":
        pv.write_csv(table, path)
    elif write == "parquet":
        pq.write_table(table, path)
    else:
        path.write_text("\n".join(map(json.dumps, table.to_pylist())))
    read = read_table(path).table
    assert score_table(model, read)["probability"].to_pylist() == score_table(model, table)["probability"].to_pylist()
    assert score_table(model, read)["reason_1"].to_pylist() == score_table(model, table)["reason_1"].to_pylist()


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("Visits", ["1532", "248", "", "2.5", "0.125", "many"], [
            "Visits is 1,532 (typical: 125)", "Visits is 248 (typical: 125)", "Visits is not given (typical: 125)",
            "Visits is 2.50 (typical: 125)", "Visits is 0.125 (typical: 125)", "Visits is not given (typical: 125)",
        ]),
    ],
)  # fmt: skip
def test_numbers_in_words(name: str, values: list[str], expected: list[str]):
    column = Column(name=name, kind=ColumnKind.NUMBER, parts=("value",), typical=125.0)
    assert said(values, column) == expected


def said(values: list[object], column: Column) -> list[str]:
    return list(sentences(pa.table({column.name: values}), column, np.arange(len(values))))


def test_money_percentages_dates_yes_and_no_texts_and_codes_in_words():
    money = infer_column("Price", pa.array(["$1,200", "$900.50", "N/A", "$1,200"]))
    assert said(["$1,200", "$900.50", "N/A", None], money) == [
        "Price is 1,200 (typical: 1,200)",
        "Price is 900.50 (typical: 1,200)",
        "Price is not given (typical: 1,200)",
        "Price is not given (typical: 1,200)",
    ]
    share = infer_column("Share", pa.array(["12%", "12.5 %", "12%"]))
    assert said(["12%", "12.5 %"], share) == ["Share is 12% (typical: 12%)", "Share is 12.50% (typical: 12%)"]
    day = infer_column("Seen", pa.array(["2026-01-02", "2026-01-05", "2026-01-05"]))
    assert said(["2026-01-02", ""], day) == [
        "Seen is Fri 2026-01-02 (typical: Mon 2026-01-05)",
        "Seen is not given (typical: Mon 2026-01-05)",
    ]
    flag = infer_column("Mail allowed", pa.array(["Yes", "No", "Yes"]))
    assert said(["Yes", "no", "", "true"], flag) == [
        "Mail allowed is yes (typical: yes)",
        "Mail allowed is no (typical: yes)",
        "Mail allowed is not given (typical: yes)",
        "Mail allowed is yes (typical: yes)",
    ]
    text = Column(name="Remark", kind=ColumnKind.TEXT, parts=("length", "words"))
    assert said(["please call me", None], text) == ["Remark is a text of 3 words", "Remark is not given"]
    source = infer_column("Source", pa.array(["web", "web", "fair", "Select"]))
    assert said(["fair", "never seen", "Select", "x" * 90], source) == [
        "Source is fair (typical: web)",
        "Source is never seen (typical: web)",
        "Source is not given (typical: web)",
        f"Source is {'x' * 59}… (typical: web)",
    ]


def test_typed_columns_are_told_as_their_texts_are():
    day = infer_column("Seen", pa.array(["2026-01-02", "2026-01-05", "2026-01-05"]))
    assert said([dt.date(2026, 1, 2)], day) == ["Seen is Fri 2026-01-02 (typical: Mon 2026-01-05)"]
    assert said([dt.datetime(2026, 1, 2, 23, 30)], day) == ["Seen is Fri 2026-01-02 (typical: Mon 2026-01-05)"]  # noqa: DTZ001
    flag = infer_column("Open", pa.array([True, False, True]))
    assert said([True, False, None], flag) == [
        "Open is yes (typical: yes)",
        "Open is no (typical: yes)",
        "Open is not given (typical: yes)",
    ]


def test_a_model_keeps_its_promises_after_a_journey(each_model):
    again = load_model(dump_model(each_model), "memory")
    for promise in check_promises(again, leads(200, seed=8)):
        assert promise.kept, promise.sentence


def test_a_model_that_is_not_what_it_was_breaks_its_promise(model):
    again = load_model(dump_model(model), "memory")
    again.algorithm.intercept += log(2)
    broken = [promise.sentence for promise in check_promises(again) if not promise.kept]
    assert broken == ["It says of made-up rows what it said where it was fitted."]


def test_a_model_that_tells_less_than_the_rate_breaks_its_promise(model):
    table = leads(200, seed=8)
    turned = np.where(np.array(table["Won"].to_pylist()) == "yes", "no", "yes")
    table = table.set_column(table.column_names.index("Won"), "Won", pa.array(turned))
    broken = [
        promise.sentence for promise in check_promises(load_model(dump_model(model), "m"), table) if not promise.kept
    ]
    assert len(broken) == 1
    assert "known outcomes its probabilities tell more than the overall rate does" in broken[0]


def test_a_stamp_that_is_a_reason_for_no_row_is_no_trouble():
    stamps = pa.array([dt.datetime(2026, 1, 1 + row, tzinfo=dt.UTC) for row in range(20)], pa.timestamp("ns", "UTC"))
    table = pa.table({"Seen": stamps, "Visits": [row % 7 for row in range(20)], "Won": ["no"] * 20})
    model = fit(table, FitOptions(outcome="Won", time_column="Seen"))
    assert {column.name for column in model.columns} == {"Seen", "Visits"}
    assert score_table(model, table, reasons=2).num_rows == 20
