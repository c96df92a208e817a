"""What each column does on a tree's way from root to leaf.

A row that falls into a leaf has passed some splits; each moved its expected value from that of the node before to that
of the node after, and the move is credited to the feature that split (Saabas 2014, "Interpreting random forests";
compared with Shapley values in Lundberg et al. 2020). The credits depend on the leaf alone, so they are worked out once
per leaf; a row's contributions are a sum over its leaves, and add up exactly.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Floats
from leadwise.models.algorithm import Explanation
from leadwise.models.trees import Nodes, Positions, Trees

NARROW = 64
"""Up to so many features, adding up whole rows of a dense table is quicker than picking the few entries that count."""
Step = tuple[Positions, Positions, Positions]
"""A leaf, a node on its way, and the node above that; of many leaves at once."""


@dataclass(frozen=True)
class PathTable:
    """Credits of every leaf of a booster.

    Args:
        credits: Shape (leaves of all trees, features); sparse where there are more than `NARROW` features.
        first_leaf: By tree, the row of its first leaf in `credits`.
        base: The sum of the trees' expected values.
    """

    credits: Any
    first_leaf: NDArray[np.int32]
    base: float

    @classmethod
    def of(cls, trees: Trees, features: int, given: Mapping[int, float] | None = None) -> Self:
        """The table of trees that were grown on so many features.

        Args:
            trees: What is explained.
            features: How many features they know.
            given: Features, by position, whose number is the same in all rows: splits on them are decided beforehand,
                and credited to nobody.
        """
        nodes = trees.nodes()
        steps = list(_climb(nodes))
        reached = _reached(nodes, steps, given or {})
        expected = _expected(nodes, steps, reached)
        leaf, below, above = (np.concatenate(each) for each in zip(*steps, strict=True))
        moves = np.where(reached[leaf], expected[below] - expected[above], 0.0)
        credited = _table((leaf, nodes.split_on[above]), moves, (len(nodes.values), features))
        return cls(credited, nodes.first_leaf.astype(np.int32), float(expected[_roots(nodes)].sum()))

    def of_tree(self, tree: int) -> Floats:
        """The credits of one tree's leaves, shape (leaves, features)."""
        end = self.first_leaf[tree + 1] if tree + 1 < len(self.first_leaf) else self.credits.shape[0]
        found = self.credits[self.first_leaf[tree] : end]
        return np.asarray(found if isinstance(found, np.ndarray) else found.toarray())

    def explain(self, leaves: NDArray[np.int32]) -> Explanation:
        """Contributions of rows.

        Args:
            leaves: The leaf that each row falls into, shape (rows, trees).
        """
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy libraries load when used

        rows, trees = leaves.shape
        fallen = csr_matrix(
            (np.ones(rows * trees), (leaves + self.first_leaf).ravel(), np.arange(rows + 1) * trees),
            shape=(rows, self.credits.shape[0]),
        )
        total = fallen @ self.credits
        return Explanation(np.asarray(total if isinstance(total, np.ndarray) else total.toarray()), self.base)


def _climb(nodes: Nodes) -> Iterator[Step]:
    """From every leaf up to the root of its tree, all leaves one step at a time; the last step has none left."""
    splits, leaves = len(nodes.split_on), len(nodes.values)
    parent = np.full(splits + leaves, -1)
    parent[nodes.left] = parent[nodes.right] = np.arange(splits)
    leaf, node = np.arange(leaves), splits + np.arange(leaves)
    while True:
        is_below = parent[node] >= 0
        leaf, node = leaf[is_below], node[is_below]
        yield leaf, node, parent[node]
        if not len(leaf):
            return
        node = parent[node]


def _reached(nodes: Nodes, steps: list[Step], given: Mapping[int, float]) -> NDArray[np.bool_]:
    """By leaf, whether a row can fall into it. Numbers that are given are ordered, and never NaN."""
    reached = np.ones(len(nodes.values), dtype=np.bool_)
    for feature, number in given.items():
        way = np.where(number <= nodes.threshold, nodes.left, nodes.right)
        for leaf, below, above in steps:
            reached[leaf[(nodes.split_on[above] == feature) & (way[above] != below)]] = False
    return reached


def _expected(nodes: Nodes, steps: list[Step], reached: NDArray[np.bool_]) -> Floats:
    """By node, the mean of the leaves below it that can be reached, by their training rows."""
    count = len(nodes.split_on) + len(nodes.values)
    # A tree of one leaf has no rows where nothing could be learnt.
    rows = np.where(reached, np.maximum(nodes.rows, 1), 0)
    total, below = np.zeros(count), np.zeros(count)
    for leaf, _, above in steps:
        total += np.bincount(above, (rows * nodes.values)[leaf], minlength=count)
        below += np.bincount(above, rows[leaf], minlength=count)
    expected = np.divide(total, below, out=np.zeros(count), where=below > 0)
    expected[len(nodes.split_on) :] = nodes.values
    return expected


def _roots(nodes: Nodes) -> Positions:
    """The first node of each tree: its first split, or its only leaf."""
    leaves = np.diff(nodes.first_leaf, append=len(nodes.values))
    first_split = nodes.first_leaf - np.arange(len(leaves))
    return np.where(leaves > 1, first_split, len(nodes.split_on) + nodes.first_leaf)


def _table(places: tuple[Positions, Positions], moves: Floats, shape: tuple[int, int]) -> Any:
    """What was moved, summed by leaf and feature."""
    if shape[1] <= NARROW:
        dense = np.zeros(shape)
        np.add.at(dense, places, moves)
        return dense
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy libraries load when used

    return csr_matrix((moves, places), shape=shape)


def mean_contributions(explanations: list[Explanation]) -> Explanation:
    """The mean of several explanations of the same rows."""
    contributions = np.mean([explanation.contributions for explanation in explanations], axis=0)
    return Explanation(np.asarray(contributions), float(np.mean([explanation.base for explanation in explanations])))
