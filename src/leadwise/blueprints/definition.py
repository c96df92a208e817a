"""A blueprint: all that is particular to one industry, in one TOML file."""

import math
from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leadwise.domain.target import Target

Share = float
"""0 to 1."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Rule(_Part):
    """Points for a lead for which a condition on one column holds.

    A missing value meets no condition.

    >>> rule = Rule(column="Buyer replies", at_least=1, points=15)
    >>> rule.holds(2), rule.holds(0), rule.holds(None)
    (True, False, False)
    >>> Rule(column="Buyer replies", points=15)
    Traceback (most recent call last):
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Rule
      Value error, a rule has one of at_least, at_most and equals, but this one has none ...
    """

    column: str
    at_least: float | None = None
    at_most: float | None = None
    equals: bool | str | None = None
    points: int

    @model_validator(mode="after")
    def _one_condition(self) -> Self:
        given = [name for name in ("at_least", "at_most", "equals") if getattr(self, name) is not None]
        if len(given) != 1:
            message = (
                f"a rule has one of at_least, at_most and equals, but this one has {' and '.join(given) or 'none'}"
            )
            raise ValueError(message)
        return self

    def holds(self, value: object) -> bool:
        """Whether a value of the column meets the condition."""
        if self.equals is not None:
            return value == self.equals
        if not isinstance(value, int | float):
            return False
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= value <= high


class Actions(_Part):
    """What to do about a lead of each grade."""

    A: str
    B: str
    C: str
    D: str


class ArrivalEffects(_Part):
    """What the fields of a lead do to its chance of a sale, in log-odds.

    Those of yes-or-no fields are for "yes", those of amounts per standard deviation over all leads.
    """

    message_length: float
    distance: float
    far_away: float
    price_against_market: float
    asks_financing: float
    has_trade_in: float
    phone_given: float


class SimulatorSettings(_Part):
    """The known process that simulated leads come from."""

    source: str
    days: int = Field(gt=0)
    base_log_odds: float
    hidden_intent: float = Field(ge=0)
    reply_median_hours: float = Field(gt=0)
    reply_spread: float = Field(ge=0)
    reply_effect: float
    never_answered: Share = Field(ge=0, le=1)
    lost_recorded: Share = Field(ge=0, le=1)
    recorded_late: Share = Field(ge=0, le=1)
    effects: ArrivalEffects


class Blueprint(_Part):
    """An industry's target and words, its rules of thumb, its actions, and how to simulate it."""

    title: str
    target: Target
    rules: tuple[Rule, ...] = ()
    actions: Actions
    simulator: SimulatorSettings

    def points(self, row: Mapping[str, object]) -> int:
        """The sum of the points of all rules that hold for a row of the feature table, by column name.

        >>> from leadwise.blueprints.blueprint import load_blueprint
        >>> load_blueprint("marketplace-auto").points({"Test drives held": 1, "Asks about financing": True})
        50
        """
        return sum(rule.points for rule in self.rules if rule.holds(row.get(rule.column)))
