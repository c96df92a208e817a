"""Predictions for features that callers give: one row, or the group that came in together."""

import hashlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import orjson

from leadwise.domain.card import ModelCard, Task
from leadwise.domain.column import Column, ColumnKind
from leadwise.domain.frame import Floats, Frame
from leadwise.domain.prediction import Contribution, Prediction
from leadwise.features.row_encoding import LARGEST_EXACT, GivenColumn, RowEncoder, is_absent
from leadwise.models.algorithm import Explanation
from leadwise.models.margins import sigmoid
from leadwise.training.fitted_model import FittedModel

Row = Mapping[str, object]
TRIED_ROWS, TRIALS = 16, 3
"""How it is found out from how many rows on one pass over all of them is quicker than a pass for each."""
Scored = tuple[float | None, float | None, float | None]
"""A score, and the ends of its interval."""
_NOTHING: Scored = (None, None, None)
_NUMBERS = frozenset({int, float})
_LABELS = frozenset({ColumnKind.CATEGORY, ColumnKind.BOOLEAN})


class Step(NamedTuple):
    """What a score means that reaches a minimum: a grade (amounts have none), and what to do next."""

    minimum: float
    grade: str | None
    action: str


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
        self._task = model.card.task
        self._conversion = self._task is Task.CONVERSION
        self._steps = _steps(model.card)
        self._explain_row(np.full(len(self._features), np.nan))  # the first row reads what others have

    @property
    def version(self) -> str:
        """The model's version."""
        return self._version

    def predict(self, rows: Sequence[Row], as_of: datetime) -> list[Prediction]:
        """A prediction for each row; base and contributions add up to its log-odds, or value."""
        if not rows:
            return []
        values, given = self._encoder.encode_rows(rows)
        explanation = self._explain(values)
        contributions = explanation.contributions
        margins = explanation.margins
        scores = sigmoid(margins) if self._conversion else self.model.amounts(margins)
        scored = zip(scores.tolist(), *self._intervals(margins), strict=True)
        reasons, missing = self._reasons(contributions, given), self._missing(given, len(rows))
        parts = zip(rows, scored, self._advice(scores), reasons, missing, strict=True)
        return [self._prediction(as_of, explanation.base, *part) for part in parts]

    def _advice(self, scores: Floats) -> list[Step]:
        """By row, what its score means."""
        reached = np.searchsorted([step.minimum for step in self._steps[1:]], scores, side="right")
        return [self._steps[step] for step in reached.tolist()]

    def _reasons(self, contributions: Floats, given: Sequence[GivenColumn]) -> list[list[Contribution]]:
        """By row, the parts of all columns that change something, the strongest first."""
        by_column = [
            each.values if each.is_plain else [shown(value, column) for value in each.values]
            for each, column in zip(given, self._columns, strict=True)
        ]
        by_row: Any = zip(*by_column, strict=True) if by_column else [()] * len(contributions)
        orders = np.argsort(-np.abs(contributions), axis=1, kind="stable").tolist()
        names = self._names
        return [
            [{"column": names[at], "value": values[at], "contribution": parts[at]} for at in order if parts[at]]
            for parts, order, values in zip(contributions.tolist(), orders, by_row, strict=True)
        ]

    def _missing(self, given: Sequence[GivenColumn], rows: int) -> list[tuple[str, ...]]:
        """By row, the columns that were not given."""
        missing: list[tuple[str, ...]] = [()] * rows
        for name, column in zip(self._names, given, strict=True):
            if column.is_plain and None not in column.values:
                continue
            for row, value in enumerate(column.values):
                if is_absent(value):
                    missing[row] += (name,)
        return missing

    def _explain(self, values: Floats) -> Explanation:
        if len(values) > 1 and len(values) >= self._group:
            return self.model.explain(Frame(self._features, values))
        each = [self._explain_row(row) for row in values]
        return Explanation(np.concatenate([found.contributions for found in each]), each[0].base)

    def _explain_row(self, values: Floats) -> Explanation:
        return self.model.explain_row(Frame(self._features, values[None]))

    @cached_property
    def _group(self) -> int:
        """From how many rows on they are explained together: trees take long to begin, linear models do not.

        Found out when rows first come together: what is read for that, a row alone does not wait for.
        """
        rows = np.full((TRIED_ROWS, len(self._features)), np.nan)
        together = _seconds(lambda: self.model.explain(Frame(self._features, rows)))
        alone = _seconds(lambda: self._explain_row(rows[0]))
        return max(2, math.ceil(together / alone))

    def _intervals(self, margins: Floats) -> tuple[list[float | None], list[float | None]]:
        intervals = self.model.score_intervals or self.model.intervals
        if intervals is None:
            unknown: list[float | None] = [None] * len(margins)
            return unknown, unknown
        low, high = intervals.around(margins)
        return low.tolist(), high.tolist()

    def _prediction(
        self,
        as_of: datetime,
        base: float,
        row: Row,
        scored: Scored,
        step: Step,
        reasons: list[Contribution],
        missing: tuple[str, ...],
    ) -> Prediction:
        probability, value = (scored, _NOTHING) if self._conversion else (_NOTHING, scored)
        return Prediction(
            task=self._task,
            as_of=as_of,
            model_version=self._version,
            by_rules=False,
            probability=probability[0],
            probability_low=probability[1],
            probability_high=probability[2],
            value=value[0],
            value_low=value[1],
            value_high=value[2],
            grade=step.grade,
            action=step.action,
            base=base,
            contributions=reasons,
            missing=missing,
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
        return number if -LARGEST_EXACT < number < LARGEST_EXACT else None  # neither is true of not a number
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


def _steps(card: ModelCard) -> list[Step]:
    """What scores mean, the lowest first."""
    if card.task is Task.CONVERSION:
        steps = [Step(grade.minimum_probability, grade.grade, grade.action) for grade in card.grades]
    else:
        steps = [Step(band.minimum_value, None, band.action) for band in card.value_bands]
    return steps[::-1]


def _seconds(work: Callable[[], object]) -> float:
    """The quickest of a few runs, by this thread's share of the processor, whatever else the machine does."""
    work()  # the first one reads what the others have
    found = []
    for _ in range(TRIALS):
        started = time.thread_time()
        work()
        found.append(time.thread_time() - started)
    return min(found)
