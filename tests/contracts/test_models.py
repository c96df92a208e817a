"""What every algorithm promises, asked of each algorithm that the catalogue finds."""

import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.models.algorithm import Algorithm
from leadwise.models.catalogue import algorithms
from leadwise.models.margins import sigmoid

CASES = [(name, task) for name, algorithm in algorithms().items() for task in Task if task in algorithm.tasks]
ALGORITHMS_WE_KNOW = 17
ROWS = 400
FEATURES = (
    Feature("Visits", "Visits"),
    Feature("Source", "Source", FeatureKind.CATEGORY, ("web", "referral", "call", "fair")),
    Feature("Campaign", "Campaign", FeatureKind.CATEGORY, tuple(f"c{number}" for number in range(150))),
    Feature("Budget", "Budget"),
    Feature("Nothing", "Nothing"),
    Feature("Always one", "Always one"),
)


def make_frame(rows: int = ROWS, seed: int = 0) -> Frame:
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [
            random.poisson(4, rows).astype(float),
            random.integers(0, 4, rows).astype(float),
            random.integers(0, 150, rows).astype(float),
            random.lognormal(3, 1, rows),
            np.full(rows, np.nan),
            np.ones(rows),
        ]
    )
    values[random.random(rows) < 0.2, 3] = np.nan
    values[random.random(rows) < 0.1, 1] = np.nan
    return Frame(FEATURES, values)


def make_target(frame: Frame, task: Task) -> np.ndarray:
    random = np.random.default_rng(1)
    signal = 0.4 * (frame.values[:, 0] - 4) + (frame.values[:, 1] == 1) * 1.5 - 1
    if task is Task.VALUE:
        return 100 + 20 * signal + random.normal(0, 5, len(frame))
    return (random.random(len(frame)) < sigmoid(signal)).astype(float)


def fit_anew(name: str, task: Task) -> Algorithm:
    frame = make_frame()
    return algorithms()[name](task).fit(frame, make_target(frame, task), seed=3)


fitted = cache(fit_anew)


@pytest.fixture(scope="module", params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def model(request):
    return fitted(*request.param)


def test_no_algorithm_slips_out_of_this_suite():
    files = {path.stem for path in Path(sys.modules[Algorithm.__module__].__file__).parent.glob("*.py")}
    assert len(CASES) == 2 * len(algorithms()) - 3 == ALGORITHMS_WE_KNOW
    assert set(algorithms()) <= files


def test_it_learns_what_it_can_see(model):
    new = make_frame(seed=9)
    truth = make_target(new, model.task)
    order = np.argsort(model.predict(new))
    assert truth[order[-100:]].mean() > truth[order[:100]].mean()


def test_margins_are_of_the_size_of_the_target(model):
    if model.name == "heuristic":
        return  # rules know the mean alone; where they add points they need not keep it
    new = make_frame(1000, seed=9)
    margins, truth = model.predict(new), make_target(new, model.task)
    predicted = sigmoid(margins) if model.task is Task.CONVERSION else margins
    assert abs(predicted.mean() - truth.mean()) < 0.4 * truth.std()


def test_rows_that_count_more_are_learnt_from_more(model):
    frame, kind = make_frame(), type(model)
    target = make_target(frame, model.task)
    weight = np.where(target > np.median(target) if model.task is Task.VALUE else target == 1, 1.9, 0.1)
    weighed = kind(model.task).fit(frame, target, seed=3, weight=weight / weight.mean())
    assert weighed.predict(frame).mean() > model.predict(frame).mean() + 0.2


def test_weights_that_are_all_the_same_change_nothing(model):
    frame = make_frame()
    weighed = type(model)(model.task).fit(frame, make_target(frame, model.task), seed=3, weight=np.ones(ROWS))
    np.testing.assert_allclose(weighed.predict(frame), model.predict(frame), rtol=1e-6, atol=1e-6)


def test_a_seed_gives_the_same_twice(model):
    assert fit_anew(model.name, model.task).save() == model.save()


def test_margins_are_finite_and_probabilities_within_0_and_1(model):
    strange = np.array([[1e300, 4, 150, -1e300, 1e9, np.nan], [np.nan] * 6, [0, 4, 150, 0, 0, 0]])
    frame = Frame(FEATURES, strange)
    margins = model.predict(frame)
    assert np.isfinite(margins).all()
    assert ((sigmoid(margins) >= 0) & (sigmoid(margins) <= 1)).all()


def test_an_unseen_category_is_scored_with_less_certainty_than_the_best_known_one(model):
    rows = np.repeat(make_frame().values[:1], 6, axis=0)
    rows[:, 1] = [0, 1, 2, 3, len(FEATURES[1].levels), np.nan]
    margins = model.predict(Frame(FEATURES, rows))
    assert margins[4] <= margins[:4].max() + 1e-9


def test_one_row_equals_its_place_in_a_batch(model):
    frame = make_frame(50, seed=5)
    one_by_one = np.concatenate([model.predict(frame.take(slice(row, row + 1))) for row in range(50)])
    np.testing.assert_allclose(one_by_one, model.predict(frame), rtol=1e-12, atol=1e-12)


def test_explanations_add_up(model):
    frame = make_frame(200, seed=6)
    explanation = model.explain(frame)
    assert explanation.contributions.shape == frame.values.shape
    total = explanation.base + explanation.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.predict(frame), rtol=1e-9, atol=1e-9)


def test_exact_explanations_add_up_from_the_same_base(model):
    frame = make_frame(40, seed=6)
    exact = model.explain_exactly(frame)
    total = exact.base + exact.contributions.sum(axis=1)
    np.testing.assert_allclose(total, model.predict(frame), rtol=1e-9, atol=1e-9)
    assert exact.base == pytest.approx(model.explain(frame).base)


def test_a_single_row_has_the_contributions_that_it_has_in_a_batch(model):
    strange = np.array([[1e300, 4, 150, -1e300, 1e9, np.nan], [np.nan] * 6, [0, 4, 150, 0, 0, 0]])
    frame = Frame(FEATURES, np.vstack([make_frame(40, seed=6).values, strange]))
    batch = model.explain(frame)
    for row in range(len(frame)):
        alone = model.explain_row(frame.take(slice(row, row + 1)))
        assert alone.base == pytest.approx(batch.base, rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(alone.contributions[0], batch.contributions[row], rtol=1e-9, atol=1e-9)


def test_what_never_varied_contributes_nothing(model):
    contributions = model.explain(make_frame(50, seed=7)).contributions
    assert np.abs(contributions[:, 4:]).max() == 0


CHOOSE_BY_THEMSELVES = {
    "bayesian_logistic_regression",
    "ensemble",
    "gradient_boosting",
    "linear_regression",
    "logistic_regression",
}


@pytest.mark.parametrize(("name", "task"), [case for case in CASES if case[0] in CHOOSE_BY_THEMSELVES])
def test_rows_of_one_lead_are_not_learnt_by_heart(name, task):
    """Ten rows a lead, the same but for a number that names the lead and nothing else."""
    random = np.random.default_rng(4)
    lead = np.repeat(np.arange(80), 10)
    outcome = (random.random(80) < 0.5).astype(float)
    marks = random.normal(size=(80, 6))[lead]
    frame = Frame(tuple(Feature(f"mark {number}", f"mark {number}") for number in range(6)), marks)
    new = Frame(frame.features, random.normal(size=(400, 6)))
    told = algorithms()[name](task).fit(frame, outcome[lead], seed=1, group=lead)
    untold = algorithms()[name](task).fit(frame, outcome[lead], seed=1)
    spread = [np.std(model.predict(new)) for model in (told, untold)]
    assert spread[0] < 0.8 * spread[1]


def test_inputs_are_left_as_they_were(model):
    frame = make_frame()
    before = frame.values.copy()
    model.predict(frame)
    model.explain(frame)
    np.testing.assert_array_equal(frame.values, before)


SAY_MARGINS = """
import sys, zipfile, numpy as np
folder, suite = sys.argv[1:]
sys.path.insert(0, suite)
from test_models import CASES, FEATURES, Frame, algorithms
frame = Frame(FEATURES, np.load(folder + "/rows.npy"))
for name, task in CASES:
    with zipfile.ZipFile(f"{folder}/{name}-{task}.zip") as archive:
        parts = {part: archive.read(part) for part in archive.namelist()}
    np.save(f"{folder}/{name}-{task}.npy", algorithms()[name].load(task, FEATURES, parts).predict(frame))
"""


def test_a_fresh_process_loads_each_and_says_exactly_the_same(tmp_path):
    frame = make_frame(30, seed=10)
    np.save(tmp_path / "rows.npy", frame.values)
    for name, task in CASES:
        with zipfile.ZipFile(tmp_path / f"{name}-{task}.zip", "w") as archive:
            for part, content in fitted(name, task).save().items():
                archive.writestr(part, content)
    subprocess.run([sys.executable, "-c", SAY_MARGINS, str(tmp_path), str(Path(__file__).parent)], check=True)
    for name, task in CASES:
        here = fitted(name, task).predict(frame)
        np.testing.assert_array_equal(np.load(tmp_path / f"{name}-{task}.npy"), here, err_msg=f"{name} {task}")


@pytest.mark.parametrize(("name", "task"), CASES)
@pytest.mark.parametrize("rows", [2, 3, 7, 40])
def test_a_handful_of_rows_is_enough_to_fit(name, task, rows):
    frame = make_frame(rows)
    target = np.arange(rows) % 2.0
    assert np.isfinite(algorithms()[name](task).fit(frame, target, seed=1).predict(make_frame(20, seed=2))).all()


@pytest.mark.parametrize(("name", "task"), CASES)
def test_no_feature_at_all_gives_the_mean(name, task):
    frame = Frame((), np.zeros((40, 0)))
    target = np.arange(40) % 2.0
    model = algorithms()[name](task).fit(frame, target, seed=1)
    margins = model.predict(frame)
    for explain in (model.explain, model.explain_exactly, model.explain_row):
        assert explain(frame.take(slice(0, 1))).base == pytest.approx(margins[0])
    expected = 0.5 if task is Task.VALUE else 0.0
    assert np.abs(margins - expected).max() < 0.75  # a bag of 40 rows is not the whole
