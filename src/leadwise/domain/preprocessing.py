"""Preprocessing that users ask for by name: which steps are wanted, not yet what they learnt."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from leadwise.domain.choices import read_choice
from leadwise.domain.errors import Invalid

DEFAULT_FEATURES = 10
"""So many features a selection keeps unless told otherwise."""


class MissingValues(StrEnum):
    """What stands in for a value that is not given. A category has no mean: its most frequent value stands in."""

    MEAN = "mean"
    MEDIAN = "median"
    MOST_FREQUENT = "most_frequent"
    CONSTANT = "constant"


class Encoding(StrEnum):
    """How a category becomes numbers: one yes or no for each frequent value, or its rank by frequency."""

    ONE_HOT = "one_hot"
    LABEL = "label"


class Scaling(StrEnum):
    """How numbers are scaled: to mean 0 and deviation 1, or to 0 up to 1."""

    STANDARD = "standard"
    MIN_MAX = "min_max"


class Selection(StrEnum):
    """How the features that go furthest towards the outcome by themselves are found."""

    K_BEST = "k_best"
    MUTUAL_INFORMATION = "mutual_information"


class Derivation(StrEnum):
    """What further features are made of those that there are."""

    TIME = "time"
    INTERACTIONS = "interactions"
    LOG = "log"


class UnknownPreprocessingError(Invalid):
    """There is no option of that name."""

    code = "unknown_preprocessing"

    def __init__(self, name: str, known: list[str]) -> None:
        self.name, self.known = name, known
        super().__init__(f"There is no preprocessing option {name!r}; the options are {', '.join(known)}.")


class PreprocessingConflictError(Invalid):
    """An option was given without the one that it belongs to, or with a value that means nothing."""

    code = "preprocessing_conflict"

    def __init__(self, option: str, given: object, expected: str) -> None:
        self.option, self.given = option, given
        super().__init__(f"{option} is {given!r}, but {expected}.")


@dataclass(frozen=True)
class Preprocessing:
    """Which steps are wanted; without any, each algorithm prepares its features by itself.

    Steps follow each other in this order: time and log features, missing values, scaling, encoding (so that
    a yes or no stays 1 or 0), interactions, selection.

    Args:
        missing_value_strategy: What stands in for values that are not given.
        fill_value: The constant, where that is the strategy. A number stands in for numbers and categories, a text for
            categories, and then 0 for numbers. None: 0, and "not given" for categories.
        categorical_encoding: How categories become numbers.
        feature_scaling: How numbers are scaled.
        feature_selection: How features are chosen.
        selected_features: How many of them; None: ten.
        feature_engineering: What further features are made.

    Raises:
        PreprocessingConflictError: if an option lacks the one that it belongs to.

    >>> Preprocessing(fill_value=3.0)
    Traceback (most recent call last):
    leadwise.domain.preprocessing.PreprocessingConflictError: fill_value is 3.0, but it needs
    missing_value_strategy constant.
    """

    missing_value_strategy: MissingValues | None = None
    fill_value: float | str | None = None
    categorical_encoding: Encoding | None = None
    feature_scaling: Scaling | None = None
    feature_selection: Selection | None = None
    selected_features: int | None = None
    feature_engineering: tuple[Derivation, ...] = ()

    def __post_init__(self) -> None:
        if self.fill_value is not None and self.missing_value_strategy is not MissingValues.CONSTANT:
            raise PreprocessingConflictError("fill_value", self.fill_value, "it needs missing_value_strategy constant")
        if self.selected_features is None:
            return
        option = "selected_features (--select-features)"
        if self.feature_selection is None:
            expected = "nothing selects features; add feature_selection (--select) k-best or mutual-information"
            raise PreprocessingConflictError(option, self.selected_features, expected)
        if self.selected_features < 1:
            raise PreprocessingConflictError(option, self.selected_features, "at least 1 must be kept")

    def __bool__(self) -> bool:
        """Whether any step is wanted."""
        return self != Preprocessing()

    def to_config(self) -> dict[str, Any]:
        """What was asked for, as plain values; `read_preprocessing` reads it."""
        wanted = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        return {name: _plain(value) for name, value in wanted.items()}

    def in_words(self) -> str:
        """What is done, as people read it.

        >>> Preprocessing(MissingValues.CONSTANT, 3.0, feature_engineering=(Derivation.LOG, Derivation.TIME)).in_words()
        'missing value strategy constant, fill value 3.0, feature engineering log and time'
        """
        config = self.to_config()
        told = {name: " and ".join(value) if isinstance(value, list) else value for name, value in config.items()}
        return ", ".join(f"{name} {value}".replace("_", " ") for name, value in told.items())


_CHOICES: Mapping[str, tuple[type[StrEnum], str]] = {
    "missing_value_strategy": (MissingValues, "--missing"),
    "categorical_encoding": (Encoding, "--encoding"),
    "feature_scaling": (Scaling, "--scaling"),
    "feature_selection": (Selection, "--select"),
    "feature_engineering": (Derivation, "--derive"),
}


def read_preprocessing(config: Mapping[str, Any]) -> Preprocessing:
    """The preprocessing that options by name ask for; None and nothing mean that a step is not wanted.

    Raises:
        UnknownPreprocessingError, UnknownChoiceError, PreprocessingConflictError: if they ask for what there is not.

    >>> read_preprocessing({"missing_value_strategy": "mean", "categorical_encoding": "one-hot"}).to_config()
    {'missing_value_strategy': 'mean', 'categorical_encoding': 'one_hot'}
    >>> read_preprocessing({"missing_value_strategy": "guess"})
    Traceback (most recent call last):
    leadwise.domain.choices.UnknownChoiceError: missing_value_strategy (--missing) should be one of mean, median,
    most-frequent, constant, but is 'guess'; name one of them.
    """
    known = [field.name for field in fields(Preprocessing)]
    unknown = next((name for name in config if name not in known), None)
    if unknown is not None:
        raise UnknownPreprocessingError(unknown, known)
    given = {name: value for name, value in config.items() if value is not None}
    return Preprocessing(**{name: _read_option(name, value) for name, value in given.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _read_option(name: str, value: Any) -> Any:
    if name == "selected_features" and (isinstance(value, bool) or not isinstance(value, int)):
        raise PreprocessingConflictError(name, value, "it should be a whole number")
    if name == "fill_value" and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise PreprocessingConflictError(name, value, "it should be a number or a text")
    if name not in _CHOICES:
        return value
    kind, option = _CHOICES[name]
    if name != "feature_engineering":
        return read_choice(kind, str(value), f"{name} ({option})")
    names = [value] if isinstance(value, str) else list(value)
    return tuple(dict.fromkeys(read_choice(kind, str(each), f"{name} ({option})") for each in names))
