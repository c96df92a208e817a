"""Fitting when leads convert: honest about open leads, about time, about columns that tell the end, about little."""

from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from leadwise.domain.column import ColumnUse, Leak
from leadwise.models.hazards.catalogue import UnknownHazardModelError
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring.scorer import score_table
from leadwise.scoring.validation import check_promises
from leadwise.training.errors import ColumnNotFoundError, ColumnRoleConflictError
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions
from leadwise.training.recalibration import recalibrate
from leadwise.training.time_errors import (
    CurvesNotRecalibratableError,
    DateMissingError,
    NothingToLearnError,
    NotWatchedError,
    NotWithDatesError,
)

OPTIONS = FitOptions(created="Met", converted_at="Won", budget_seconds=20)
FIRST = date(2025, 1, 1)
HORIZONS = (7, 30, 60, 90)


def make_table(rows: int = 1_500, days: int = 300, seed: int = 0) -> tuple[pa.Table, np.ndarray]:
    """Leads of a steady world, seen on the last day; and the probability that each converts within 90 days."""
    random = np.random.default_rng(seed)
    met = np.sort(random.integers(0, days, rows))
    visits, source = random.poisson(4, rows), random.choice(["web", "referral", "fair"], rows)
    rate = 0.0015 * np.exp(0.3 * (visits - 4) + 1.2 * (source == "referral"))
    won = met + np.ceil(random.exponential(1 / rate))
    table = pa.table(
        {
            "Lead": [f"L{number:05d}" for number in range(rows)],
            "Met": [str(FIRST + timedelta(days=int(day))) for day in met],
            "Won": [str(FIRST + timedelta(days=int(day))) if day <= days else "" for day in won],
            "Visits": visits,
            "Source": source,
        }
    )
    return table, 1 - np.exp(-90 * rate)


def until(day: int) -> str:
    return str(FIRST + timedelta(days=day))


@pytest.fixture(scope="module")
def steady() -> tuple[pa.Table, np.ndarray, FittedModel]:
    table, truth = make_table()
    return table, truth, fit(table, OPTIONS)


def test_probabilities_are_those_of_the_world_although_a_third_of_the_leads_is_young(steady):
    table, truth, model = steady
    found = model.probabilities(model.encode(table))
    assert abs(found.mean() - truth.mean()) < 0.02
    assert np.corrcoef(found, truth)[0, 1] > 0.9
    frame = table.to_pandas()
    seen = (pd.to_datetime(frame["Won"]) - pd.to_datetime(frame["Met"])).dt.days <= 90
    assert truth.mean() - seen.mean() > 0.02  # what counting open leads as lost would give


def test_scores_have_a_probability_for_each_horizon_that_never_falls(steady):
    table, _, model = steady
    scores = score_table(model, table.slice(0, 50), reasons=1000)
    curve = np.column_stack([scores[f"probability_{days}_days"].to_numpy() for days in HORIZONS])
    assert (np.diff(curve, axis=1) >= 0).all()
    np.testing.assert_allclose(scores["probability"].to_numpy(), scores["probability_90_days"].to_numpy())
    told = model.card.base + sum(scores[f"contribution_{rank}"].to_numpy() for rank in range(1, 4))
    odds = np.log(curve[:, -1] / (1 - curve[:, -1]))
    np.testing.assert_allclose(told, odds, atol=1e-6)
    assert scores.column_names[:4] == ["id", "probability", "grade", "action"]
    assert scores.column_names[-5:] == [*(f"probability_{days}_days" for days in HORIZONS), "median_days"]


def test_the_card_says_what_was_watched_and_whether_it_held(steady):
    _, _, model = steady
    told = model.card.time_to_convert
    assert told is not None
    assert told.converted + told.open == told.leads == 1_500
    assert (told.horizons, told.probability_days, told.tested_days) == (HORIZONS, 90, 60)
    assert [check.days for check in told.overall] == [7, 30, 60]
    assert all(check.observed_interval[0] < check.predicted < check.observed_interval[1] for check in told.overall)
    assert {(segment.column, segment.value) for segment in told.segments} >= {("Source", "web"), ("Source", "referral")}
    by_name = {row.algorithm: row for row in told.comparisons}
    chosen = by_name[model.card.algorithm]
    assert chosen.integrated_brier < by_name["kaplan_meier"].integrated_brier
    assert chosen.concordance > 0.6
    assert "the percentages held" in told.sentence
    assert model.card.calibration.passed


def test_a_model_file_says_the_same_and_keeps_its_promises(steady):
    table, _, model = steady
    loaded = load_model(dump_model(model), "memory")
    assert loaded.card == model.card
    assert score_table(loaded, table).equals(score_table(model, table))
    promises = check_promises(loaded, table)
    assert all(promise.kept for promise in promises)
    assert any("within 90 days tell more" in promise.sentence for promise in promises)


def test_the_same_seed_gives_the_same_model_whatever_the_order_of_columns():
    table, _ = make_table(600)
    turned = table.select(table.column_names[::-1])
    versions = {fit(each, replace(OPTIONS, seed=4)).card.model_version for each in (table, turned, table)}
    assert len(versions) == 1


@pytest.mark.parametrize("names", [("linear_hazards",), ("boosted_hazards",), ("kaplan_meier",)])
def test_until_gives_what_a_table_of_that_day_would_have_given(names):
    """Later leads, later conversions, and what they filled in: none of it reaches an earlier model."""
    table, _ = make_table()
    day = until(200)
    frame = table.to_pandas()
    earlier = frame[frame["Met"] <= day].assign(Won=lambda old: old["Won"].where(old["Won"] <= day, ""))
    options = replace(OPTIONS, until=day, algorithms=names)
    now, then = (fit(pa.Table.from_pandas(each, preserve_index=False), options) for each in (frame, earlier))
    np.testing.assert_array_equal(now.margins(now.encode(table)), then.margins(then.encode(table)))
    assert now.card.time_to_convert == then.card.time_to_convert


def test_columns_of_deals_are_found_even_where_deals_came_after_until():
    table, _ = make_table()
    won = [bool(day) for day in table["Won"].to_pylist()]
    table = table.append_column("Seller", pa.array(["anna" if each else "" for each in won]))
    card = fit(table, replace(OPTIONS, until=until(200), algorithms=("kaplan_meier",))).card
    seller = next(column for column in card.columns if column.name == "Seller")
    assert (seller.leak, seller.use) == (Leak.LEAK, ColumnUse.DROPPED)


def test_the_two_dates_and_the_outcome_are_no_features():
    table, _ = make_table(400)
    ended = ["yes" if day else "no" for day in table["Won"].to_pylist()]
    table = table.append_column("Ended", pa.array(ended))
    model = fit(table, replace(OPTIONS, outcome="Ended", algorithms=("linear_hazards",)))
    assert {feature.name for feature in model.features} == {"Met", "Visits", "Source"}  # the day of the week of Met
    uses = {column.name: column.use for column in model.card.columns}
    assert uses["Ended"] is uses["Won"] is ColumnUse.OUTCOME


def test_two_dates_alone_are_enough():
    table, truth = make_table()
    model = fit(table.select(["Met", "Won"]), OPTIONS)
    scores = score_table(model, table)
    assert abs(scores["probability"].to_numpy().mean() - truth.mean()) < 0.03


def test_a_horizon_that_nobody_was_watched_for_stays_empty():
    table, _ = make_table(days=40)
    model = fit(table, replace(OPTIONS, algorithms=("linear_hazards",)))
    told, scores = model.card.time_to_convert, score_table(model, table)
    assert (told.horizons, told.probability_days) == ((7, 30), 30)
    assert scores["probability_60_days"].null_count == scores["probability_90_days"].null_count == len(table)
    np.testing.assert_allclose(scores["probability"].to_numpy(), scores["probability_30_days"].to_numpy())
    assert any("nothing is said of 60, 90 days" in warning for warning in model.card.warnings)


def test_the_median_is_given_where_half_converted_while_they_were_watched():
    random = np.random.default_rng(3)
    met, waits = random.integers(0, 200, 600), random.integers(0, 40, 600)
    table = pa.table(
        {
            "Met": [until(int(day)) for day in met],
            "Won": [until(int(day)) if day <= 200 else "" for day in met + waits],
        }
    )
    (median,) = set(score_table(fit(table, OPTIONS), table)["median_days"].to_pylist())
    assert 16 < median < 24


@pytest.mark.parametrize("rows", [3, 9, 30])
def test_without_a_conversion_it_says_that_it_guesses(rows):
    table = pa.table({"Met": [until(day) for day in range(rows)], "Won": [""] * (rows - 1) + [None]})
    model = fit(table, replace(OPTIONS, until=until(150)))
    probability = model.probabilities(model.encode(table))
    assert ((probability > 0) & (probability < 0.1)).all()
    assert any("Only 0 leads have converted" in warning for warning in model.card.warnings)
    assert all(promise.kept for promise in check_promises(load_model(dump_model(model), "memory"), table))


@pytest.mark.parametrize("rows", [1, 2, 3, 12])
def test_leads_that_all_converted_are_learnt_from(rows):
    table = pa.table(
        {
            "Met": [until(day) for day in range(rows)],
            "Won": [until(day + 5) for day in range(rows)],
            "Visits": [1] * rows,
        }
    )
    model = fit(table, replace(OPTIONS, until=until(150)))
    assert np.isfinite(model.margins(model.encode(table))).all()
    assert model.card.time_to_convert.converted == rows


def test_leads_of_today_alone_are_refused_in_a_sentence():
    table = pa.table({"Met": [until(3), until(3)], "Won": ["", ""]})
    with pytest.raises(NotWatchedError, match=r"by 2025-01-04 none of 2 was; add older leads"):
        fit(table, OPTIONS)


def test_no_lead_before_until_is_refused_in_a_sentence():
    table, _ = make_table(50)
    with pytest.raises(NotWatchedError, match="by 2024-01-01 there was no lead"):
        fit(table, replace(OPTIONS, until="2024-01-01"))


def test_conversions_that_were_not_recorded_at_first_are_told_of():
    table, _ = make_table()
    late = until(150)
    won = [day if day > late else "" for day in table["Won"].to_pylist()]
    table = table.set_column(2, "Won", pa.array(won))
    card = fit(table, replace(OPTIONS, algorithms=("kaplan_meier",))).card
    assert any("No lead is known to have converted before 2025-06-0" in warning for warning in card.warnings)


def test_strange_columns_do_no_harm():
    table, _ = make_table(400)
    strange = {
        "empty": pa.array([None] * 400, pa.string()),
        "same": pa.array(["x"] * 400),
        "'; DROP TABLE leads; --": pa.array([f"<b>{number}</b>" for number in range(400)]),
        "age": pa.array([1e100, -1e100] * 200),
    }
    for name, values in strange.items():
        table = table.append_column(name, values)
    model = fit(table, OPTIONS)
    assert np.isfinite(model.margins(model.encode(table))).all()


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"created": None, "converted_at": None}, NothingToLearnError, "name --outcome COLUMN"),
        ({"created": None}, DateMissingError, "--converted-at goes with --created"),
        ({"converted_at": None}, DateMissingError, "--created goes with --converted-at"),
        ({"created": None, "converted_at": None, "until": "2026-01-01"}, DateMissingError, "--until goes with"),
        ({"value": True}, NotWithDatesError, "--value does not go with"),
        ({"won": "yes"}, NotWithDatesError, "--won does not go with"),
        ({"time_column": "Met"}, NotWithDatesError, "--time does not go with"),
        ({"ordered": True}, NotWithDatesError, "--ordered does not go with"),
        ({"created": "Won"}, ColumnRoleConflictError, "cannot be both --created and --converted-at"),
        ({"created": "Mett"}, ColumnNotFoundError, "did you mean 'Met'"),
        ({"converted_at": "won"}, ColumnNotFoundError, "did you mean 'Won'"),
        ({"outcome": "Endet"}, ColumnNotFoundError, "--outcome names the column 'Endet'"),
        ({"keep": ("Won",)}, ColumnRoleConflictError, "'Won' cannot be both"),
        ({"algorithms": ("random_forest",)}, UnknownHazardModelError, "choose from kaplan_meier"),
    ],
)
def test_options_that_contradict_each_other_are_refused_in_a_sentence(changes, error, says):
    table, _ = make_table(50)
    with pytest.raises(error, match=says):
        fit(table, replace(OPTIONS, **changes))


def test_recalibration_is_refused_in_a_sentence(steady):
    table, _, model = steady
    with pytest.raises(CurvesNotRecalibratableError, match="fit it again on newer leads"):
        recalibrate(model, table.slice(0, 900), "Won")


def test_olist(real_file):
    """Real leads: deals' columns are found, later leads are ranked, and no horizon is missing."""
    met = pd.read_csv(real_file("olist-funnel/olist_marketing_qualified_leads_dataset.csv"), dtype=str)
    won = pd.read_csv(real_file("olist-funnel/olist_closed_deals_dataset.csv"), dtype=str)
    leads = met.merge(won, on="mql_id", how="left").query("first_contact_date >= '2018-01-01'").fillna("")
    options = FitOptions(created="first_contact_date", converted_at="won_date")
    card = fit(pa.Table.from_pandas(leads, preserve_index=False), options).card
    told = card.time_to_convert
    assert (told.leads, told.converted, told.horizons) == (5_997, 780, HORIZONS)
    used = {column.name for column in card.columns if column.use is ColumnUse.FEATURE}
    assert used == {"landing_page_id", "origin"}
    assert any("1 row has a date in 'won_date' that comes before" in warning for warning in card.warnings)
    by_name = {row.algorithm: row for row in told.comparisons}
    assert by_name[card.algorithm].concordance > 0.64
    assert by_name[card.algorithm].integrated_brier < by_name["kaplan_meier"].integrated_brier
