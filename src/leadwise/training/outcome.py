"""The outcome column as a target: who converted, or what a customer was worth."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from leadwise.domain.card import Task
from leadwise.domain.column import ColumnKind
from leadwise.domain.frame import Floats
from leadwise.features.booleans import NO, YES
from leadwise.features.columns import infer_column
from leadwise.features.encoding import to_numbers
from leadwise.features.placeholders import are_placeholders
from leadwise.features.texts import CodedColumn, to_codes
from leadwise.training.errors import (
    AmountTooLargeError,
    NoOutcomeError,
    OutcomeNotAnAmountError,
    OutcomeNotUnderstoodError,
    WonValueNotFoundError,
)

LARGEST_AMOUNT = 1e15
"""Beyond it, sums of squares and their digits cannot be trusted; no customer is worth as much."""
WON = YES | {"won", "closed won", "converted", "sold", "success", "successful", "customer", "subscribed", "win"}
LOST = NO | {
    "lost",
    "closed lost",
    "not converted",
    "unsold",
    "not sold",
    "failure",
    "failed",
    "not subscribed",
    "loss",
}


@dataclass(frozen=True)
class OutcomeTarget:
    """What to learn, by row.

    Args:
        task: Conversion (1 won, 0 not) or value (the amount).
        values: Shape (rows,); NaN where the row has no outcome yet.
        won: The text that means converted; None for amounts.
    """

    task: Task
    values: Floats
    won: str | None = None

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which rows have an outcome."""
        return ~np.isnan(self.values)

    @property
    def learnable(self) -> NDArray[np.intp]:
        """Positions of the rows with an outcome; of all rows where none has one, as they tell at least what is usual.

        >>> OutcomeTarget(Task.CONVERSION, np.array([1.0, np.nan, 0.0])).learnable.tolist()
        [0, 2]
        """
        return np.flatnonzero(self.known | ~self.known.any())


def read_outcome(table: pa.Table, name: str, *, won: str | None = None, value: bool = False) -> OutcomeTarget:
    """The outcome of each row.

    Args:
        table: The table; it has the column.
        name: The outcome column.
        won: The value that means converted; every other value means it did not. None: yes, true, 1, won and the like.
        value: Whether the outcome is an amount.

    Raises:
        NoOutcomeError: if it is empty in every row.
        OutcomeNotUnderstoodError: if its values are not yes and no, and `won` does not say which is yes.
        WonValueNotFoundError: if no row holds `won`.
        OutcomeNotAnAmountError: if `value` is asked of a column without numbers.
        AmountTooLargeError: if an amount is beyond all reason.

    >>> read_outcome(pa.table({"Won": ["yes", "no", ""]}), "Won").values.tolist()
    [1.0, 0.0, nan]
    >>> read_outcome(pa.table({"Stage": ["won", "open", "lost"]}), "Stage")
    Traceback (most recent call last):
    leadwise.training.errors.OutcomeNotUnderstoodError: The outcome 'Stage' should say yes or no, but holds 3 values:
    'lost', 'open', 'won'. Say which one means converted with --won VALUE.
    """
    return _read_amount(table, name) if value else _read_conversion(table, name, won)


def means_won(text: str) -> bool:
    """Whether a value by itself says that a lead converted: yes, true, 1, won and the like.

    >>> means_won("Closed-Won"), means_won("Enrolled")
    (True, False)
    """
    return _meaning(text) == 1


def _read_amount(table: pa.Table, name: str) -> OutcomeTarget:
    column = infer_column(name, table.column(name))
    if column.kind is ColumnKind.EMPTY:
        raise NoOutcomeError(name)
    if column.kind in {ColumnKind.ID, ColumnKind.CONSTANT}:  # amounts that all differ, or never do, are amounts
        column = column.model_copy(update={"kind": ColumnKind.NUMBER})
    amounts = to_numbers(table.column(name), column)
    numeric = {ColumnKind.NUMBER, ColumnKind.MONEY, ColumnKind.PERCENTAGE, ColumnKind.BOOLEAN}
    if column.kind not in numeric or np.isnan(amounts).all():
        raise OutcomeNotAnAmountError(name, column.kind)
    largest = float(np.nanmax(np.abs(amounts)))
    if largest > LARGEST_AMOUNT:
        raise AmountTooLargeError(name, largest, LARGEST_AMOUNT)
    return OutcomeTarget(Task.VALUE, amounts)


def _read_conversion(table: pa.Table, name: str, won: str | None) -> OutcomeTarget:
    coded = to_codes(table.column(name))
    texts = [str(text) for text in coded.texts.to_pylist()]
    given = ~are_placeholders(coded.texts)
    if not given.any():
        raise NoOutcomeError(name)
    if won is not None:
        return _with_won(coded, texts, name, won)
    by_text = np.array([_meaning(text) if known else np.nan for text, known in zip(texts, given, strict=True)])
    if np.isnan(by_text[given]).any():
        values = sorted(text for text, known in zip(texts, given, strict=True) if known)
        numeric = infer_column(name, table.column(name)).kind in {ColumnKind.NUMBER, ColumnKind.MONEY}
        raise OutcomeNotUnderstoodError(name, values, numeric=numeric)
    yes = [text for text, meaning in zip(texts, by_text, strict=True) if meaning == 1]
    return OutcomeTarget(Task.CONVERSION, coded.spread(by_text), won=yes[0] if yes else None)


def _with_won(coded: CodedColumn, texts: list[str], name: str, won: str) -> OutcomeTarget:
    """Converted where the text is `won`, whatever its case; "Won" and "1.0" are found as "won" and "1" too."""
    wanted = str(to_codes(pa.array([won])).texts.to_pylist()[0] if won.strip() else won).casefold()
    matches = np.array([text.casefold() == wanted for text in texts], dtype=np.float64)
    if not matches.any():
        raise WonValueNotFoundError(name, won, sorted(texts))
    return OutcomeTarget(Task.CONVERSION, coded.spread(matches), won=texts[int(matches.argmax())])


def _meaning(text: str) -> float:
    folded = " ".join(text.casefold().replace("_", " ").replace("-", " ").split())
    return 1.0 if folded in WON else 0.0 if folded in LOST else np.nan
