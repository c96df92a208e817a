"""What a blueprint says of the process that its simulated leads come from.

Effects are in log-odds of being won within the horizon; for customers who buy again and again, in logarithms of how
often they buy.
"""

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import Field, model_validator

from leadwise.blueprints.part import LogOdds, Part, Positive, Share, Spread
from leadwise.blueprints.simulator_draws import Draw

Hour = Annotated[int, Field(ge=0, le=24)]
Weight = Annotated[float, Field(ge=0, lt=1e6)]
_YEAR, _WEEK, _DAY = 12, 7, 24


class Arrivals(Part):
    """Relative numbers of leads by month (January first), by weekday (Monday first), and by hour (UTC)."""

    by_month: tuple[Weight, ...] = Field((1.0,) * _YEAR, min_length=_YEAR, max_length=_YEAR)
    by_weekday: tuple[Weight, ...] = Field((1.0,) * _WEEK, min_length=_WEEK, max_length=_WEEK)
    by_hour: tuple[Weight, ...] = Field((1.0,) * _DAY, min_length=_DAY, max_length=_DAY)

    @model_validator(mode="after")
    def _arrives_at_all(self) -> Self:
        for name in ("by_month", "by_weekday", "by_hour"):
            if not any(getattr(self, name)):
                message = f"{name} must have a number above 0, or no lead ever arrives"
                raise ValueError(message)
        return self


class Staff(Part):
    """How fast people answer a new lead, and what that does."""

    event: str
    """The kind of event that the first answer is."""
    median_hours: Positive
    """On a day of usual load, counted from when somebody is at work."""
    spread: Spread
    """Standard deviation of its logarithm."""
    effect: LogOdds = 0.0
    """Per doubling of 1 + reply time / 15 minutes: below 0, slow replies lose leads."""
    never: Share = 0.0
    """Share of leads that nobody answers; felt like an answer after two weeks."""
    opens: Hour = 9
    closes: Hour = 18
    closed_on: tuple[Annotated[int, Field(ge=0, le=6)], ...] = ()
    """Weekdays on which nobody is at work (Monday is 0)."""
    load_by_weekday: tuple[Positive, ...] = Field((1.0,) * _WEEK, min_length=_WEEK, max_length=_WEEK)
    """How much longer than usual an answer takes to leads of that weekday."""

    @model_validator(mode="after")
    def _is_at_work_at_times(self) -> Self:
        if self.opens >= self.closes or len(set(self.closed_on)) == _WEEK:
            message = "somebody must be at work at some hour: opens before closes, on one weekday at least"
            raise ValueError(message)
        return self


class Value(Part):
    """What a win is worth: a share of a field's amount, or an amount around a median."""

    field: str | None = None
    low: Positive = 1.0
    high: Positive = 1.0
    """The share of the field's amount, drawn evenly between the two."""
    median: Positive | None = None
    spread: Spread = 0.0

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if (self.field is None) == (self.median is None) or self.low > self.high:
            message = "a value has either a field, with low up to high, or a median"
            raise ValueError(message)
        return self


class Conversion(Part):
    """Whether leads are won, and when it ends.

    Where the target has ages, the end is so many days after the first answer. Where it has a calendar, things are open
    for years and the chance of each horizon is the same: the time to the win is exponential.
    """

    base_log_odds: LogOdds
    win_median_days: Positive = 7.0
    win_spread: Spread = 0.7
    lost_median_days: Positive = 10.0
    lost_spread: Spread = 0.7
    lost_recorded: Share = 0.0
    """Share of those that are not won that are marked as lost."""
    value: Value | None = None


class Orders(Part):
    """Customers who buy until they stop, without saying so (Pareto/NBD with logarithmic normal rates).

    Every order is an event with an amount, and an outcome of that value; the first one comes with the customer.
    """

    event: str
    amount: str
    """The event's number that says for how much."""
    per_30_days: Positive
    """Orders of a usual customer while active."""
    active_days: Positive
    """The mean time until a usual customer stops."""
    active_spread: Spread = 0.0
    """Between customers, of its logarithm."""
    amount_median: Positive
    amount_spread: Spread = 0.0
    """Between customers."""
    order_spread: Spread = 0.0
    """Between the orders of one customer."""
    amount_effects: dict[str, LogOdds] = Field({})
    """What fields do to the logarithm of the amount, per standard deviation of a number."""


class Amount(Part):
    """A number among an event's particulars: logarithmic normal around its median."""

    median: Positive
    spread: Spread = 0.0


class Happening(Part):
    """How often a kind of event happens between the first answer (or the arrival) and the end."""

    event: str
    mean: Positive | None = None
    """How many there are of a usual lead in all."""
    per_30_days: Positive | None = None
    """How many there are of a usual lead in 30 days."""
    intent: LogOdds = 0.0
    """What hidden intent does to the logarithm of their number, per log-odds of it."""
    won: LogOdds = 0.0
    """How much higher that logarithm is where the lead will be won."""
    won_days: Positive | None = None
    """If given, only in so many days before the win."""
    unanswered: Share = 1.0
    """What is left of them where nobody answers."""
    most: int = Field(1000, gt=0)
    """So many at most."""
    early: Positive = 1.0
    late: Positive = 1.0
    """When they happen between beginning and end: the two parameters of a beta distribution."""
    numbers: dict[str, Amount] = Field({})

    @model_validator(mode="after")
    def _has_one_rate(self) -> Self:
        if (self.mean is None) == (self.per_30_days is None):
            message = "an event that happens has one of mean and per_30_days"
            raise ValueError(message)
        return self


class FollowUp(Part):
    """An event that another one brings about."""

    event: str
    after: str
    """The kind of event that it follows: one of `happenings`, or of `follow_ups` above it."""
    share: Share
    """How often it does."""
    share_won: Share | None = None
    """How often where the lead will be won; else as often."""
    otherwise: str | None = None
    """The kind of event that happens in its place where it does not."""
    median_hours: Positive
    spread: Spread = 0.9
    numbers: dict[str, Amount] = Field({})


class Change(Part):
    """A field that changes after arrival. It changes no one's mind in this process."""

    field: str
    share: Share
    """Of leads."""
    within_days: Positive
    low: Positive | None = None
    high: Positive | None = None
    """By which factor a number changes."""
    to: bool | str | None = None
    """What anything else becomes."""

    @model_validator(mode="after")
    def _says_to_what(self) -> Self:
        factor = self.low is not None and self.high is not None and self.low <= self.high
        if factor == (self.to is not None):
            message = "a change has either low and high, the factor on a number, or `to`, the new value"
            raise ValueError(message)
        return self


class SimulatorSettings(Part):
    """The known process that simulated leads come from."""

    source: str = Field(min_length=1)
    days: int = Field(gt=0, le=36_500)
    """Leads arrive over this many days up to now."""
    hidden_intent: Spread
    """Standard deviation of the intent that no field shows, in log-odds."""
    recorded_late: Share = 0.0
    """Share of events that reach us hours after they happened; the others within minutes."""
    arrivals: Arrivals = Field(default_factory=lambda: Arrivals.model_validate({}))
    fields: dict[str, Draw]
    staff: Staff | None = None
    conversion: Conversion | None = None
    orders: Orders | None = None
    happenings: tuple[Happening, ...] = ()
    follow_ups: tuple[FollowUp, ...] = ()
    changes: tuple[Change, ...] = ()

    @model_validator(mode="after")
    def _ends_in_one_way(self) -> Self:
        if (self.conversion is None) == (self.orders is None):
            message = "a simulator has either conversion, for leads that are won once, or orders, for customers"
            raise ValueError(message)
        return self

    @model_validator(mode="after")
    def _draws_from_what_is_drawn(self) -> Self:
        drawn: set[str] = set()
        for name, draw in self.fields.items():
            missing = sorted(draw.sources - drawn)
            if missing:
                message = f"fields.{name} is made of {', '.join(missing)}, which must stand above it"
                raise ValueError(message)
            drawn.add(name)
        return self

    def kinds(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Every kind of event that the process makes, each with its place in the document."""
        if self.staff is not None:
            yield ("simulator", "staff", "event"), self.staff.event
        if self.orders is not None:
            yield ("simulator", "orders", "event"), self.orders.event
        for position, happening in enumerate(self.happenings):
            yield ("simulator", "happenings", position, "event"), happening.event
        for position, follow_up in enumerate(self.follow_ups):
            yield ("simulator", "follow_ups", position, "event"), follow_up.event
            if follow_up.otherwise is not None:
                yield ("simulator", "follow_ups", position, "otherwise"), follow_up.otherwise
