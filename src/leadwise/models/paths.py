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

from leadwise.models.algorithm import Explanation

Node = dict[str, Any]

NARROW = 64
"""Up to so many features, adding up whole rows of a dense table is quicker than picking the few entries that count."""


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
    def of(cls, booster: Any, features: int, given: Mapping[int, float] | None = None) -> Self:
        """The table of a LightGBM booster that was fitted on so many features.

        Args:
            booster: Its trees.
            features: How many features they know.
            given: Features, by position, whose number is the same in all rows: splits on them are decided beforehand,
                and credited to nobody.
        """
        from scipy.sparse import csr_matrix  # noqa: PLC0415 - heavy libraries load when used

        values: list[float] = []
        columns: list[int] = []
        row_starts, first_leaf, base = [0], [], 0.0
        for tree in booster.dump_model()["tree_info"]:
            first_leaf.append(len(row_starts) - 1)
            root = _decided(tree["tree_structure"], given) if given else tree["tree_structure"]
            base += _expected(root)
            leaves = dict(_leaf_credits(root, {}))
            for leaf in range(max(tree["num_leaves"], 1)):
                credited = leaves.get(leaf, {})  # no row reaches a leaf that was decided against
                columns += credited.keys()
                values += credited.values()
                row_starts.append(len(values))
        table = csr_matrix((values, columns, row_starts), shape=(len(row_starts) - 1, features))
        dense = table.toarray() if features <= NARROW else table
        return cls(dense, np.array(first_leaf, dtype=np.int32), base)

    def explain(self, leaves: NDArray[np.int32]) -> Explanation:
        """Contributions of rows.

        Args:
            leaves: The leaf that each row falls into, shape (rows, trees).
        """
        from scipy.sparse import csr_matrix  # noqa: PLC0415

        rows, trees = leaves.shape
        fallen = csr_matrix(
            (np.ones(rows * trees), (leaves + self.first_leaf).ravel(), np.arange(rows + 1) * trees),
            shape=(rows, self.credits.shape[0]),
        )
        total = fallen @ self.credits
        return Explanation(np.asarray(total if isinstance(total, np.ndarray) else total.toarray()), self.base)


def _leaf_credits(node: Node, credited: dict[int, float]) -> Iterator[tuple[int, dict[int, float]]]:
    """The credits of each leaf below a node, given those on the way to it. Trees are small: recursion is safe."""
    if "left_child" not in node:
        yield node.get("leaf_index", 0), credited
        return
    feature, here = node["split_feature"], _expected(node)
    for child in (node["left_child"], node["right_child"]):
        move = _expected(child) - here
        yield from _leaf_credits(child, {**credited, feature: credited.get(feature, 0.0) + move})


def _decided(node: Node, given: Mapping[int, float]) -> Node:
    """The tree below a node without splits on features whose numbers are given; those are ordered, and never NaN."""
    if "left_child" not in node:
        return node
    feature = node["split_feature"]
    if feature in given:
        side = "left_child" if given[feature] <= node["threshold"] else "right_child"
        return _decided(node[side], given)
    children = {side: _decided(node[side], given) for side in ("left_child", "right_child")}
    return {**node, **children}


def _expected(node: Node) -> float:
    """The mean of the leaves below a node, by their training rows; remembered in the node itself."""
    if "expected" not in node:
        if "left_child" in node:
            left, right = node["left_child"], node["right_child"]
            node["expected"] = (_expected(left) * _rows(left) + _expected(right) * _rows(right)) / (
                _rows(left) + _rows(right)
            )
        else:
            node["expected"] = node["leaf_value"]
    return float(node["expected"])


def _rows(node: Node) -> float:
    return float(node["internal_count"] if "left_child" in node else node["leaf_count"])


def mean_contributions(explanations: list[Explanation]) -> Explanation:
    """The mean of several explanations of the same rows."""
    contributions = np.mean([explanation.contributions for explanation in explanations], axis=0)
    return Explanation(np.asarray(contributions), float(np.mean([explanation.base for explanation in explanations])))
