"""Leads that are older than those that can be learnt from: their level is that of all leads watched at their age.

A row can be learnt from once its horizon has passed. Where history is short, none is of an old lead, although leads of
that age have been watched for weeks. What became of these, open ones censored, says how many convert: the share is the
cumulative incidence, in which other ends compete (Aalen and Johansen 1978).
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from leadwise.domain.card import Task
from leadwise.domain.column import ColumnKind
from leadwise.domain.frame import Floats
from leadwise.domain.target import NamedFeature, Target
from leadwise.models.margins import sigmoid
from leadwise.training.age_curve import AgeCurve
from leadwise.training.fingerprint import model_version
from leadwise.training.fitted_model import FittedModel
from leadwise.training.labels import MICROSECONDS_PER_DAY
from leadwise.training.stamps import whole

AGE = "Days since arrival"
FEWEST_ROWS = 100
"""Ages up to which there are so many rows to learn from are left to the model."""
FEWEST_LEADS = 50
"""So many old open leads at least share one offset."""
MOST_GROUPS = 3
FEWEST_WATCHED = 20
"""Hazards of ages at which fewer leads were watched are those of the month of ages before."""
MONTH_DAYS = 30
BEYOND_CHANCE = 2.0
"""Standard deviations."""
LARGEST_OFFSET = 5.0


@dataclass(frozen=True)
class Watched:
    """What became of leads up to now, by day of age.

    Args:
        at_risk: How many were open and watched on each day of age.
        won: How many converted on it.
        ended: How many ended on it, the converted ones among them.
    """

    at_risk: Floats
    won: Floats
    ended: Floats

    def converting(self, days: Floats, horizon_days: int) -> Floats:
        """The share of leads that are open at an age that convert within the horizon."""
        whole_days = days.astype(int)
        longest = int(whole_days.max(initial=0)) + horizon_days
        won, ended = (self._hazards(events, longest) for events in (self.won, self.ended))
        shares = np.zeros(longest)
        for day in np.unique(whole_days).tolist():
            still_open = np.cumprod(np.append(1.0, 1 - ended[day : day + horizon_days - 1]))
            shares[day] = won[day : day + horizon_days] @ still_open
        return np.asarray(shares[whole_days])

    def _hazards(self, events: Floats, days: int) -> Floats:
        known = np.flatnonzero(self.at_risk >= FEWEST_WATCHED)
        until = int(known[-1]) + 1 if len(known) else 0
        hazards = events[:until] / np.maximum(self.at_risk[:until], 1)
        return np.append(hazards, np.full(max(days - until, 0), hazards[-MONTH_DAYS:].mean() if until else 0.0))


def watch(leads: pa.Table, outcomes: pa.Table, as_of: int) -> Watched:
    """All leads from their arrival to their first end, or as of now, if none is known.

    Args:
        leads: `History.leads`.
        outcomes: `History.outcomes`.
        as_of: Now, in microseconds since 1970.
    """
    number, arrived, recorded = whole(leads, "lead", "occurred_at", "recorded_at")
    lead, at, known = whole(outcomes, "lead", "occurred_at", "recorded_at")
    visible = (np.maximum(at, known) <= as_of) & np.isin(lead, number)
    lead, at, won = lead[visible], at[visible], np.asarray(outcomes["won"].to_numpy(), bool)[visible]
    order = np.lexsort([~won, at, lead])
    _, first = np.unique(lead[order], return_index=True)
    lead, at, won = (values[order][first] for values in (lead, at, won))
    place = np.argsort(number)[np.searchsorted(np.sort(number), lead)]
    end, is_won, is_ended = np.full(len(number), as_of), np.zeros(len(number), bool), np.zeros(len(number), bool)
    end[place], is_won[place], is_ended[place] = at, won, True
    here = np.maximum(arrived, recorded) <= as_of
    days = np.maximum(end - arrived, 0)[here] // MICROSECONDS_PER_DAY
    length = int(days.max(initial=0)) + 1
    counts: Any = [np.bincount(days[chosen], minlength=length) for chosen in (days >= 0, is_won[here], is_ended[here])]
    return Watched(np.cumsum(counts[0][::-1])[::-1].astype(float), counts[1].astype(float), counts[2].astype(float))


def follow_old_leads(
    model: FittedModel, target: Target, past: pa.Table, open_leads: pa.Table, watched: Watched
) -> FittedModel:
    """The model, with the level of all watched leads at ages of which hardly any row could be learnt from.

    It stays as it is where its own level agrees with that, chance considered.

    Args:
        model: Learnt from the past rows.
        target: What is predicted, of leads that are looked at by age.
        past: The rows that could be learnt from.
        open_leads: Today's open leads.
        watched: What became of all leads.
    """
    age = _find_age(model, target)
    if age is None or past.num_rows < FEWEST_ROWS:
        return model
    covered = float(np.sort(past[age.name].to_numpy() / age.times)[-FEWEST_ROWS])
    days = open_leads[age.name].to_numpy() / age.times
    order = np.argsort(days, kind="stable")
    old = order[days[order] > covered + 1]
    if len(old) < FEWEST_LEADS:
        return model
    margins = model.algorithm.predict(model.encode(open_leads.take(old)))
    usual = watched.converting(days[old], target.horizon_days)
    expected = float(sigmoid(model.scaling.apply(margins)).sum())
    seen = float(watched.won[int(covered) :].sum())
    spread = np.sqrt(usual.sum() + usual.sum() ** 2 / max(seen, 1.0))
    if abs(expected - usual.sum()) <= BEYOND_CHANCE * spread:
        return model
    groups = np.array_split(np.arange(len(old)), min(MOST_GROUPS, len(old) // FEWEST_LEADS))
    ends = (covered, *(float(days[old[group]].mean()) for group in groups))
    offsets = (0.0, *(_offset(model, margins[group], float(usual[group].sum())) for group in groups))
    sentence = (
        f"{len(old):,} of the open leads are older than {covered:.0f} days, but hardly any row to learn from was. "
        f"The rows alone would expect {expected:,.0f} conversions of them, but of as many leads that were watched at "
        f"their age {usual.sum():,.0f} convert. Their probabilities follow that."
    )
    return _with_curve(model, AgeCurve(age.name, tuple(day * age.times for day in ends), offsets), sentence)


def _find_age(model: FittedModel, target: Target) -> NamedFeature | None:
    """The column of the model that says how old a lead is, in whatever unit; None where ages say nothing."""
    if target.calendar is not None or target.repeats or target.task is not Task.CONVERSION:
        return None
    numbers = {column.name for column in model.columns if column.kind is ColumnKind.NUMBER}
    named = target.features or (NamedFeature(name=AGE, of=AGE),)
    return next((each for each in named if each.of == AGE and each.times > 0 and each.name in numbers), None)


def _offset(model: FittedModel, margins: Floats, conversions: float) -> float:
    """What must be added to margins so that so many conversions are expected; found by halving."""
    low, high = -LARGEST_OFFSET, LARGEST_OFFSET
    for _ in range(50):
        middle = (low + high) / 2
        if sigmoid(model.scaling.apply(margins + middle)).sum() > conversions:
            high = middle
        else:
            low = middle
    return (low + high) / 2


def _with_curve(model: FittedModel, curve: AgeCurve, sentence: str) -> FittedModel:
    version = model_version(model.algorithm, model.columns, model.scaling, curve)
    card = model.card.model_copy(update={"model_version": version, "warnings": (*model.card.warnings, sentence)})
    return replace(model, card=card, ages=curve)
