"""What is to be predicted, and the words of the business it is predicted for."""

from datetime import timedelta
from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from leadwise.domain.card import Task

FIELD_CHANGED = "field_changed"
"""The kind of event that changes one field of a lead: its `fields` are `{"field": name, "value": new value}`."""
PUSHED_TO_CRM = "pushed_to_crm"
OWN_KINDS = frozenset({PUSHED_TO_CRM})
"""Kinds of events that leadwise records of what it did itself."""


class Actor(StrEnum):
    """Who made an event happen."""

    LEAD = "lead"
    STAFF = "staff"


class FieldKind(StrEnum):
    """What a lead's field holds."""

    NUMBER = "number"
    TEXT = "text"
    """A label from a short list: a source, a make."""
    YES_NO = "yes_no"
    LONG_TEXT = "long_text"
    """Words of the lead's own; its length says something, its content is not learnt from."""
    DATE = "date"
    EMAIL = "email"
    PHONE = "phone"
    JOB_TITLE = "job_title"
    PHOTOS = "photos"
    """How many pictures there are, or their addresses: a list, or one after the other."""


class Calendar(StrEnum):
    """At the end of which periods (UTC) all open leads are looked at, where their age does not decide."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


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
    market: tuple[str, ...] = ()
    """The fields that make a price's market: it is compared with the prices of leads that agree in all of them."""
    sentence: str = ""
    """What sales staff read of a value; of "yes", if it is a yes or no. Empty: title and value."""
    sentence_no: str = ""
    """What they read of "no". Empty: title and value."""
    missing: str
    """What it means that there is no value, in a sentence."""


class EventNumber(_Words):
    """A number among an event's particulars, and how people read its sum."""

    name: str
    """Its key in `Event.fields`."""
    title: str
    """How it is called ("Order amount")."""
    unit: str = ""


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
    numbers: tuple[EventNumber, ...] = ()


class NamedFeature(_Words):
    """A feature under a name of the user's own, in a unit of the user's own.

    >>> NamedFeature(name="response_time_minutes", of="Hours to our first reply", times=60).times
    60.0
    """

    name: str
    of: str
    """The feature's usual name."""
    times: float = 1.0


class Target(_Words):
    """What is predicted: whether a lead is won within a horizon from the instant of scoring on, or what it is worth.

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
    """The kind of thing that is scored: "lead", "property", "customer"."""
    task: Task = Task.CONVERSION
    """Conversion, or value: the sum of the outcomes' values within the horizon."""
    horizon_days: int = Field(gt=0)
    open_days: int = Field(gt=0)
    """From this age on a lead without an outcome counts as gone quiet: neither scored nor learnt from."""
    ages_days: tuple[int, ...] = ()
    """The ages at which past leads are looked at for training; empty: at the ends of the calendar's periods."""
    calendar: Calendar | None = None
    repeats: bool = False
    """Whether an outcome leaves the lead open: customers buy again."""
    segments: tuple[str, ...] = ()
    """Names of fields by which people compare groups of leads."""
    fields: tuple[LeadField, ...] = ()
    events: tuple[EventKind, ...] = ()
    features: tuple[NamedFeature, ...] = ()
    """If there are any, they alone are learnt from."""

    @model_validator(mode="after")
    def _is_looked_at(self) -> Self:
        if bool(self.ages_days) == (self.calendar is not None):
            message = "a target has either ages_days or a calendar, which says when past leads are looked at"
            raise ValueError(message)
        return self

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
    def numbers(self) -> tuple[str, ...]:
        """The names of all numbers among events' particulars, sorted."""
        return tuple(sorted({number.name for event in self.events for number in event.numbers}))

    @property
    def prices(self) -> tuple[LeadField, ...]:
        """The fields that are compared with a market."""
        return tuple(field for field in self.fields if field.market)

    @property
    def horizon(self) -> timedelta:
        """How far ahead the prediction reaches."""
        return timedelta(days=self.horizon_days)

    def kinds_by(self, actor: Actor) -> frozenset[str]:
        """The kinds of events that this actor makes happen."""
        return frozenset(event.name for event in self.events if event.actor is actor)
