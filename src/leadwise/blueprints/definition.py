"""A blueprint: all that is particular to one industry, in one TOML file."""

import math
from collections.abc import Mapping
from typing import Self

from pydantic import Field, model_validator

from leadwise.blueprints.coherence import Incoherences, target_mistakes
from leadwise.blueprints.part import Part
from leadwise.blueprints.simulator_settings import SimulatorSettings
from leadwise.blueprints.simulator_words import misfits
from leadwise.domain.errors import Missing
from leadwise.domain.target import Target


class NoSimulatorError(Missing):
    """A blueprint does not say how its leads are simulated."""

    code = "no_simulator"

    def __init__(self, title: str) -> None:
        self.title = title
        super().__init__(
            f"The blueprint {title!r} was expected to say how its leads are simulated, but has no [simulator]; "
            "add one as in the file that `leadwise blueprint new` writes."
        )


class Rule(Part):
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
    points: int = Field(ge=-1000, le=1000)

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

    @property
    def condition(self) -> str:
        """The condition as people read it.

        >>> Rule(column="Replies", at_least=2, points=5).condition
        'at least 2'
        >>> Rule(column="Phone number given", equals=True, points=5).condition
        'yes'
        """
        if isinstance(self.equals, bool):
            return "yes" if self.equals else "no"
        if self.equals is not None:
            return self.equals
        if self.at_least is not None:
            return f"at least {self.at_least:g}"
        return f"at most {self.at_most:g}"


class Actions(Part):
    """What to do about a lead of each grade."""

    A: str
    B: str
    C: str
    D: str


class Blueprint(Part):
    """An industry's target and words, its rules of thumb, its actions, and how to simulate it."""

    title: str
    target: Target
    rules: tuple[Rule, ...] = ()
    actions: Actions
    """By grade."""
    simulator: SimulatorSettings | None = None
    """How to simulate it; None: it is known from real data alone."""

    @model_validator(mode="after")
    def _parts_fit(self) -> Self:
        found = list(target_mistakes(self.target))
        if self.simulator is not None:
            found += misfits(self.simulator, self.target)
        if found:
            raise Incoherences(found)
        return self

    @property
    def simulation(self) -> SimulatorSettings:
        """How to simulate it.

        Raises:
            NoSimulatorError: if it does not say.
        """
        if self.simulator is None:
            raise NoSimulatorError(self.title)
        return self.simulator

    def points(self, row: Mapping[str, object]) -> int:
        """The sum of the points of all rules that hold for a row of the feature table, by column name.

        >>> from leadwise.blueprints.blueprint import load_blueprint
        >>> load_blueprint("marketplace-auto").points({"Test drives held": 1, "Asks about financing": True})
        50
        """
        return sum(rule.points for rule in self.rules if rule.holds(row.get(rule.column)))
