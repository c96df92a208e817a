"""A model of similar leads as a prior: it speaks until this table's outcomes do, and the model file needs no other."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.column import ColumnUse
from leadwise.domain.preprocessing import read_preprocessing
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring.scorer import score_table
from leadwise.training.errors import (
    NothingInCommonError,
    PriorForAmountsError,
    PriorOfAnotherKindError,
    PriorWithPreprocessingError,
)
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.metrics import log_loss
from leadwise.training.options import FitOptions
from leadwise.training.time_errors import NotWithDatesError

BAYESIAN = "bayesian_logistic_regression"


def leads(rows: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Leads of which rules have no notion: the more hits, the worse."""
    random = np.random.default_rng(seed)
    hits, region = random.poisson(4, rows), random.choice(["north", "south", "east"], rows)
    margin = 1 - 0.6 * hits + 2 * (region == "south")
    won = random.random(rows) < 1 / (1 + np.exp(-margin))
    return {"hits": hits, "region": region, "won": np.where(won, "yes", "no")}


def options(prior: FittedModel | None = None, **others: object) -> FitOptions:
    return FitOptions(outcome="won", budget_seconds=20, prior=prior, **others)


def loss(model: FittedModel) -> float:
    new = leads(4_000, seed=99)
    return log_loss((new["won"] == "yes").astype(float), model.probabilities(model.encode(pa.table(new))))


@pytest.fixture(scope="module", params=["logistic_regression", "gradient_boosting"])
def prior(request) -> FittedModel:
    return fit(pa.table(leads(1_000, seed=7)), options(algorithms=(request.param,)))


def test_it_speaks_before_the_first_outcome(prior):
    table = pa.table({**leads(30), "won": [""] * 30})
    model = fit(table, options(prior))
    assert model.card.algorithm == BAYESIAN
    assert "is made of the model given as --prior alone" in model.card.warnings[0]
    assert loss(model) == pytest.approx(loss(prior), abs=0.02)
    assert loss(model) < loss(fit(table, options())) - 0.1


@pytest.mark.parametrize("rows", [1, 20])
def test_few_outcomes_are_better_with_it_than_with_rules(prior, rows: int):
    tables = [pa.table(leads(rows, seed)) for seed in range(3)]
    told, untold = (np.mean([loss(fit(table, options(p))) for table in tables]) for p in (prior, None))
    assert told < untold


def test_many_outcomes_overrule_it(prior):
    turned = leads(2_000, seed=3)
    turned["won"] = np.where(turned["won"] == "yes", "no", "yes")
    table = pa.table(turned)
    told, untold = (fit(table, options(p, algorithms=(BAYESIAN,))) for p in (prior, None))
    assert told.card.test.log_loss == pytest.approx(untold.card.test.log_loss, abs=0.02)


def test_the_model_file_needs_no_other_file_and_reasons_add_up(prior):
    model = fit(pa.table(leads(20)), options(prior))
    table = pa.table(leads(50, seed=8))
    again = load_model(dump_model(model), "here")
    assert score_table(again, table).equals(score_table(model, table))
    frame = again.encode(table)
    explanation = again.explain(frame)
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, again.margins(frame), rtol=1e-9, atol=1e-9)
    grandchild = fit(pa.table(leads(20, seed=1)), options(again))
    assert score_table(load_model(dump_model(grandchild), "here"), table).equals(score_table(grandchild, table))


def test_values_that_this_table_never_had_are_known_from_it(prior):
    table = leads(20)
    table["region"] = np.array(["north"] * 20)
    model = fit(pa.table(table), options(prior))
    north, south = (
        model.margins(model.encode(pa.table({"hits": [4], "region": [region]})))[0] for region in ("north", "south")
    )
    assert south > north + 0.5
    report = {column.name: column for column in model.card.columns}["region"]
    assert (report.use, report.note) == (ColumnUse.FEATURE, "Read as the model given as --prior reads it.")


def test_columns_that_are_left_out_stay_out(prior):
    model = fit(pa.table(leads(20)), options(prior, drop=("region",)))
    assert {column.name for column in model.columns} == {"hits"}


def test_what_it_does_not_know_is_learnt_beside_it(prior):
    table = leads(600, seed=5)
    extra = np.random.default_rng(0).normal(size=600)
    table["won"] = np.where(extra > 0.8, "yes", table["won"])
    told = fit(pa.table({**table, "extra": extra}), options(prior, algorithms=(BAYESIAN,)))
    assert told.card.test.log_loss < fit(pa.table(table), options(prior, algorithms=(BAYESIAN,))).card.test.log_loss
    assert told.card.effects[0].column == "extra"


def test_the_same_twice(prior):
    versions = {fit(pa.table(leads(20)), options(prior)).card.model_version for _ in range(2)}
    assert len(versions) == 1


def test_what_does_not_fit_is_refused(prior):
    with pytest.raises(NothingInCommonError, match="it knows 'hits', 'region'"):
        fit(pa.table({"size": [1, 2, 3], "won": ["yes", "no", "no"]}), options(prior))
    amounts = FitOptions(outcome="spent", value=True, budget_seconds=5)
    table = pa.table({"size": np.arange(40), "spent": np.arange(40) * 2.0})
    of_amounts = fit(table, FitOptions(**{**vars(amounts), "algorithms": ("linear_regression",)}))
    with pytest.raises(PriorForAmountsError, match="--value"):
        fit(table, FitOptions(**{**vars(amounts), "prior": prior}))
    with pytest.raises(PriorOfAnotherKindError, match="predicts amounts"):
        fit(pa.table(leads(20)), options(of_amounts))
    of_time = replace(prior, card=prior.card.model_copy(update={"time_to_convert": object()}))
    with pytest.raises(PriorOfAnotherKindError, match="predicts when they do"):
        fit(pa.table(leads(20)), options(of_time))
    with pytest.raises(PriorWithPreprocessingError, match="leave one of them out"):
        fit(pa.table(leads(20)), options(prior, preprocessing=read_preprocessing({"missing_value_strategy": "mean"})))
    dated = {"outcome": "", "created": "day", "converted_at": "won_day", "prior": prior}
    with pytest.raises(NotWithDatesError, match="--prior"):
        fit(pa.table({"day": ["2026-01-01"] * 5, "won_day": ["2026-01-09"] * 5}), FitOptions(**dated))
