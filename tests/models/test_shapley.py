"""Exact contributions are Shapley values: checked against a reference that looks at every coalition."""

from collections.abc import Callable
from itertools import combinations
from math import factorial

import lightgbm
import numpy as np
import pytest

from leadwise.domain.card import Task
from leadwise.domain.frame import Feature, FeatureKind, Frame
from leadwise.models import shapley
from leadwise.models.ensemble import Ensemble, Member
from leadwise.models.gradient_boosting import GradientBoosting
from leadwise.models.logistic_regression import LogisticRegression
from leadwise.models.margins import sigmoid
from leadwise.models.neural_network import NeuralNetwork
from leadwise.models.random_forest import RandomForest
from leadwise.models.shapley import shapley_values

FEATURES = (
    Feature("Visits", "Visits"),
    Feature("Source", "Source", FeatureKind.CATEGORY, tuple("abcdefgh")),
    Feature("Budget", "Budget"),
    Feature("Noise", "Noise"),
)
Worth = Callable[[frozenset[int]], float]


def make_frame(rows: int, seed: int) -> Frame:
    random = np.random.default_rng(seed)
    values = np.column_stack(
        [
            random.poisson(4, rows).astype(float),
            random.integers(0, 8, rows).astype(float),
            random.lognormal(3, 1, rows),
            random.normal(size=rows),
        ]
    )
    values[random.random(rows) < 0.2, 2] = np.nan
    values[random.random(rows) < 0.1, 1] = np.nan
    return Frame(FEATURES, values)


def make_target(frame: Frame) -> np.ndarray:
    visits, source, budget, _ = frame.values.T
    signal = 0.4 * (visits - 4) + (source < 3) * np.where(np.isnan(budget), -1.0, 1.5) - 0.3 * (visits > 5) * source
    return (np.random.default_rng(1).random(len(frame)) < sigmoid(np.nan_to_num(signal))).astype(float)


TRAIN, NEW = make_frame(600, seed=0), make_frame(8, seed=5)


def by_definition(worth: Worth, players: int) -> np.ndarray:
    """Shapley 1953, equation 13: every coalition that a player may join, by its weight."""
    values = np.zeros(players)
    for player in range(players):
        others = [other for other in range(players) if other != player]
        for size in range(players):
            weight = factorial(size) * factorial(players - size - 1) / factorial(players)
            for chosen in combinations(others, size):
                known = frozenset(chosen)
                values[player] += weight * (worth(known | {player}) - worth(known))
    return values


def rows_below(node: dict) -> int:
    return node["internal_count"] if "left_child" in node else node["leaf_count"]


def goes_left(node: dict, value: float) -> bool:
    """LightGBM's own rule for one split."""
    if node["decision_type"] == "==":
        return not np.isnan(value) and str(int(value)) in node["threshold"].split("||")
    if np.isnan(value):
        if node["missing_type"] == "NaN":
            return node["default_left"]
        value = 0.0
    return value <= node["threshold"]


def expected(node: dict, row: np.ndarray, known: frozenset[int]) -> float:
    """What a tree expects of a row of which some features are known: both ways where the split's is not."""
    if "left_child" not in node:
        return node["leaf_value"]
    left, right = node["left_child"], node["right_child"]
    if node["split_feature"] in known:
        return expected(left if goes_left(node, row[node["split_feature"]]) else right, row, known)
    share = rows_below(left) / rows_below(node)
    return share * expected(left, row, known) + (1 - share) * expected(right, row, known)


def of_boosters(boosters: list, row: np.ndarray) -> np.ndarray:
    """Shapley values of the mean of the boosters."""
    dumped = [lightgbm.Booster(model_str=booster.trees.text).dump_model()["tree_info"] for booster in boosters]
    trees = [tree["tree_structure"] for each in dumped for tree in each]

    def worth(known: frozenset[int]) -> float:
        return sum(expected(tree, row, known) for tree in trees) / len(boosters)

    return by_definition(worth, len(row))


@pytest.fixture(scope="module")
def boosting() -> GradientBoosting:
    return GradientBoosting(Task.CONVERSION).fit(TRAIN, make_target(TRAIN), seed=1)


def test_boosting_gives_those_of_the_trees(boosting):
    reference = np.array([of_boosters(boosting.boosters, row) for row in NEW.values])
    np.testing.assert_allclose(boosting.explain_exactly(NEW).contributions, reference, atol=1e-9)
    assert np.abs(boosting.explain(NEW).contributions - reference).max() > 0.01


def test_a_forest_gives_those_of_its_share_in_proportion():
    forest = RandomForest(Task.CONVERSION).fit(TRAIN, make_target(TRAIN), seed=1)
    rows = NEW.take(slice(0, 2))
    reference = np.array([of_boosters([forest.booster], row) for row in rows.values])
    explanation = forest.explain_exactly(rows)
    total = explanation.contributions.sum(axis=1, keepdims=True)
    shares = explanation.contributions / total
    np.testing.assert_allclose(shares, reference / reference.sum(axis=1, keepdims=True), atol=1e-9)
    np.testing.assert_allclose(explanation.base + total[:, 0], forest.predict(rows), atol=1e-9)


def of_network(network: NeuralNetwork, frame: Frame, row: int) -> np.ndarray:
    """Against the average row: the design matrix with the columns of unknown features at 0, their mean."""
    columns, owner = network.matrix.transform(frame)[row], np.array(network.matrix.owner)

    def worth(known: frozenset[int]) -> float:
        masked = np.where(np.isin(owner, list(known)), columns, 0.0)[None]
        mean = np.mean([part.predict(masked)[0] for part in network.networks])
        return network.scale[0] + network.scale[1] * float(mean)

    return by_definition(worth, len(frame.features))


@pytest.mark.parametrize("task", list(Task))
def test_a_network_gives_those_against_the_average_row(task):
    target = make_target(TRAIN) * (1000.0 if task is Task.VALUE else 1.0)
    network = NeuralNetwork(task).fit(TRAIN, target, seed=1)
    reference = np.array([of_network(network, NEW, row) for row in range(len(NEW))])
    explanation = network.explain_exactly(NEW)
    np.testing.assert_allclose(explanation.contributions, reference, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(explanation.base + reference.sum(axis=1), network.predict(NEW), rtol=1e-9)


def test_a_linear_model_gives_them_every_day():
    linear = LogisticRegression(Task.CONVERSION).fit(TRAIN, make_target(TRAIN), seed=1)
    columns, owner = linear.matrix.transform(NEW), np.array(linear.matrix.owner)
    for row, contributions in enumerate(linear.explain(NEW).contributions):
        game = lambda known, row=row: float((columns[row] * linear.weights)[np.isin(owner, list(known))].sum())  # noqa: E731
        np.testing.assert_allclose(contributions, by_definition(game, len(FEATURES)), atol=1e-9)


def test_an_ensemble_gives_the_weighted_sum_of_its_members(boosting):
    network = NeuralNetwork(Task.CONVERSION).fit(TRAIN, make_target(TRAIN), seed=1)
    linear = LogisticRegression(Task.CONVERSION).fit(TRAIN, make_target(TRAIN), seed=1)
    members = [linear, boosting, network]
    recipe = [Member(model.name, weight, slope=1.2) for model, weight in zip(members, (0.2, 0.5, 0.3), strict=True)]
    ensemble = Ensemble(Task.CONVERSION, recipe).with_models(members)
    parts = [member.explain_exactly(NEW).contributions for member in members]
    expected_sum = 1.2 * (0.2 * parts[0] + 0.5 * parts[1] + 0.3 * parts[2])
    explanation = ensemble.explain_exactly(NEW)
    np.testing.assert_allclose(explanation.contributions, expected_sum, atol=1e-12)
    np.testing.assert_allclose(
        explanation.base + explanation.contributions.sum(axis=1), ensemble.predict(NEW), atol=1e-9
    )


def random_game(players: int) -> shapley.Game:
    """A unit of a network: what it passes on of the players' pushes."""
    pushes = np.random.default_rng(players).normal(size=players)
    return lambda known: np.maximum(known @ pushes - 0.5, 0.0)


@pytest.mark.parametrize("players", [0, 1, 2, 5, 8])
def test_few_players_are_enumerated(players):
    game = random_game(players)
    reference = by_definition(lambda known: float(game(np.isin(np.arange(players), list(known)))), players)
    np.testing.assert_allclose(shapley_values(game, players), reference, atol=1e-12)


def test_many_players_are_drawn_within_the_tolerance_and_add_up_exactly(monkeypatch):
    game = random_game(10)
    exact = shapley_values(game, 10)
    monkeypatch.setattr(shapley, "MOST_ENUMERATED", 0)
    drawn = shapley_values(game, 10)
    assert 0 < np.abs(drawn - exact).max() < 4 * shapley.TOLERANCE
    assert abs(drawn.sum() - exact.sum()) < 1e-12
    np.testing.assert_array_equal(drawn, shapley_values(game, 10))
