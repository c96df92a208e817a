"""From no data to plenty: there is always a model, it says what it is worth, and more outcomes make it better."""

import re
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.card import ConversionMetrics, ModelCard, Task
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring.scorer import score_table
from leadwise.training.competitors import RULES, Rung, competitors, rung
from leadwise.training.errors import NoOutcomeError, TooFewRowsError
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.metrics import log_loss
from leadwise.training.options import FitOptions

BAYESIAN = "bayesian_logistic_regression"
conversion = partial(FitOptions, outcome="won", budget_seconds=10)


def leads(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    random = np.random.default_rng(seed)
    visits, source = random.poisson(4, rows), random.choice(["web", "fair", "referral"], rows)
    margin = 0.6 * visits - 3.5 + 1.2 * (source == "referral")
    won = random.random(rows) < 1 / (1 + np.exp(-margin))
    return {"visits": visits, "source": source, "noise": random.normal(size=rows), "won": np.where(won, "yes", "no")}


def outcomes(won: int, lost: int, unknown: int = 0) -> dict[str, np.ndarray]:
    told = ["yes"] * won + ["no"] * lost + [""] * unknown
    return {**leads(len(told)), "won": np.random.default_rng(1).permutation(told)}


def loss(model: FittedModel, rows: int = 4_000) -> float:
    new = leads(rows, seed=99)
    return log_loss((new["won"] == "yes").astype(float), model.probabilities(model.encode(pa.table(new))))


@pytest.mark.parametrize(
    ("won", "lost", "unknown", "stands_in"),
    [
        (0, 0, 1, RULES),
        (0, 0, 30, RULES),
        (1, 0, 0, RULES),
        (0, 20, 3, RULES),
        (20, 0, 0, RULES),
        (1, 1, 0, BAYESIAN),
        (4, 11, 0, BAYESIAN),
        (1, 60, 9, BAYESIAN),
        (39, 90, 0, BAYESIAN),
    ],
)
@pytest.mark.parametrize("ordered", [False, True])
def test_there_is_always_a_model(won, lost, unknown, stands_in, ordered):
    table = pa.table(outcomes(won, lost, unknown))
    model = fit(table, conversion(ordered=ordered))
    assert model.card.algorithm == stands_in
    assert model.card.calibration is None  # nothing to put it to a test with
    scores = score_table(model, table)
    low, score, high = (scores[name].to_numpy() for name in ("probability_low", "probability", "probability_high"))
    assert ((low > 0) & (low < score) & (score < high) & (high < 1)).all()
    assert ModelCard.model_validate_json(model.card.model_dump_json()) == model.card


def test_numbers_beyond_reason_do_not_spoil_the_model_file():
    table = pa.table({**outcomes(10, 10), "cost": [1e300, -1e300] * 10, "nothing": [None] * 20})
    model = fit(table, conversion())
    assert score_table(load_model(dump_model(model), "here"), table).equals(score_table(model, table))


def test_before_the_first_outcome_there_are_no_figures():
    card = fit(pa.table(outcomes(0, 0, 30)), conversion()).card
    assert card.test == ConversionMetrics(rows=0)
    assert (card.data.train_rows, card.data.test_rows, card.data.base_rate) == (0, 0, None)
    assert [grade.observed for grade in card.grades] == [None] * 4
    assert "No lead has an outcome yet, so this model is made of rules" in card.warnings[0]


def test_what_there_is_nothing_at_all_to_say_of_is_refused():
    nothing = {name: values[:0] for name, values in leads(3).items()}
    with pytest.raises(TooFewRowsError, match="has no rows"):
        fit(pa.table(nothing), conversion())
    with pytest.raises(NoOutcomeError):  # no amount is known: there is no scale to speak in
        fit(pa.table({"size": [1, 2], "spent": ["", ""]}), FitOptions(outcome="spent", value=True))


def test_few_rows_are_cross_validated_and_the_card_says_what_it_is_worth():
    card = fit(pa.table(outcomes(4, 11)), conversion()).card
    assert (card.data.train_rows, card.data.test_rows, card.test.rows) == (15, 15, 15)
    assert card.test == card.leaderboard[0].test
    assert "scored by a model that had learnt from the others alone" in card.data.split
    assert card.warnings[0].startswith("4 leads converted and 11 did not, so this model leans on rules")
    assert card.sureness in card.warnings[0]
    low, high = map(int, re.findall(r"between (\d+) and (\d+) convert", card.sureness)[0])
    assert low + 10 < high


def test_the_figures_of_few_rows_are_of_models_that_did_not_see_them():
    random = np.random.default_rng(5)
    noise = {f"x{number}": random.normal(size=60) for number in range(20)}
    table = pa.table({**noise, "won": random.permutation(["yes"] * 30 + ["no"] * 30)})
    assert fit(table, conversion()).card.test.roc_auc < 0.7


def test_in_time_order_few_rows_are_predicted_from_older_ones_alone():
    table = outcomes(10, 30)
    table["won"] = np.array(["no"] * 30 + ["yes"] * 10)  # what came last nobody could foresee
    card = fit(pa.table(table), conversion(ordered=True)).card
    assert card.test.rows == card.data.test_rows == 24
    assert card.test.log_loss > 0.6
    assert "learnt from the older ones alone" in card.data.split


def test_rows_of_one_lead_stay_together_however_few():
    table = pa.table(
        {**{name: np.repeat(values, 4) for name, values in outcomes(6, 6).items()}, "who": np.arange(48) // 4}
    )
    table = table.append_column("mark", pa.array(np.repeat(np.random.default_rng(0).normal(size=12), 4)))
    card = fit(table, conversion(group_column="who", drop=("visits", "source", "noise"))).card
    assert card.test.roc_auc < 0.8


def test_algorithms_asked_for_are_tried_from_ten_of_each_on():
    asked = conversion(algorithms=("logistic_regression",))
    few, ten = fit(pa.table(outcomes(9, 70)), asked).card, fit(pa.table(outcomes(10, 70)), asked).card
    assert (few.algorithm, ten.algorithm) == (BAYESIAN, "logistic_regression")
    assert "Not tried, as it takes 10 leads of each outcome: logistic regression." in few.warnings
    rules = fit(pa.table(outcomes(4, 11)), conversion(algorithms=(RULES,))).card
    assert rules.algorithm == RULES


def test_more_outcomes_open_more_algorithms():
    opened = [len(competitors(conversion(), np.arange(rows) % 2.0)) for rows in (10, 79, 80, 200, 600)]
    assert opened[0] == opened[1] == 1 < opened[2] < opened[3] < opened[4]


def test_a_time_that_stands_still_orders_nothing():
    card = fit(pa.table({**leads(30), "day": ["2026-01-05"] * 30}), conversion(time_column="day")).card
    assert not card.data.time_ordered
    assert any("'day' is the same in every row" in warning for warning in card.warnings)


def test_data_take_over_smoothly():
    losses = [
        np.mean([loss(fit(pa.table(leads(rows, seed)), conversion())) for seed in range(4)]) for rows in (3, 15, 60)
    ]
    assert losses == sorted(losses, reverse=True)


def test_more_outcomes_make_scores_surer():
    told = [
        re.findall(r"between (\d+) and (\d+) convert", fit(pa.table(leads(rows)), conversion()).card.sureness)[0]
        for rows in (15, 150, 3_000)
    ]
    widths = [int(high) - int(low) for low, high in told]
    assert widths[0] > widths[1] > widths[2]
    assert widths[0] > 3 * widths[2]


def test_rungs_go_by_the_rarer_outcome():
    steps = [rung(Task.CONVERSION, np.repeat([1.0, 0.0], [won, 500])) for won in (0, 1, 39, 40)]
    assert steps == [Rung.RULES, Rung.FEW, Rung.FEW, Rung.ENOUGH]
