"""Which of very many features are worth a closer look: those that go furthest towards the target by themselves.

Source: Fan and Lv 2008, Sure independence screening.
"""

import numpy as np

from leadwise.domain.frame import Floats, Frame

MOST_FEATURES = 400
"""Linear models and networks gain nothing from more, and need minutes for them."""
MOST_FOR_TREES = 1_000


def strongest_features(frame: Frame, target: Floats, most: int = MOST_FEATURES) -> list[int]:
    """Positions, ascending, of at most so many features; all of them where there are no more.

    >>> from leadwise.domain.frame import Feature
    >>> values = np.column_stack([np.tile([0.0, 1.0], 10), np.arange(20.0)])
    >>> strongest_features(Frame((Feature("noise", "noise"), Feature("age", "age")), values), np.arange(20.0), most=1)
    [1]
    """
    if len(frame.features) <= most:
        return list(range(len(frame.features)))
    centred = target - target.mean()
    strength = np.array(
        [
            _of_category(frame.values[:, index], centred)
            if feature.is_category
            else _of_number(frame.values[:, index], centred)
            for index, feature in enumerate(frame.features)
        ]
    )
    return sorted(np.argsort(-strength, kind="stable")[:most].tolist())


def screened(frame: Frame, target: Floats) -> Frame:
    """The frame with all but the strongest features blanked, which trees pass over at no cost."""
    kept = strongest_features(frame, target, MOST_FOR_TREES)
    if len(kept) == len(frame.features):
        return frame
    values = np.full(frame.values.shape, np.nan)
    values[:, kept] = frame.values[:, kept]
    return Frame(frame.features, values)


def _of_number(values: Floats, centred: Floats) -> float:
    """The larger of two correlations with the target: of the number, and of whether it is given."""
    missing = np.isnan(values)
    if missing.all():
        return 0.0
    filled = np.where(missing, values[~missing].mean(), values)
    return max(_correlation(filled, centred), _correlation(missing.astype(np.float64), centred))


def _of_category(codes: Floats, centred: Floats) -> float:
    """How much of the target's variation lies between the codes, less what as many random groups would show."""
    group = np.where(np.isnan(codes), -1, codes).astype(np.int64) + 1
    counts = np.bincount(group)
    sums = np.bincount(group, weights=centred)
    between = float(np.sum(sums[counts > 0] ** 2 / counts[counts > 0]))
    total = float(centred @ centred)
    by_chance = (np.count_nonzero(counts) - 1) / max(len(codes) - 1, 1)
    return max(between / total - by_chance, 0.0) ** 0.5 if total else 0.0


def _correlation(values: Floats, centred: Floats) -> float:
    moved = values - values.mean()
    scale = float(np.sqrt((moved @ moved) * (centred @ centred)))
    return abs(float(moved @ centred)) / scale if scale else 0.0
