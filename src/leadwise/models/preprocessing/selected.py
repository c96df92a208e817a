"""The features that go furthest towards the outcome by themselves."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.domain.preprocessing import DEFAULT_FEATURES, Preprocessing, Selection
from leadwise.models.preprocessing.step import Parents, Step
from leadwise.models.screening import strongest_features

BINS = 10


@dataclass(frozen=True)
class Selected(Step):
    """The features at these positions, in their order; all others are left out."""

    kept: tuple[int, ...]

    @classmethod
    def fit(cls, frame: Frame, target: Floats, wanted: Preprocessing) -> Self:
        """Choose: by correlation (of categories: by the variation between their values), or by mutual information."""
        most = wanted.selected_features or DEFAULT_FEATURES
        if wanted.feature_selection is Selection.K_BEST:
            return cls(tuple(strongest_features(frame, target, most)))
        outcome = _bins(target)
        told = [mutual_information(_codes(feature, column), outcome) for feature, column in _columns(frame)]
        return cls(tuple(sorted(np.argsort(-np.array(told), kind="stable")[:most].tolist())))

    def transform(self, frame: Frame) -> Frame:
        """The frame of the chosen features."""
        return Frame(tuple(frame.features[index] for index in self.kept), frame.values[:, list(self.kept)])

    def parents(self, features: Sequence[Feature]) -> Parents:
        """Each is what it was."""
        del features
        return [(index,) for index in self.kept]


def mutual_information(first: NDArray[np.int64], second: NDArray[np.int64]) -> float:
    """How many nats one variable tells of the other, less what as many random codes would seem to tell.

    Source: Cover and Thomas 2006, equation 2.28; the bias is that of Miller 1955.

    >>> same, other = np.tile([0, 1], 500), np.repeat([0, 1], 500)
    >>> round(mutual_information(same, same), 2), round(mutual_information(same, other), 2)
    (0.69, -0.0)
    """
    rows = len(first)
    _, first = np.unique(first, return_inverse=True)
    _, second = np.unique(second, return_inverse=True)
    joint = np.bincount(first * (second.max() + 1) + second).astype(np.float64)
    joint = np.append(joint, np.zeros(-len(joint) % (second.max() + 1))).reshape(-1, second.max() + 1) / rows
    by_chance = joint.sum(axis=1, keepdims=True) @ joint.sum(axis=0, keepdims=True)
    seen = joint > 0
    found = float((joint[seen] * np.log(joint[seen] / by_chance[seen])).sum())
    return found - float((joint.shape[0] - 1) * (joint.shape[1] - 1)) / (2 * rows)


def _columns(frame: Frame) -> list[tuple[Feature, Floats]]:
    return list(zip(frame.features, frame.values.T, strict=True))


def _codes(feature: Feature, values: Floats) -> NDArray[np.int64]:
    """A code for each row: the category's own, or the number's tenth; -1 where it is not given."""
    codes = values if feature.is_category else _bins(values)
    return np.where(np.isnan(values), -1, codes).astype(np.int64)


def _bins(values: Floats) -> NDArray[np.int64]:
    """In which tenth each number lies; the numbers themselves where there are few."""
    given = values[~np.isnan(values)]
    distinct = np.unique(given)
    edges = distinct[1:] if len(distinct) <= BINS else np.unique(np.quantile(given, np.arange(1, BINS) / BINS))
    return np.asarray(np.searchsorted(edges, values, side="right"), dtype=np.int64)
