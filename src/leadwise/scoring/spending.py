"""What a customer is worth where no model can say: as much as the time before brought."""

import hashlib
import math
from collections.abc import Mapping, Sequence
from datetime import datetime

from leadwise.domain.card import Task
from leadwise.domain.prediction import Contribution, Prediction
from leadwise.scoring.requests import Row, fingerprint

DAYS_PER_MONTH = 30
SHORTEST_TENURE_DAYS = 30
"""What came in the first days of a customer is not what each later day brings."""
RULE = "order_frequency * average_order_value, or total_spent / customer_tenure; 30 days at least"


class SpendingRule:
    """Answers requests for values by going on as before. A value comes with no interval; without any facts, none comes.

    >>> rule = SpendingRule(horizon_days=180, actions={"A": "Visit", "D": "Leave"})
    >>> rule.predict([{"order_frequency": 2, "average_order_value": 50.0}], datetime.now())[0].value
    600.0
    >>> rule.predict([{"total_spent": 730, "customer_tenure": 365}], datetime.now())[0].value
    360.0

    Args:
        horizon_days: How long the time is that is predicted.
        actions: What to do, by grade: A for who spends, D for all others.
    """

    def __init__(self, horizon_days: int, actions: Mapping[str, str]) -> None:
        self._horizon_days = horizon_days
        self._actions = actions
        digest = hashlib.sha256(f"{RULE} {horizon_days}".encode()).hexdigest()
        self._version = f"rules-{digest[:12]}"

    @property
    def version(self) -> str:
        """The same rule has the same version."""
        return self._version

    def predict(self, rows: Sequence[Row], as_of: datetime) -> list[Prediction]:
        """A prediction for each row."""
        return [self._predict(row, as_of) for row in rows]

    def _predict(self, row: Row, as_of: datetime) -> Prediction:
        used, value = self._value(row)
        return Prediction(
            task=Task.VALUE,
            as_of=as_of,
            model_version=self._version,
            by_rules=True,
            probability=None,
            probability_low=None,
            probability_high=None,
            value=value,
            value_low=None,
            value_high=None,
            grade=None,
            action=self._actions["A" if value else "D"],
            base=0.0,
            contributions=_reasons(used[0], row, value),
            missing=tuple(name for name in used if _number(row.get(name)) is None),
            unknown=(),
            inputs=fingerprint(row),
        )

    def _value(self, row: Row) -> tuple[tuple[str, str], float | None]:
        """What was gone by, and the value."""
        months = self._horizon_days / DAYS_PER_MONTH
        by_rate = ("order_frequency", "average_order_value")
        rate, each = (_number(row.get(name)) for name in by_rate)
        if rate is not None and each is not None:
            return by_rate, _amount(rate * each * months)
        by_total = ("total_spent", "customer_tenure")
        total, days = (_number(row.get(name)) for name in by_total)
        if total is not None and days is not None:
            return by_total, _amount(total / max(days, SHORTEST_TENURE_DAYS) * self._horizon_days)
        return by_rate, None


def _reasons(column: str, row: Row, value: float | None) -> list[Contribution]:
    """What was gone by carries all of the value."""
    return [Contribution(column=column, value=_number(row.get(column)), contribution=value)] if value else []


def _amount(value: float) -> float | None:
    return max(0.0, value) if math.isfinite(value) else None


def _number(value: object) -> float | None:
    """The number that a caller wrote, also as a text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
