"""What is to be predicted, and the words of the business it is predicted for."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

FIELD_CHANGED = "field_changed"
"""The kind of event that changes one field of a lead: its `fields` are `{"field": name, "value": new value}`."""


class Actor(StrEnum):
    """Who made an event happen."""

    LEAD = "lead"
    STAFF = "staff"


class FieldKind(StrEnum):
    """What a lead's field holds."""

    NUMBER = "number"
    TEXT = "text"
    YES_NO = "yes_no"


class _Words(BaseModel):
    """A part of the vocabulary: an unknown key is a mistake, never ignored."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class LeadField(_Words):
    """A field of a lead, and how people read it.

    In the sentences `{value}` stands for the value.
    """

    name: str
    """Its key in `Lead.fields`."""
    title: str
    """How it is called on screens and as a column of tables ("Asking price")."""
    kind: FieldKind
    unit: str = ""
    feature: bool = True
    """Whether it may be learnt from; names of people are only shown."""
    sentence: str = ""
    """What sales staff read of a value; of "yes", if it is a yes or no. Empty: title and value."""
    sentence_no: str = ""
    """What they read of "no". Empty: title and value."""
    missing: str
    """What it means that there is no value, in a sentence."""


class EventKind(_Words):
    """A kind of event, and how people read it. In `times`, `{value}` stands for the count."""

    name: str
    """Its `Event.kind`."""
    title: str
    """The name of its count, as a column of tables ("Buyer replies")."""
    actor: Actor | None = None
    """Who made it happen; None where that is neither a word from the lead nor one from us."""
    never: str
    once: str
    times: str


class Target(_Words):
    """What is predicted: whether a lead is won within a horizon, counted from the instant of scoring.

    >>> Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0, 7)).horizon
    datetime.timedelta(days=60)
    >>> Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0, 30))
    Traceback (most recent call last):
    pydantic_core._pydantic_core.ValidationError: 1 validation error for Target
      Value error, ages_days must be from 0 to below open_days (30), but has 30 ...
    """

    name: str
    """The `Outcome.target` of the outcomes that decide it ("car_sold")."""
    title: str
    entity: str
    """What is scored: "lead"."""
    horizon_days: int = Field(gt=0)
    open_days: int = Field(gt=0)
    """From this age on a lead without an outcome counts as gone quiet: neither scored nor learnt from."""
    ages_days: tuple[int, ...] = Field(min_length=1)
    """The ages at which past leads are looked at for training."""
    fields: tuple[LeadField, ...] = ()
    events: tuple[EventKind, ...] = ()

    @model_validator(mode="after")
    def _ages_are_those_of_open_leads(self) -> Self:
        for age in self.ages_days:
            if not 0 <= age < self.open_days:
                message = f"ages_days must be from 0 to below open_days ({self.open_days}), but has {age}"
                raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _names_and_titles_differ(self) -> Self:
        words: tuple[LeadField | EventKind, ...] = (*self.fields, *self.events)
        for names in ([f.name for f in self.fields], [e.name for e in self.events], [word.title for word in words]):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                message = f"each name and title must stand once, but these stand twice: {', '.join(twice)}"
                raise ValueError(message)
        return self

    @property
    def horizon(self) -> timedelta:
        """How far ahead the prediction reaches."""
        return timedelta(days=self.horizon_days)

    def kinds_by(self, actor: Actor) -> frozenset[str]:
        """The kinds of events that this actor makes happen."""
        return frozenset(event.name for event in self.events if event.actor is actor)
