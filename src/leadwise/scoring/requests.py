"""Predictions for features that callers give: one row, or the group that came in together."""

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol, cast

import numpy as np
import orjson

from leadwise.domain.card import ModelCard, Task
from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats, Frame
from leadwise.domain.prediction import Contribution, Prediction
from leadwise.features.row_encoding import RowEncoder, is_absent
from leadwise.models.algorithm import Explanation
from leadwise.models.margins import sigmoid
from leadwise.training.fitted_model import FittedModel

Row = Mapping[str, object]
TRIED_ROWS, TRIALS = 16, 3
"""How it is found out from how many rows on one pass over all of them is quicker than a pass for each."""
LARGEST = 2**53
_NUMBERS = frozenset({int, float})
_LABELS = frozenset({ColumnKind.CATEGORY, ColumnKind.BOOLEAN})


class RequestScorer(Protocol):
    """What answers requests: a model, or rules. Safe to share between threads."""

    @property
    def version(self) -> str:
        """What its predictions name as their model."""

    def predict(self, rows: Sequence[Row], as_of: datetime) -> list[Prediction]:
        """A prediction for each row."""


class ModelScorer:
    """Answers requests by a model.

    A value that the model cannot read counts as not given, as in a table.
    """

    def __init__(self, model: FittedModel) -> None:
        self.model = model
        self._encoder = RowEncoder(model.columns)
        self._features = model.features
        self._names = [column.name for column in model.columns]
        self._known = frozenset(self._names)
        self._columns = model.columns
        self._version = model.card.model_version
        self._conversion = model.card.task is Task.CONVERSION
        self._steps = _steps(model.card)
        self._group = self._find_group()

    @property
    def version(self) -> str:
        """The model's version."""
        return self._version

    def predict(self, rows: Sequence[Row], as_of: datetime) -> list[Prediction]:
        """A prediction for each row; base and contributions add up to its log-odds, or value."""
        if not rows:
            return []
        values = np.array([self._encoder.encode(row) for row in rows])
        explanation = self._explain(values)
        contributions = explanation.contributions
        margins = explanation.base + contributions.sum(axis=1)
        scores = sigmoid(margins) if self._conversion else self.model.amounts(margins)
        low, high = (each.tolist() for each in self._intervals(margins))
        orders = np.argsort(-np.abs(contributions), axis=1, kind="stable").tolist()
        parts = zip(rows, scores.tolist(), low, high, contributions.tolist(), orders, strict=True)
        return [self._prediction(as_of, explanation.base, *part) for part in parts]

    def _explain(self, values: Floats) -> Explanation:
        if len(values) >= self._group:
            return self.model.explain(Frame(self._features, values))
        each = [self._explain_row(row) for row in values]
        return Explanation(np.concatenate([found.contributions for found in each]), each[0].base)

    def _explain_row(self, values: Floats) -> Explanation:
        return self.model.explain_row(Frame(self._features, values[None]))

    def _find_group(self) -> int:
        """From how many rows on they are explained together: trees take long to begin, linear models do not."""
        rows = np.full((TRIED_ROWS, len(self._features)), np.nan)
        together = _seconds(lambda: self.model.explain(Frame(self._features, rows)))
        alone = _seconds(lambda: self._explain_row(rows[0]))
        return max(2, math.ceil(together / alone))

    def _intervals(self, margins: Floats) -> tuple[Floats, Floats]:
        intervals = self.model.score_intervals or self.model.intervals
        if intervals is None:
            unknown = np.full(len(margins), np.nan)
            return unknown, unknown
        return intervals.around(margins)

    def _prediction(
        self,
        as_of: datetime,
        base: float,
        row: Row,
        score: float,
        low: float,
        high: float,
        parts: list[float],
        order: list[int],
    ) -> Prediction:
        conversion = self._conversion
        _, grade, action = next((step for step in self._steps if score >= step[0]), self._steps[-1])
        ends = _known(low), _known(high)
        names, columns = self._names, self._columns
        return Prediction(
            task=self.model.card.task,
            as_of=as_of,
            model_version=self._version,
            by_rules=False,
            probability=score if conversion else None,
            probability_low=ends[0] if conversion else None,
            probability_high=ends[1] if conversion else None,
            value=None if conversion else score,
            value_low=None if conversion else ends[0],
            value_high=None if conversion else ends[1],
            grade=grade,
            action=action,
            base=base,
            contributions=tuple(
                [
                    Contribution(names[at], shown(row.get(names[at]), columns[at]), parts[at])
                    for at in order
                    if parts[at]
                ]
            ),
            missing=tuple([name for name in names if is_absent(row.get(name))]),
            unknown=() if self._known.issuperset(row) else tuple([name for name in row if name not in self._known]),
            inputs=fingerprint(row),
        )


def shown(value: object, column: Column) -> float | bool | str | None:
    """What may stand in the ledger of a value: a number, yes or no, a label that the model knows; never who it is of.

    >>> mail = Column(name="Mail", kind=ColumnKind.ID)
    >>> shown("anna@example.com", mail), shown(3, mail)
    (None, 3)
    """
    if value is None or type(value) is bool:
        return value
    if type(value) in _NUMBERS:
        number = cast("float", value)
        return number if -LARGEST < number < LARGEST else None  # neither is true of not a number
    if isinstance(value, str) and column.kind in _LABELS and value in column.levels:
        return value
    return None


def fingerprint(row: Row) -> str:
    """Sixteen hexadecimal digits that stand for what went in: equal for equal rows, whatever the order of names.

    >>> fingerprint({"a": 1, "b": "x"}) == fingerprint({"b": "x", "a": 1})
    True
    >>> fingerprint({"a": 1}) == fingerprint({"a": 2})
    False
    """
    try:
        written = orjson.dumps(row, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except orjson.JSONEncodeError:  # a whole number of more than 64 bits, half of a surrogate pair
        written = repr(sorted(row.items(), key=repr)).encode("utf-8", "backslashreplace")
    return hashlib.blake2b(written, digest_size=8).hexdigest()


def _steps(card: ModelCard) -> list[tuple[float, str | None, str]]:
    """From which score on which grade is given (none to amounts), and what to do; the highest first."""
    if card.task is Task.CONVERSION:
        return [(grade.minimum_probability, grade.grade, grade.action) for grade in card.grades]
    return [(band.minimum_value, None, band.action) for band in card.value_bands]


def _seconds(work: Callable[[], object]) -> float:
    """The quickest of a few runs."""
    work()  # the first one reads what the others have
    found = []
    for _ in range(TRIALS):
        started = time.perf_counter()
        work()
        found.append(time.perf_counter() - started)
    return min(found)


def _known(number: float) -> float | None:
    return None if math.isnan(number) else float(number)
