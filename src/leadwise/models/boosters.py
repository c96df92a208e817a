"""What the algorithms made of LightGBM trees share: data sets, text form, and exact Shapley contributions.

Contributions are Lundberg and Lee's tree path-dependent Shapley values (Lundberg et al. 2020, algorithm 2), as LightGBM
computes them; they add up to the raw prediction.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from leadwise.domain.frame import Feature, Floats, Frame
from leadwise.models.algorithm import Explanation, threads_for

Parameters = dict[str, Any]

REPEATABLE: Parameters = {
    "deterministic": True,
    "force_row_wise": True,
    "verbosity": -1,
    "feature_pre_filter": False,
}
"""The same rows and seed give the same trees."""

CATEGORIES: Parameters = {
    "cat_smooth": 20.0,
    "cat_l2": 10.0,
    "max_cat_threshold": 32,
    "max_cat_to_onehot": 4,
    "min_data_per_group": 20,
}
"""Codes with many values are grouped with care, so that rare ones do not speak for themselves."""


def category_positions(features: Sequence[Feature]) -> list[int]:
    """Positions of the features whose numbers are codes."""
    return [index for index, feature in enumerate(features) if feature.is_category]


def _matrix(frame: Frame) -> Floats:
    """The frame's values; LightGBM needs one column at least."""
    return frame.values if frame.features else np.zeros((len(frame), 1))


def make_dataset(frame: Frame, target: Floats, parameters: Parameters) -> Any:
    """LightGBM's view of these rows."""
    import lightgbm  # noqa: PLC0415 - heavy libraries load when used

    return lightgbm.Dataset(
        _matrix(frame),
        label=target,
        params=parameters,
        categorical_feature=category_positions(frame.features),
        free_raw_data=False,
    )


def load_booster(content: bytes) -> Any:
    """The booster that `dump_booster` wrote.

    Raises:
        ValueError: if it is no model of LightGBM.
    """
    import lightgbm  # noqa: PLC0415

    try:
        return lightgbm.Booster(model_str=content.decode("utf-8"), params={"verbosity": -1})
    except (lightgbm.basic.LightGBMError, UnicodeDecodeError) as error:
        message = f"not a tree model: {error}"
        raise ValueError(message) from error


def dump_booster(booster: Any) -> bytes:
    """The trees as text."""
    return str(booster.model_to_string(num_iteration=-1)).encode("utf-8")


def predict_booster(booster: Any, frame: Frame) -> Floats:
    """Raw predictions, shape (rows,)."""
    raw = booster.predict(_matrix(frame), raw_score=True, num_threads=threads_for(frame.values))
    return np.asarray(raw, dtype=np.float64)


def explain_booster(booster: Any, frame: Frame) -> Explanation:
    """Shapley contributions to the raw predictions."""
    table = np.asarray(
        booster.predict(_matrix(frame), pred_contrib=True, num_threads=threads_for(frame.values)), dtype=np.float64
    )
    return Explanation(table[:, : len(frame.features)], float(table[0, -1]) if len(table) else 0.0)
