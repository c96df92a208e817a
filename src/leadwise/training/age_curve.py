"""What is added to the log-odds of leads that are older than those that a model could learn from."""

from dataclasses import dataclass

import numpy as np

from leadwise.domain.frame import Floats


@dataclass(frozen=True)
class AgeCurve:
    """Straight lines between ages: nothing up to the first of them, and the last offset from the last one on.

    Args:
        column: The column that says how old a lead is.
        days: Ages, rising, in the unit of that column: days, unless the target names it in another one.
        offsets: What is added at each of them, to log-odds before they are scaled; 0 at the first.

    >>> AgeCurve("Days since arrival", (30.0, 40.0), (0.0, -1.0)).at(np.array([3.0, 35.0, 80.0, np.nan])).tolist()
    [0.0, -0.5, -1.0, 0.0]
    """

    column: str
    days: tuple[float, ...]
    offsets: tuple[float, ...]

    def at(self, days: Floats) -> Floats:
        """What is added at these ages; nothing where the age is not known."""
        return np.where(np.isnan(days), 0.0, np.interp(days, self.days, self.offsets))
