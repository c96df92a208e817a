"""Calibration by segment: what strays by chance is told apart from what does not."""

import numpy as np
import pytest

from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.training.metrics import log_loss
from leadwise.training.segments import FEWEST_LEADS, MOST_SEGMENTS, _chance, segment_calibration, tell_segments

SOURCE = Column(name="Source", kind=ColumnKind.CATEGORY, levels=("web", "fair", "post"), parts=("value",))
PHONE = Column(name="Phone", kind=ColumnKind.BOOLEAN, yes=("yes",), parts=("value",))
VISITS = Column(name="Visits", kind=ColumnKind.NUMBER, parts=("value",))
COLUMNS = (VISITS, SOURCE, PHONE)
FEATURES = (Feature("Visits", "Visits"), Feature("Source", "Source", FeatureKind.CATEGORY), Feature("Phone", "Phone"))


def leads(rows: int, seed: int = 0) -> tuple[Frame, np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    source = random.choice([0, 1, 2, 3, np.nan], rows, p=[0.4, 0.3, 0.02, 0.08, 0.2])
    values = np.column_stack([random.poisson(3, rows), source, random.choice([0, 1], rows)])
    probability = random.beta(1, 3, rows)
    return Frame(FEATURES, values), probability, (random.random(rows) < probability).astype(float)


def test_every_value_with_enough_leads_is_told_and_no_other():
    frame, probability, target = leads(1_000)
    found = segment_calibration(frame, COLUMNS, probability, target)
    assert [(each.column, each.value) for each in found] == [
        ("Source", "web"),
        ("Source", "fair"),
        ("Source", "not given"),
        ("Phone", "no"),
        ("Phone", "yes"),
    ] or [(each.column, each.value) for each in found][3:] == [("Phone", "yes"), ("Phone", "no")]
    web = found[0]
    rows = frame.values[:, 1] == 0
    assert (web.count, web.converted) == (rows.sum(), target[rows].sum())
    assert web.expected == pytest.approx(probability[rows].sum())
    assert web.sentence == (
        f"Of {web.count} leads whose Source is web, {web.converted} converted; {web.expected:.0f} were expected."
    )
    low, high = web.observed_interval
    assert low < web.converted / web.count < high


def test_a_value_that_nearly_all_have_is_left_to_the_whole():
    frame, probability, target = leads(200)
    frame.values[:, 2] = 1
    frame.values[: FEWEST_LEADS - 1, 2] = 0
    assert "Phone" not in {each.column for each in segment_calibration(frame, COLUMNS, probability, target)}


def test_of_promises_that_are_kept_hardly_any_is_said_to_be_broken():
    families = [segment_calibration(leads(600, seed)[0], COLUMNS, *leads(600, seed)[1:]) for seed in range(300)]
    assert np.mean([any(each.contradicts for each in family) for family in families]) <= 0.06
    strayed = np.mean([each.p_value < 0.05 for family in families for each in family])
    assert 0.02 <= strayed <= 0.06
    held = [
        low <= each.expected / each.count <= high
        for f in families
        for each in f
        for low, high in [each.observed_interval]
    ]
    assert np.mean(held) == pytest.approx(0.95, abs=0.015)


def test_a_segment_that_converts_otherwise_is_named():
    frame, probability, target = leads(2_000)
    target[frame.values[:, 1] == 1] = 0
    found = segment_calibration(frame, COLUMNS, probability, target)
    assert [each.value for each in found if each.contradicts and each.column == "Source"] == ["fair"]
    assert "Beyond chance" in tell_segments(found)
    assert "Source is fair" in tell_segments(found)


@pytest.mark.parametrize("share", [0.01, 0.2])
def test_chance_is_that_of_independent_leads(share: float):
    probability = np.random.default_rng(1).beta(1, 1 / share - 1, 300)
    exact = np.ones(1)
    for each in probability:
        exact = np.convolve(exact, [1 - each, each])
    for converted in range(len(exact)):
        two_sided = min(1.0, 2 * min(exact[: converted + 1].sum(), exact[converted:].sum()))
        assert _chance(probability, converted) == pytest.approx(two_sided, rel=0.25, abs=2e-4)


@pytest.mark.parametrize(("probability", "converted", "expected"), [(0.0, 0, 1.0), (0.0, 3, 0.0), (1.0, 60, 1.0)])
def test_certain_leads_leave_nothing_to_chance(probability: float, converted: int, expected: float):
    assert _chance(np.full(60, probability), converted) == pytest.approx(expected)


def test_rows_of_one_lead_count_as_one():
    frame, probability, target = leads(400)
    thrice = np.repeat(np.arange(400), 3)
    found = segment_calibration(frame.take(thrice), COLUMNS, probability[thrice], target[thrice], group=thrice)
    once = segment_calibration(frame, COLUMNS, probability, target)
    assert [(each.value, each.count, each.converted) for each in found] == [
        (each.value, each.count, each.converted) for each in once
    ]
    assert [each.p_value for each in found] == pytest.approx([each.p_value for each in once])


def test_very_many_values_are_capped():
    rows, columns = 4_000, 20
    random = np.random.default_rng(0)
    names = [f"c{at}" for at in range(columns)]
    frame = Frame(
        tuple(Feature(name, name, FeatureKind.CATEGORY) for name in names),
        random.integers(0, 40, (rows, columns)).astype(float),
    )
    many = [
        Column(name=name, kind=ColumnKind.CODE, levels=tuple(map(str, range(40))), parts=("value",)) for name in names
    ]
    found = segment_calibration(frame, many, np.full(rows, 0.3), (random.random(rows) < 0.3).astype(float))
    assert len(found) == MOST_SEGMENTS
    assert len({each.column for each in found}) == 5


def test_no_rows_no_segments():
    empty = Frame(FEATURES, np.empty((0, 3)))
    assert segment_calibration(empty, COLUMNS, np.empty(0), np.empty(0)) == ()


def test_columns_that_people_compare_by_come_first_with_the_log_loss_of_each_value():
    frame, probability, target = leads(1_000)
    found = segment_calibration(frame, COLUMNS, probability, target, declared=["Phone"])
    assert {each.column for each in found[:2]} == {"Phone"}
    assert [each.declared for each in found] == [each.column == "Phone" for each in found]
    for each in found[:2]:
        rows = frame.values[:, 2] == (each.value == "yes")
        assert each.log_loss == pytest.approx(log_loss(target[rows], probability[rows]))
