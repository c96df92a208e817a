"""Numbers of simulated leads, and what is measured by one: dates by days, texts by characters."""

from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from leadwise.blueprints.part import LogOdds, Positive, Spread
from leadwise.blueprints.simulator_drawn import Drawing, Drawn, FieldDraw, Floats, texts

SECONDS_PER_DAY = 86_400
_WORDS = (
    "Hello, I would like to know more about this. Could you tell me what it costs and when it would be possible to "
    "meet? I have seen your page and have a few questions about the details before we decide. "
)
_LONGEST = 20_000
_OLDEST_DAYS = 300_000
"""Some eight hundred years: no date that somebody gives is older."""


class _Amount(FieldDraw):
    """A number: normal, or so on a logarithmic scale."""

    digits: Annotated[int, Field(ge=-9, le=9)] = 0
    """Decimals it is rounded to; -3 rounds to thousands."""
    lowest: float | None = None
    highest: float | None = None
    """What lies beyond is drawn to the bound."""
    effect: LogOdds = 0.0
    """Per standard deviation over all leads, of the logarithm if that is what is normal."""
    beyond: float | None = None
    beyond_effect: LogOdds = 0.0
    """What a number above `beyond` adds."""
    along: dict[str, Annotated[float, Field(ge=-20, le=20)]] = Field({})
    """How it follows other fields: what a standard deviation of theirs adds to the number (or its logarithm)."""

    @property
    def sources(self) -> frozenset[str]:
        """The fields that it follows."""
        return super().sources | set(self.along)

    def _deviations(self, drawing: Drawing, spread: float) -> tuple[Floats, float]:
        """How far from the centre each number lies, and the standard deviation of that."""
        away = spread * drawing.rng.standard_normal(drawing.count)
        for name, share in self.along.items():
            away = away + share * drawing.drawn[name].score
        return away, float(np.sqrt(spread**2 + sum(share**2 for share in self.along.values()))) or 1.0

    def _bounded(self, values: Floats) -> Floats:
        low = -np.inf if self.lowest is None else self.lowest
        high = np.inf if self.highest is None else self.highest
        return np.clip(values, low, high)

    def _drawn(self, values: Floats, score: Floats) -> Drawn:
        log_odds = self.effect * score
        if self.beyond is not None:
            log_odds = log_odds + self.beyond_effect * (values > self.beyond)
        return Drawn(np.round(values, self.digits) + 0.0, score, log_odds)


class Normal(_Amount):
    """A number that is normal around its mean."""

    draw: Literal["normal"]
    mean: float
    spread: Positive

    def sample(self, drawing: Drawing) -> Drawn:
        """A number for each lead."""
        away, unit = self._deviations(drawing, self.spread)
        values = self._bounded(self.mean + away)
        return self._drawn(values, (values - self.mean) / unit)


class _Logarithmic(_Amount):
    median: Positive
    spread: Spread

    def _amounts(self, drawing: Drawing, factor: float | Floats = 1.0) -> tuple[Floats, Floats]:
        """Numbers and their scores."""
        away, unit = self._deviations(drawing, self.spread)
        usual = self.median * factor
        values = self._bounded(usual * np.exp(away))
        return values, np.log(np.maximum(values, 1e-9) / usual) / unit


class Lognormal(_Logarithmic):
    """A number above 0 whose logarithm is normal."""

    draw: Literal["lognormal"]
    factor_of: str | None = None
    factors: dict[str, Positive] = Field({})
    """What the median is multiplied by for each label of the field `factor_of`."""

    @property
    def sources(self) -> frozenset[str]:
        """The fields that it follows."""
        return super().sources | ({self.factor_of} if self.factor_of else frozenset())

    def sample(self, drawing: Drawing) -> Drawn:
        """A number for each lead."""
        factor: float | Floats = 1.0
        if self.factor_of is not None:
            labels = drawing.drawn[self.factor_of].values.tolist()
            factor = np.array([self.factors.get(str(label), 1.0) for label in labels])
        return self._drawn(*self._amounts(drawing, factor))


class Date(_Logarithmic):
    """A day before the arrival; `median` and the bounds count days back."""

    draw: Literal["date"]

    def sample(self, drawing: Drawing) -> Drawn:
        """A date such as "2019-05-31" for each lead."""
        days, score = self._amounts(drawing)
        found = self._drawn(days, score)
        dates = drawing.arrivals // SECONDS_PER_DAY - np.rint(np.minimum(days, _OLDEST_DAYS)).astype(np.int64)
        return Drawn(dates.astype("datetime64[D]").astype(str).astype(object), found.score, found.log_odds)


class Words(_Logarithmic):
    """A text in words; `median` and the bounds count characters."""

    draw: Literal["words"]

    def sample(self, drawing: Drawing) -> Drawn:
        """A text for each lead."""
        lengths, score = self._amounts(drawing)
        found = self._drawn(lengths, score)
        ends = np.minimum(np.rint(lengths), _LONGEST).astype(np.int64).tolist()
        supply = _WORDS * (_LONGEST // len(_WORDS) + 1)
        return Drawn(texts([supply[:end].strip() for end in ends]), found.score, found.log_odds)
