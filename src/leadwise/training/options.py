"""What a user may choose for `check` and `fit`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from leadwise.domain.errors import Invalid
from leadwise.domain.preprocessing import Preprocessing
from leadwise.training.fitted_model import FittedModel

DEFAULT_BUDGET_SECONDS = 60.0
DEFAULT_ACTIONS: Mapping[str, str] = {
    "A": "Call now",
    "B": "Call today",
    "C": "Send a personal message",
    "D": "Keep in touch by newsletter",
}
"""What to do next, by grade; a blueprint has its own."""


class NoSearchError(Invalid):
    """Trials are counted, but no search was asked for."""

    code = "no_search"

    def __init__(self, trials: int) -> None:
        self.trials = trials
        super().__init__(
            f"--search-trials {trials} says how many settings to try, but no search was asked for; "
            "add --search grid or --search randomised."
        )


class SearchStyle(StrEnum):
    """In which order settings are tried."""

    GRID = "grid"
    RANDOMISED = "randomised"

    @classmethod
    def _missing_(cls, value: object) -> "SearchStyle | None":
        return cls.RANDOMISED if value == "randomized" else None


@dataclass(frozen=True)
class FitOptions:
    """How a table is to be learnt from.

    Args:
        outcome: The column that says how each lead ended; empty where time to conversion is learnt.
        won: Which of its values means converted; None: yes, true, 1, won and the like.
        value: Whether the outcome is an amount.
        id_column: What identifies a row; None: the first column of identifiers, or else the row's number.
        time_column: Orders the rows in time.
        ordered: Whether the rows are in time order already.
        group_column: Rows with the same value (one lead at several ages) stay together in every split.
        as_of_column: The instant that each row is of, where its outcome is that of a horizon after it.
        horizon_days: How long that horizon is. With both, no row is trained on whose outcome was not settled when the
            rows begin that the model is judged by.
        by_period: Whether rows are of the ends of periods, in each of which the same leads are looked at again, and in
            the order of those. The newest periods then become the test.
        segments: Columns by which people compare leads: the card tells first what became of their values.
        drop: Columns to leave out.
        keep: Columns to use whatever the leak check says.
        algorithms: Names of the algorithms that compete; empty: all.
        budget_seconds: About how long fitting may take.
        seed: The same seed, data and software give the same model.
        search: How further settings of each algorithm are tried: in the order of a grid, or drawn at random; None: the
            defaults alone.
        search_trials: How many settings of each algorithm are tried at most, the defaults among them; None: ten.
        prior: A model of similar leads, to lean on where outcomes are few; None: rules of common sense.
        preprocessing: What is done to features before any algorithm sees them; nothing: each prepares them by itself.
        actions: What to do next, by grade A to D.
        created: The column that says when each lead was created, where time to conversion is learnt.
        converted_at: The column that says when it converted; empty where it has not yet.
        until: The moment of observation, as a date; None: the latest date in the two columns.

    Raises:
        NoSearchError: if trials are counted, but no search is asked for.
    """

    outcome: str = ""
    won: str | None = None
    value: bool = False
    id_column: str | None = None
    time_column: str | None = None
    ordered: bool = False
    group_column: str | None = None
    as_of_column: str | None = None
    horizon_days: float | None = None
    by_period: bool = False
    segments: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    algorithms: tuple[str, ...] = ()
    budget_seconds: float = DEFAULT_BUDGET_SECONDS
    seed: int = 0
    search: SearchStyle | None = None
    search_trials: int | None = None
    prior: FittedModel | None = None
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    actions: Mapping[str, str] = field(default_factory=lambda: dict(DEFAULT_ACTIONS))
    created: str | None = None
    converted_at: str | None = None
    until: str | None = None

    @property
    def newest_first(self) -> bool:
        """Whether the newest of too many rows in time order are used, rather than some of each period."""
        return not self.by_period

    def __post_init__(self) -> None:
        if self.search_trials is not None and self.search is None:
            raise NoSearchError(self.search_trials)
