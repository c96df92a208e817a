"""Recalibration: probabilities follow outcomes that moved, and nothing else changes."""

from dataclasses import replace
from functools import partial

import numpy as np
import pyarrow as pa
import pytest

from leadwise.domain.errors import LeadwiseError
from leadwise.models.margins import logit
from leadwise.registry.model_file import dump_model, load_model
from leadwise.scoring.scorer import score_table
from leadwise.scoring.validation import check_promises
from leadwise.training.errors import (
    AlreadyLearntFromError,
    ColumnNotFoundError,
    ColumnRoleConflictError,
    NoKnownColumnError,
    NoOutcomeError,
    NotRecalibratableError,
    OutcomeNotUnderstoodError,
    WonValueNotFoundError,
)
from leadwise.training.fitted_model import FittedModel
from leadwise.training.fitting import fit
from leadwise.training.options import FitOptions
from leadwise.training.recalibration import STRETCH_OUTCOMES, recalibrate
from leadwise.training.scalings import BetaScaling, PlattScaling

conversion = partial(FitOptions, outcome="won", algorithms=("logistic_regression",), budget_seconds=10)


def leads(rows: int, seed: int = 0, *, shift: float = 0.0, stretch: float = 1.0) -> pa.Table:
    random = np.random.default_rng(seed)
    visits = random.poisson(4, rows)
    source = random.choice(["web", "fair", "referral"], rows)
    margin = stretch * (0.6 * visits - 3.4 + 1.2 * (source == "referral")) + shift
    won = random.random(rows) < 1 / (1 + np.exp(-margin))
    return pa.table({"visits": visits, "source": source, "day": np.arange(rows), "won": np.where(won, "yes", "no")})


@pytest.fixture(scope="module")
def model() -> FittedModel:
    return fit(leads(4_000), conversion())


@pytest.fixture(scope="module")
def ordered() -> FittedModel:
    return fit(leads(4_000), conversion(time_column="day"))


def probabilities(model: FittedModel, table: pa.Table) -> np.ndarray:
    return model.probabilities(model.encode(table))


@pytest.fixture(params=["random", "in time order"])
def each_model(request, model, ordered) -> FittedModel:
    return model if request.param == "random" else ordered


@pytest.mark.parametrize("shift", [-0.8, 0.6])
def test_a_rate_that_moved_is_followed(each_model, shift: float):
    found = recalibrate(each_model, leads(3_000, 1, shift=shift), "won")
    later = leads(3_000, 2, shift=shift)
    happened = np.mean(np.array(later["won"]) == "yes")
    assert abs(probabilities(each_model, later).mean() - happened) > 0.05
    assert probabilities(found.model, later).mean() == pytest.approx(happened, abs=0.025)
    assert found.report.changed
    assert found.report.log_loss_after < found.report.log_loss_before
    assert found.model.card.calibration.passed


def test_log_odds_that_were_too_bold_are_drawn_in(model):
    found = recalibrate(model, leads(4_000, 1, stretch=0.4), "won")
    assert found.report.slope == pytest.approx(0.4, abs=0.1)
    assert "stretched by 0." in found.report.sentence


def test_few_outcomes_move_the_intercept_alone(model):
    few = leads(240, 1, shift=-1.2, stretch=0.5)
    assert 5 < (np.array(few["won"]) == "yes").sum() < STRETCH_OUTCOMES
    found = recalibrate(model, few, "won")
    assert found.report.changed
    assert (found.report.slope, found.report.intercept < -0.5) == (1.0, True)


def test_where_nothing_moved_the_model_stays_as_it_is(each_model):
    changed = [recalibrate(each_model, leads(400, seed), "won") for seed in range(20, 60)]
    assert np.mean([each.report.changed for each in changed]) <= 0.1
    kept = next(each for each in changed if not each.report.changed)
    assert kept.model is each_model
    assert kept.report.model_version == each_model.card.model_version
    assert kept.report.sentence.endswith("so the model stays as it is.")


@pytest.mark.parametrize("rows", [1, 2, 7])
def test_a_handful_of_rows_changes_nothing_that_is_not_plain(each_model, rows: int):
    found = recalibrate(each_model, leads(rows, 3), "won")
    assert not found.report.changed
    assert found.report.sentence.startswith("1 lead has ended" if rows == 1 else f"{rows} leads have ended")


@pytest.mark.parametrize("outcome", ["no", "yes"])
def test_one_outcome_only_moves_the_probabilities_where_enough_leads_agree(each_model, outcome: str):
    table = leads(200, 1).set_column(3, "won", pa.array([outcome] * 200))
    found = recalibrate(each_model, table, "won")
    assert found.report.changed
    assert (found.report.intercept > 0) == (outcome == "yes")
    assert np.isfinite(found.model.margins(found.model.encode(table))).all()


def test_in_time_order_the_newest_half_is_the_judge(ordered):
    before, after = leads(1_000, 1, shift=1.0), leads(1_000, 2, shift=-1.0)
    days = pa.array(np.arange(1_000) + 5_000)
    after = after.set_column(2, "day", days)
    found = recalibrate(ordered, pa.concat_tables([after, before]), "won")  # the file's order means nothing
    assert not found.report.changed
    assert "the newest half" in found.report.sentence


def test_who_is_ahead_and_every_grade_stay(each_model):
    table = leads(2_000, 1, shift=-0.7, stretch=0.6)
    found = recalibrate(each_model, table, "won")
    before, after = score_table(each_model, table), score_table(found.model, table)
    assert found.report.slope != 1
    assert after["grade"].equals(before["grade"])
    assert after["action"].equals(before["action"])
    order = [np.argsort(scores["probability"], kind="stable") for scores in (before, after)]
    np.testing.assert_array_equal(*order)
    np.testing.assert_allclose(
        np.array(after["contribution_1"]), found.report.slope * np.array(before["contribution_1"]), atol=1e-9
    )


def test_intervals_move_with_the_probabilities(model):
    table = leads(2_000, 1, shift=-0.7, stretch=0.6)
    scores = score_table(recalibrate(model, table, "won").model, table)
    low, middle, high = (np.array(scores[name]) for name in ("probability_low", "probability", "probability_high"))
    assert (low < middle).all()
    assert (middle < high).all()
    assert np.mean(high - low) < 0.2


def test_leads_that_share_a_bound_keep_their_grade():
    table = pa.table({"source": ["web", "fair", "post"] * 200, "won": ["yes", "no", "no", "no", "no", "yes"] * 100})
    model = fit(table, conversion())
    new = table.set_column(1, "won", pa.array(["yes"] * 500 + ["no"] * 100))
    found = recalibrate(model, new, "won")
    assert found.report.changed
    assert score_table(found.model, table)["grade"].equals(score_table(model, table)["grade"])


def test_the_card_tells_what_happened_since(model):
    table = leads(2_000, 1, shift=0.9)
    card = recalibrate(model, table, "won").model.card
    (told,) = card.recalibrations
    assert (told.from_version, told.model_version) == (model.card.model_version, card.model_version)
    assert (told.rows, told.happened) == (2_000, (np.array(table["won"]) == "yes").sum())
    assert abs(told.expected_after - told.happened) < abs(told.expected_before - told.happened) / 10
    assert sum(band.count for band in card.reliability) == told.judged_rows == 2_000
    assert sum(grade.count for grade in card.grades) == 2_000
    assert {each.value for each in card.segments} == {"web", "fair", "referral"}
    assert card.calibration.reason.startswith("Recalibrated. 2,000 leads have ended, ")
    assert card.test == model.card.test
    assert type(card).model_validate_json(card.model_dump_json()) == card


def test_the_new_model_is_another_version_that_keeps_its_promises(model):
    found = recalibrate(model, leads(2_000, 1, shift=0.9), "won").model
    again = load_model(dump_model(found), "memory")
    assert again.card.model_version not in {model.card.model_version, ""}
    assert all(promise.kept for promise in check_promises(again, leads(500, 5, shift=0.9)))
    explanation = again.explain(again.encode(leads(50)))
    assert explanation.base == pytest.approx(again.card.base, abs=1e-6)


def test_twice_is_one_after_the_other(model):
    once = recalibrate(model, leads(2_000, 1, shift=0.9), "won").model
    twice = recalibrate(once, leads(2_000, 2, shift=-0.9, stretch=0.5), "won").model
    later = leads(2_000, 3, shift=-0.9, stretch=0.5)
    assert probabilities(twice, later).mean() == pytest.approx(np.mean(np.array(later["won"]) == "yes"), abs=0.03)
    first, second = twice.card.recalibrations
    assert (first.model_version, second.model_version) == (once.card.model_version, twice.card.model_version)
    assert isinstance(twice.scaling, PlattScaling)
    margins = model.margins(model.encode(later))
    expected = second.slope * (first.slope * margins + first.intercept) + second.intercept
    np.testing.assert_allclose(twice.margins(twice.encode(later)), expected, atol=1e-9)


def test_the_same_table_gives_the_same_and_gains_nothing_again(model):
    table = leads(2_000, 1, shift=0.9)
    once = recalibrate(model, table, "won").model
    assert recalibrate(model, table, "won").model.card.model_version == once.card.model_version
    assert not recalibrate(once, table, "won").report.changed


def test_a_bent_scaling_stays_bent(model):
    bent = replace(model, scaling=BetaScaling(0.8, 1.2, 0.1))
    found = recalibrate(bent, leads(3_000, 1, shift=-0.8), "won").model
    assert isinstance(found.scaling, BetaScaling)
    assert found.card.calibration.method == "beta"


def test_rows_without_an_outcome_are_ignored_and_counted(model):
    table = leads(2_000, 1, shift=0.9)
    open_ones = leads(300, 7).set_column(3, "won", pa.array([""] * 300))
    with_open = recalibrate(model, pa.concat_tables([table, open_ones]), "won")
    assert with_open.report.rows_without_outcome == 300
    assert with_open.model.card.model_version == recalibrate(model, table, "won").model.card.model_version


def test_columns_that_are_lacking_are_named(model):
    found = recalibrate(model, leads(500, 1).drop_columns("source"), "won")
    assert found.report.missing_columns == ("source",)


@pytest.mark.parametrize(
    ("words", "won"), [(("1", "0"), None), (("Won", "Lost"), None), (("Enrolled", "Lost to a rival"), "Enrolled")]
)
def test_other_words_for_the_same_outcomes(model, words: tuple[str, str], won: str | None):
    table = leads(2_000, 1, shift=0.9)
    named = [words[0] if text == "yes" else words[1] for text in table["won"].to_pylist()]
    found = recalibrate(model, table.set_column(3, "Outcome", pa.array(named)), "Outcome", won=won)
    assert found.model.card.model_version == recalibrate(model, table, "won").model.card.model_version


def test_values_that_are_neither_yes_nor_no_mean_no_where_the_fitting_said_so():
    stages = leads(900).set_column(3, "won", pa.array(["won", "open", "lost"] * 300))
    model = fit(stages, FitOptions(outcome="won", won="won", algorithms=("logistic_regression",), budget_seconds=10))
    assert recalibrate(model, with_outcomes("lost", "open", "won"), "won").report.happened == 20


def test_the_value_that_meant_converted_still_does():
    reversed_words = FitOptions(outcome="won", won="no", algorithms=("logistic_regression",), budget_seconds=10)
    model = fit(leads(1_000), reversed_words)
    found = recalibrate(model, leads(400, 1), "won")
    assert found.report.happened == (np.array(leads(400, 1)["won"]) == "no").sum()
    with pytest.raises(WonValueNotFoundError):
        recalibrate(model, leads(400, 1).set_column(3, "won", pa.array(["yes"] * 400)), "won")


def with_outcomes(*texts: str) -> pa.Table:
    return leads(60, 1).set_column(3, "won", pa.array([texts[row % len(texts)] for row in range(60)]))


@pytest.mark.parametrize(
    ("table", "outcome", "error", "message"),
    [
        (leads(50, 1), "wonn", ColumnNotFoundError, r"--outcome names the column 'wonn'.*did you mean 'won'"),
        (leads(50, 1), "source", ColumnRoleConflictError, "cannot be both"),
        (leads(50, 1).select(["won"]), "won", NoKnownColumnError, "none of the columns that the model scores by"),
        (leads(0), "won", NoOutcomeError, "at least some leads have ended"),
        (leads(5).set_column(3, "won", pa.array([None] * 5, pa.string())), "won", NoOutcomeError, "empty in every row"),
        (
            with_outcomes("lost", "open", "won"),
            "won",
            OutcomeNotUnderstoodError,
            "which one means converted with --won",
        ),
        (leads(4_000), "won", AlreadyLearntFromError, "give leads that ended later"),
    ],
)
def test_what_cannot_be_used_is_refused_in_a_sentence(
    model, table: pa.Table, outcome: str, error: type[LeadwiseError], message: str
):
    with pytest.raises(error, match=message):
        recalibrate(model, table, outcome)


def test_amounts_have_no_probabilities():
    table = pa.table({"size": np.arange(60.0), "spent": np.arange(60.0) * 3 + 1})
    model = fit(table, FitOptions(outcome="spent", value=True, algorithms=("linear_regression",)))
    with pytest.raises(NotRecalibratableError, match="fit it again on newer customers"):
        recalibrate(model, table, "spent")


def test_a_model_that_ranks_backwards_keeps_its_order(model):
    found = recalibrate(model, leads(3_000, 1, stretch=-1.0), "won")
    assert found.report.slope > 0


def test_log_odds_move_by_what_the_report_says(model):
    table = leads(2_000, 1, shift=0.9)
    found = recalibrate(model, table, "won")
    moved = found.report.slope * logit(probabilities(model, table)) + found.report.intercept
    np.testing.assert_allclose(logit(probabilities(found.model, table)), moved, atol=1e-6)
