"""How the fields of simulated leads are drawn: one class for each way, named by its `draw`."""

import math
import re
from typing import Annotated, Any, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from leadwise.blueprints.part import LogOdds, Positive, Share
from leadwise.blueprints.simulator_amounts import Date, Lognormal, Normal, Words
from leadwise.blueprints.simulator_contacts import Company, Email, Person, Phone
from leadwise.blueprints.simulator_drawn import Drawing, Drawn, FieldDraw, chosen, texts, without_effect

_NAME = re.compile(r"\{(\w+)\}")


class Labels(FieldDraw):
    """One of several labels."""

    draw: Literal["labels"]
    shares: dict[str, Positive] = Field(min_length=1)
    """How often each comes, relative to the others."""
    effects: dict[str, LogOdds] = Field({})

    @model_validator(mode="after")
    def _effects_are_of_labels(self) -> Self:
        unknown = sorted(self.effects.keys() - self.shares.keys())
        if unknown:
            message = f"effects has {', '.join(unknown)}, but shares has no such label"
            raise ValueError(message)
        return self

    def sample(self, drawing: Drawing) -> Drawn:
        """A label for each lead."""
        which = chosen(drawing.rng, self.shares, drawing.count)
        effects = np.array([self.effects.get(label, 0.0) for label in self.shares])
        return Drawn(texts(list(self.shares))[which], np.zeros(drawing.count), effects[which])


class YesNo(FieldDraw):
    """Yes or no."""

    draw: Literal["yes_no"]
    share: Share
    """How often it is yes."""
    effect: LogOdds = 0.0
    """Of a yes."""

    def sample(self, drawing: Drawing) -> Drawn:
        """A bool for each lead."""
        yes = drawing.rng.random(drawing.count) < self.share
        spread = math.sqrt(self.share * (1 - self.share)) or 1.0
        given = yes.astype(np.float64)
        return Drawn(yes.astype(object), (given - self.share) / spread, self.effect * given)


class Year(FieldDraw):
    """A year up to the one of arrival, as a label."""

    draw: Literal["year"]
    back: int = Field(gt=0, lt=1000)
    """How many years before at most; each as likely as the others."""

    def sample(self, drawing: Drawing) -> Drawn:
        """A label such as "2019" for each lead; a newer one has a higher score."""
        age = drawing.rng.integers(self.back + 1, size=drawing.count)
        years = drawing.arrivals.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64) + 1970 - age
        spread = math.sqrt(((self.back + 1) ** 2 - 1) / 12)
        score = np.asarray((self.back / 2 - age) / spread, dtype=np.float64)
        return Drawn(years.astype(str).astype(object), score, np.zeros(drawing.count))


class Lookup(FieldDraw):
    """A label that follows from another field's label."""

    draw: Literal["lookup"]
    of: str
    by: dict[str, str] = Field(min_length=1)

    @property
    def sources(self) -> frozenset[str]:
        """The other field."""
        return super().sources | {self.of}

    def sample(self, drawing: Drawing) -> Drawn:
        """A label for each lead; none where the other field's is not listed."""
        values = np.empty(drawing.count, dtype=object)
        values[:] = [self.by.get(str(label)) for label in drawing.drawn[self.of].values]
        return without_effect(values)


class Composed(FieldDraw):
    """A text made of other fields."""

    draw: Literal["composed"]
    template: str
    """Names of fields in braces stand for their values."""

    @property
    def sources(self) -> frozenset[str]:
        """The fields that it names."""
        return super().sources | set(_NAME.findall(self.template))

    def sample(self, drawing: Drawing) -> Drawn:
        """A text for each lead."""
        parts = _NAME.split(self.template)
        columns = [[part] * drawing.count if n % 2 == 0 else _written(drawing, part) for n, part in enumerate(parts)]
        return without_effect(texts(["".join(row) for row in zip(*columns, strict=True)]))


def _written(drawing: Drawing, name: str) -> list[str]:
    values = drawing.drawn[name].values
    return [f"{value:g}" if isinstance(value, float) else str(value) for value in values.tolist()]


class Numbered(FieldDraw):
    """A text with a number, for what only has to be there: an address, a reference."""

    draw: Literal["numbered"]
    words: tuple[str, ...] = Field(min_length=1)
    """What the number is put behind, each as often."""
    usual: Positive = 60.0
    """The mean of the number."""

    def sample(self, drawing: Drawing) -> Drawn:
        """A text for each lead."""
        which = drawing.rng.integers(len(self.words), size=drawing.count).tolist()
        number = (1 + drawing.rng.exponential(self.usual, drawing.count)).astype(np.int64).tolist()
        return without_effect(texts([f"{self.words[word]} {n}" for word, n in zip(which, number, strict=True)]))


Draw = Annotated[
    Labels
    | YesNo
    | Year
    | Lookup
    | Composed
    | Numbered
    | Normal
    | Lognormal
    | Date
    | Words
    | Person
    | Company
    | Email
    | Phone,
    Field(discriminator="draw"),
]


def draw_fields(drawing: Drawing, draws: dict[str, Draw]) -> dict[str, Drawn]:
    """All fields of the leads, in the order given; what is missing is missing."""
    for name, draw in draws.items():
        drawing.drawn[name] = draw.sample(drawing)
    return {name: _with_gaps(drawing, name, draw) for name, draw in draws.items()}


def _with_gaps(drawing: Drawing, name: str, draw: Draw) -> Drawn:
    found = drawing.drawn[name]
    values, log_odds = found.values, found.log_odds
    nothing: Any = np.nan if values.dtype.kind == "f" else None
    if draw.only_if is not None:
        there = drawing.drawn[draw.only_if].values.astype(bool)
        otherwise: Any = False if isinstance(draw, YesNo) else nothing
        values = np.where(there, values, otherwise)
        log_odds = np.where(there, log_odds, 0.0)
    if draw.missing:
        gone = drawing.rng.random(drawing.count) < draw.missing
        values = np.where(gone, nothing, values)
        log_odds = np.where(gone, draw.missing_effect, log_odds)
    return Drawn(values, found.score, log_odds)
