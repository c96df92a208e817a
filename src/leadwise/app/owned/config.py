"""Preprocessing as callers of the prediction service write it, in the words of `domain.preprocessing`."""

from collections.abc import Mapping
from typing import Any

from leadwise.domain.preprocessing import read_preprocessing

OTHER_NAMES = {"scaling": "feature_scaling"}


def to_config(given: Mapping[str, Any]) -> dict[str, Any]:
    """The steps that are wanted, under the names that `read_preprocessing` knows.

    Raises:
        Invalid: if there are no such steps.

    >>> to_config({"missing_value_strategy": "mean", "scaling": "min_max", "feature_selection": "none"})
    {'missing_value_strategy': 'mean', 'feature_scaling': 'min_max'}
    """
    config = {OTHER_NAMES.get(name, name): value for name, value in given.items() if not _is_not_wanted(value)}
    return read_preprocessing(config).to_config()


def _is_not_wanted(value: object) -> bool:
    return value is None or value is False or (isinstance(value, str) and value.lower() in {"", "none"})
