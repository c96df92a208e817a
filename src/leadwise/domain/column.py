"""The columns of a table of leads: what each holds, how it is read, and what became of it."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class ColumnKind(StrEnum):
    """What a column holds."""

    NUMBER = "number"
    MONEY = "money"
    PERCENTAGE = "percentage"
    BOOLEAN = "boolean"
    DATE = "date"
    CATEGORY = "category"
    CODE = "code"
    """Text codes with many distinct values (a campaign, a postcode, an agent)."""
    TEXT = "text"
    """Free text, mostly different in each row."""
    ID = "id"
    """Different in each row and without content of its own."""
    CONSTANT = "constant"
    EMPTY = "empty"


class ColumnUse(StrEnum):
    """What became of a column. Nothing is dropped silently: each column has one."""

    FEATURE = "feature"
    ID = "id"
    OUTCOME = "outcome"
    TIME = "time"
    """Orders the rows, and gives calendar features."""
    DROPPED = "dropped"


class Leak(StrEnum):
    """Whether a column is known only after the outcome."""

    NONE = "none"
    SUSPECT = "suspect"
    """Kept in training and reported."""
    LEAK = "leak"
    """Left out of training unless the user keeps it."""


class Column(BaseModel):
    """How one column is read: everything that training learnt about it, so that scoring reads it the same way.

    Stored in the model file. It never looks at the outcome.
    """

    model_config = ConfigDict(frozen=True)

    name: str
    kind: ColumnKind
    missing_values: tuple[str, ...] = ()
    """Texts in this column that mean "not given", as they were written ("Select", "N/A", "-1")."""
    decimal: str = "."
    """The decimal mark of its numbers, `.` or `,`."""
    day_first: bool = False
    """Whether 03/04/2026 is the third of April."""
    yes: tuple[str, ...] = ()
    """The texts that mean yes (booleans only), casefolded."""
    levels: tuple[str, ...] = ()
    """The distinct values of a category or code, most frequent first; others are read as "another value"."""
    parts: tuple[str, ...] = ()
    """Which features it gives: `value`; for dates `day`, `weekday`, `month`, `hour`; for text `length`, `words`."""
    typical: float | str | None = None
    """The median, or the most frequent value; None where there is none. Dates: days since 1970-01-01."""
    missing_share: float = 0.0
    """Share of rows in which it is not given, 0 to 1."""
    distinct: int = 0
    """Number of distinct values, not counting "not given"."""


class ColumnReport(BaseModel):
    """What `check` and the card say of one column."""

    model_config = ConfigDict(frozen=True)

    name: str
    type: ColumnKind
    use: ColumnUse
    leak: Leak = Leak.NONE
    evidence: str = ""
    """The leak check's evidence in a sentence; empty where there is none."""
    note: str = ""
    """Why it is used as it is, where that needs saying ("the same value in every row")."""
    missing_share: float = 0.0
    missing_values: tuple[str, ...] = ()
    distinct: int = 0
