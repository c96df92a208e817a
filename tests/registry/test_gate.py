import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.registry.stored_models import fitted

from leadwise.domain.card import ConversionMetrics, ModelCard, Task
from leadwise.domain.column import ColumnUse, Leak
from leadwise.registry.gate import GateReason, GateRules, Verdict, figures_of, judge


@pytest.fixture(scope="module")
def card() -> ModelCard:
    return fitted(rows=600).card


def with_test(card: ModelCard, **figures: object) -> ModelCard:
    return card.model_copy(update={"test": card.test.model_copy(update=figures)})


def with_auc(card: ModelCard, auc: float, half_width: float = 0.05) -> ModelCard:
    intervals = {"roc_auc": (auc - half_width, auc + half_width)}
    return with_test(card, roc_auc=auc, intervals=intervals)


def reason(verdict: Verdict, code: str) -> GateReason:
    return next(reason for reason in verdict.reasons if reason.code == code)


def test_a_first_sound_model_passes(card):
    verdict = judge(card, None)
    assert verdict.passed, verdict
    assert [each.code for each in verdict.reasons] == ["enough_data", "metrics", "calibration", "leaks"]
    assert "learnt from 600 rows" in reason(verdict, "enough_data").sentence


def test_the_same_model_again_is_not_worse_but_no_improvement(card):
    assert judge(card, card).passed
    stricter = judge(card, card, rules=GateRules(must_improve=True))
    assert not stricter.passed
    assert reason(stricter, "improvement").sentence == "It is not better than the active model."


def test_a_model_that_is_worse_beyond_noise_does_not_pass(card):
    active = with_auc(card, 0.80)
    assert judge(with_auc(card, 0.78), active).passed
    assert "within noise of" in reason(judge(with_auc(card, 0.78), active), "metric_roc_auc").sentence
    worse = judge(with_auc(card, 0.70), active)
    assert not worse.passed
    assert "worse, beyond noise, than the active model: 0.7 against 0.8" in reason(worse, "metric_roc_auc").sentence


def test_a_better_model_passes_the_stricter_rule(card):
    verdict = judge(with_auc(card, 0.82), with_auc(card, 0.80), rules=GateRules(must_improve=True))
    assert verdict.passed, verdict
    one_worse = with_auc(card, 0.82), with_auc(card, 0.80).test.model_copy(update={"log_loss": 0.0})
    mixed = judge(one_worse[0], card, rules=GateRules(must_improve=True), active_on_same=one_worse[1])
    assert not reason(mixed, "improvement").passed


@given(mine=st.floats(0.5, 1), other=st.floats(0.5, 1), width=st.floats(0.001, 0.2))
def test_the_same_leads_leave_less_to_chance_than_different_ones(mine, other, width):
    card = fitted(rows=600).card
    candidate, active = with_auc(card, mine, width), with_auc(card, other, width)
    on_same = reason(judge(candidate, active, active_on_same=active.test), "metric_roc_auc").passed
    on_different = reason(judge(candidate, active), "metric_roc_auc").passed
    assert on_same <= on_different
    assert on_same == (mine - other >= -width) or abs(mine - other + width) < 1e-12


def test_log_loss_is_compared_on_the_same_leads_alone(card):
    better = card.test.model_copy(update={"log_loss": 0.0, "roc_auc": card.test.roc_auc})
    assert judge(card, with_test(card, log_loss=0.0)).passed  # other leads may just be easier
    verdict = judge(card, card, active_on_same=better)
    assert not reason(verdict, "metric_log_loss").passed
    assert "on the same leads" in reason(verdict, "metric_log_loss").sentence


def test_probabilities_that_do_not_hold_do_not_pass(card):
    assert card.calibration is not None
    failed = card.calibration.model_copy(update={"passed": False, "sentence": "Probabilities are off."})
    verdict = judge(card.model_copy(update={"calibration": failed}), None)
    assert reason(verdict, "calibration") == GateReason("calibration", passed=False, sentence="Probabilities are off.")


def test_untested_probabilities_do_not_replace_tested_ones(card):
    untested = card.model_copy(update={"calibration": None})
    assert judge(untested, None).passed
    assert judge(untested, untested).passed
    verdict = judge(untested, card)
    assert not verdict.passed
    assert "too few outcomes" in reason(verdict, "calibration").sentence


def test_a_leak_needs_to_be_accepted(card):
    leaking = card.model_copy(
        update={
            "columns": tuple(
                column.model_copy(update={"leak": Leak.LEAK}) if column.use is ColumnUse.FEATURE else column
                for column in card.columns
            )
        }
    )
    verdict = judge(leaking, None)
    assert not verdict.passed
    assert "Nobody has accepted" in reason(verdict, "leaks").sentence
    assert "Visits" in reason(verdict, "leaks").sentence
    assert not judge(leaking, None, rules=GateRules(accepted_leaks=("Visits",))).passed
    accepted = judge(leaking, None, rules=GateRules(accepted_leaks=("Visits", "Luck")))
    assert accepted.passed
    assert "was accepted" in reason(accepted, "leaks").sentence


def test_too_few_leads_are_told_with_their_number(card):
    verdict = judge(card, None, rules=GateRules(least_rows=1_000))
    assert "At least 1,000 past leads are needed, but there are 600" in reason(verdict, "enough_data").sentence
    alike = judge(with_test(card, roc_auc=None), None)
    assert "all ended alike" in reason(alike, "enough_data").sentence


def test_a_model_of_another_task_does_not_replace_one(card):
    verdict = judge(card, card.model_copy(update={"task": Task.VALUE}))
    assert "predicts value, this one conversion" in reason(verdict, "metrics").sentence


def test_figures_have_the_names_that_people_ask_for(card):
    figures = figures_of(card)
    assert {"precision", "recall", "f1_score", "roc_auc", "accuracy"} <= set(figures)
    assert isinstance(card.test, ConversionMetrics)
    assert figures["f1_score"] == card.test.f1
