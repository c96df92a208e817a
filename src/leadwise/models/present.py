"""Trees as of now: a booster that learnt how things change, with the moment set to the present.

Trees may split on the moment that a row is of. Whoever scores, scores at the newest moment there is, so each of those
splits has one way left: it is taken out, and what remains knows nothing of time. Predictions, leaves and contributions
are those of smaller trees.
"""

import re
from collections.abc import Iterator, Mapping

import numpy as np

from leadwise.domain.frame import Feature, Frame

NEWEST = 1.0
"""The moment of the newest row; that of the oldest is 0."""
_TREE = re.compile(r"^Tree=\d+\n.*?(?=^Tree=|^end of trees)", re.MULTILINE | re.DOTALL)
_OF_NODES = ("split_feature", "split_gain", "threshold", "decision_type", "left_child", "right_child")
_OF_LEAVES = ("leaf_value", "leaf_weight", "leaf_count")
Values = Mapping[str, list[str]]


def with_moment(frame: Frame) -> Frame:
    """The frame, whose rows are in time order, with one more feature, the last: the moment of each row.

    >>> with_moment(Frame((Feature("visits", "visits"),), np.array([[3.0], [0.0], [9.0]]))).values.tolist()
    [[3.0, 0.0], [0.0, 0.5], [9.0, 1.0]]
    """
    moment = np.linspace(0.0, NEWEST, len(frame))
    return Frame((*frame.features, Feature("", "")), np.column_stack([frame.values, moment]))


def at_present(model: str) -> str:
    """The text of a LightGBM model without its last feature, which is `NEWEST` in all rows to come.

    Source: the text format of LightGBM 4, `Tree::ToString` and `GBDT::SaveModelToString`.

    Raises:
        ValueError: if it is no such text.
    """
    header, trees = model[: model.index("tree_sizes=")], _TREE.findall(model)
    moment = int(header.partition("max_feature_idx=")[2].split("\n", 1)[0])
    header = header.replace(f"max_feature_idx={moment}\n", f"max_feature_idx={moment - 1}\n")
    header = re.sub(r"^(feature_names|feature_infos)=(.*) \S+$", r"\1=\2", header, flags=re.MULTILINE)
    pruned = [_prune(tree, moment) for tree in trees]
    sizes = " ".join(str(len(tree)) for tree in pruned)
    return f"{header}tree_sizes={sizes}\n\n{''.join(pruned)}{model[model.index('end of trees') :]}"


def _prune(tree: str, moment: int) -> str:
    """One tree's text without its splits on the moment. Nodes are counted from 0, leaves from -1 downwards."""
    lines = dict(line.split("=", 1) for line in tree.split("\n") if "=" in line)
    values = {name: text.split() for name, text in lines.items()}
    if str(moment) not in values["split_feature"]:
        return tree
    nodes = list(_kept(values, str(moment), _take_only_way(values, str(moment), 0)))
    inner, leaves = [node for node in nodes if node >= 0], [node for node in nodes if node < 0]
    place = {node: position for position, node in enumerate(inner)} | {
        leaf: -1 - position for position, leaf in enumerate(leaves)
    }
    kept = {name: [values[name][node] for node in inner] for name in _OF_NODES}
    for side in ("left_child", "right_child"):
        kept[side] = [str(place[_take_only_way(values, str(moment), int(child))]) for child in kept[side]]
    kept |= {name: [values[name][-1 - leaf] for leaf in leaves] for name in _OF_LEAVES if values[name]}
    kept |= _sums(kept)
    lines |= {name: " ".join(found) for name, found in kept.items()} | {"num_leaves": str(len(leaves))}
    return "\n".join(f"{name}={text}" for name, text in lines.items()) + "\n\n\n"


def _take_only_way(values: Values, moment: str, node: int) -> int:
    """The node, or what stands in its place: the first below it that does not split on the moment."""
    while node >= 0 and values["split_feature"][node] == moment:
        newest_is_left = float(values["threshold"][node]) >= NEWEST
        node = int(values["left_child" if newest_is_left else "right_child"][node])
    return node


def _kept(values: Values, moment: str, node: int) -> Iterator[int]:
    """The node and all below it that stay, each before those below it. Trees are small: recursion is safe."""
    yield node
    if node >= 0:
        for side in ("left_child", "right_child"):
            yield from _kept(values, moment, _take_only_way(values, moment, int(values[side][node])))


def _sums(tree: Values) -> Values:
    """Of each node that is left: rows, weight and mean value of the leaves that are left below it."""
    counts = [float(count) for count in tree["leaf_count"]]
    sums = np.array([counts, tree.get("leaf_weight", counts), np.multiply(counts, np.array(tree["leaf_value"], float))])
    sums = sums.astype(np.float64)
    below: dict[int, np.ndarray[tuple[int], np.dtype[np.float64]]] = {
        -1 - leaf: sums[:, leaf] for leaf in range(len(counts))
    }
    for node in reversed(range(len(tree["left_child"]))):
        below[node] = below[int(tree["left_child"][node])] + below[int(tree["right_child"][node])]
    found = [below[node] for node in range(len(tree["left_child"]))]
    return {
        "internal_value": [repr(float(total / max(rows, 1))) for rows, _, total in found],
        "internal_weight": [repr(float(weight)) for _, weight, _ in found],
        "internal_count": [str(int(rows)) for rows, _, _ in found],
    }
