"""What a budget of seconds buys, decided from the size of the data before work begins.

So a seed gives the same twice. The clock itself is only an emergency brake.
"""

import time
from collections.abc import Sequence

SECONDS_PER_MILLION_CELLS = 60.0
"""What all algorithms take together, all folds counted, per million cells (rows times features), on two slow cores."""
SPENT_ON_FITS = 0.6
"""Share of the budget that fits may be planned to take; the rest is for reading, the last fit and the card."""
BRAKE, LAST_BRAKE = 0.6, 0.85
"""Shares of the budget after which nothing new begins: where something was learnt, and where only rules are ready."""
SPENT_ON_LAST_FIT, LAST_FIT_BRAKE = 0.2, 0.4
"""Share of the budget that the last fit may be planned to take, and after which share it takes no further rows."""
END = 0.9
"""Share of the budget by which a last fit must be expected to end; else it is left out."""
MOST_LAST_SECONDS = 8.0
LAST_SECONDS_PER_MILLION_CELLS = {
    "heuristic": 0.1,
    "linear_regression": 2.0,
    "logistic_regression": 2.0,
    "bayesian_logistic_regression": 3.0,
    "random_forest": 4.0,
    "gradient_boosting": 4.0,
    "randomised_boosting": 4.0,
}
"""What one fit takes per million cells, on one of two slow cores; of all others `MOST_LAST_SECONDS`."""
DRIFT_BRAKE = 0.3
"""Share of the budget after which no more is tried to find out how things change."""
FEWEST_ROWS = 2_000
FEWEST_FEATURES = 10
"""A row takes as long as with so many features even where it has fewer."""
SECONDS_PER_MILLION_CELLS_READ = 1.0
"""What it takes to tell what the columns hold, per million cells (rows times columns), on two slow cores."""
SECONDS_PER_MILLION_CELLS_LOADED = 0.1
"""What it takes to load a file, per million cells."""
FULL_PROBE_SECONDS, PROBE_CELLS, PROBE_COLUMNS, FEWEST_PROBE_ROWS = 60.0, 200_000, 8, 500
"""With this budget or more, drift is looked for in so many cells of newest rows, and without so many columns."""
LEFT_FOR_FITS = 0.15
"""Share of the budget that fits get however large the file is."""
SPENT_ON_READING = 0.15
"""Share of the budget that this may take."""


def affordable_rows(features: int, budget_seconds: float, *, file_cells: int = 0) -> int:
    """How many rows can be learnt from within the budget, after a file of so many cells was read.

    >>> affordable_rows(20, budget_seconds=60)
    30000
    >>> affordable_rows(20, budget_seconds=60, file_cells=200_000_000)
    13333
    """
    reading = file_cells / 1e6 * SECONDS_PER_MILLION_CELLS_LOADED
    seconds = max(budget_seconds * SPENT_ON_FITS - reading, budget_seconds * LEFT_FOR_FITS)
    cells = seconds / SECONDS_PER_MILLION_CELLS * 1e6
    return max(int(cells / max(features, FEWEST_FEATURES)), FEWEST_ROWS)


def affordable_last_rows(algorithms: Sequence[str], features: int, budget_seconds: float) -> int:
    """How many rows the winner can be fitted on once it was chosen: many more than all could compete on.

    Args:
        algorithms: Names of the winner's members.
        features: Of each row.
        budget_seconds: The budget.

    >>> affordable_last_rows(["gradient_boosting"], 20, budget_seconds=60)
    150000
    """
    seconds = sum(LAST_SECONDS_PER_MILLION_CELLS.get(name, MOST_LAST_SECONDS) for name in algorithms)
    return int(budget_seconds * SPENT_ON_LAST_FIT / max(seconds * max(features, FEWEST_FEATURES), 1e-3) * 1e6)


def affordable_rounds(cells: int, budget_seconds: float, share: float) -> int:
    """How often the algorithms can be tried, each time with other settings; once at least.

    Args:
        cells: Rows times features that are learnt from.
        budget_seconds: The budget.
        share: What part of all algorithms competes.

    >>> affordable_rounds(100_000, budget_seconds=60, share=1.0), affordable_rounds(100_000, 60, share=0.2)
    (6, 29)
    """
    seconds = cells / 1e6 * SECONDS_PER_MILLION_CELLS * share
    return max(int(budget_seconds * SPENT_ON_FITS / max(seconds, 1e-3)), 1)


def readable_rows(columns: int, budget_seconds: float) -> int:
    """How many rows can be looked at closely within the budget, before it is known which columns are of use.

    >>> readable_rows(10, budget_seconds=60)
    900000
    """
    cells = budget_seconds * SPENT_ON_READING / SECONDS_PER_MILLION_CELLS_READ * 1e6
    return max(int(cells / max(columns, 1)), FEWEST_ROWS)


def affordable_probe(features: int, budget_seconds: float) -> tuple[int, int]:
    """On how many rows it can be tried what drift does, and without how many columns.

    >>> affordable_probe(20, budget_seconds=60), affordable_probe(20, budget_seconds=6)
    ((10000, 8), (1000, 0))
    """
    share = min(budget_seconds / FULL_PROBE_SECONDS, 1.0)
    return max(int(PROBE_CELLS * share / max(features, 1)), FEWEST_PROBE_ROWS), int(PROBE_COLUMNS * share)


class OutOfTimeError(Exception):
    """The emergency brake: so much of the budget is spent that what is ready has to do. Never leaves this room."""


class Brake:
    """Says when so much of the budget is gone that nothing new should begin.

    Args:
        budget_seconds: The budget.
        spent_seconds: What was spent of it already, on reading the file.
    """

    def __init__(self, budget_seconds: float, spent_seconds: float = 0.0) -> None:
        self._started = time.perf_counter() - spent_seconds
        self._budget_seconds = budget_seconds

    @property
    def elapsed_seconds(self) -> float:
        """Since work began."""
        return time.perf_counter() - self._started

    def check_drift(self) -> None:
        """Raise OutOfTimeError where looking at how things change would leave too little for what learns."""
        if self.elapsed_seconds > DRIFT_BRAKE * self._budget_seconds:
            raise OutOfTimeError

    @property
    def allows_more_rows(self) -> bool:
        """Whether enough is left for a last fit on more rows than all could compete on."""
        return self.elapsed_seconds < LAST_FIT_BRAKE * self._budget_seconds

    def allows(self, seconds: float) -> bool:
        """Whether what takes so many seconds is expected to end in time."""
        return self.elapsed_seconds + seconds < END * self._budget_seconds

    def pulled(self, *, learnt: bool) -> bool:
        """Whether it is too late for anything new, given whether a model that learnt something is ready."""
        return self.elapsed_seconds > (BRAKE if learnt else LAST_BRAKE) * self._budget_seconds
