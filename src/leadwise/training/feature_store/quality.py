"""What a snapshot is like: how complete, how fresh, what is unusual, and what moved since the one before."""

from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel

from leadwise.domain.frame import Floats
from leadwise.domain.history import History, instant_of

FAR_OUT = 3.0
"""A value so many interquartile ranges beyond the quartiles is an outlier (Tukey 1977: "far out")."""
MOVED_BY = 0.25
"""A mean that moved by so many standard deviations is worth a word."""
SHARE_MOVED_BY = 0.1
"""So is a share of values, or of leads that have a value."""
_HOUR = 3_600_000_000


class RowCounts(BaseModel):
    """How many rows there are. Rows taken over were computed for an earlier snapshot, and nothing of them changed."""

    open_leads: int
    training: int
    training_leads: int
    taken_over: int
    computed: int


class Coverage(BaseModel):
    """How many of the leads on record are in the snapshot, and of how many anything is known beside their arrival."""

    leads: int
    open_share: float
    training_share: float
    with_events_share: float


class Freshness(BaseModel):
    """When the newest fact of a kind that was known then happened and was recorded; null if there is none."""

    occurred_at: datetime | None
    recorded_at: datetime | None
    hours_ago: float | None
    """From `recorded_at` to the instant of the snapshot."""


class FeatureQuality(BaseModel):
    """One feature of the open leads, and how complete it is in training. Null: no lead has a value, or it is a text."""

    type: str
    completeness: float | None
    completeness_training: float | None
    distinct: int
    minimum: float | None = None
    median: float | None = None
    mean: float | None = None
    maximum: float | None = None
    outliers: int = 0


class Moved(BaseModel):
    """A feature that is not as it was."""

    mean_moved_by: float | None
    """In standard deviations; null for a text."""
    share_moved_by: float | None
    """Half the sum of differences between the shares of a text's values: 0 to 1; null for a number."""
    completeness_change: float


class Comparison(BaseModel):
    """What is different from the snapshot before."""

    snapshot: str
    same_definitions: bool
    new_features: tuple[str, ...]
    vanished_features: tuple[str, ...]
    new_leads: int
    vanished_leads: int
    moved: dict[str, Moved]


class Quality(BaseModel):
    """What `quality.json` says."""

    target: str
    organisation: str
    as_of: datetime
    made_at: datetime
    leadwise_version: str
    fingerprint: str
    """Of the target and all definitions: rows are taken over while it stays."""
    found_kinds: tuple[str, ...] = ()
    """Frequent kinds of events that the target does not name, and that features were made of all the same."""
    rows: RowCounts
    coverage: Coverage
    freshness: dict[str, Freshness]
    features: dict[str, FeatureQuality]
    comparison: Comparison | None
    """Null: there was no snapshot."""


def own_version() -> str:
    """The version of leadwise that runs."""
    return version("leadwise")


def cover(history: History, open_leads: int, training_leads: int) -> Coverage:
    """How much of a history a snapshot speaks of."""
    leads = history.leads.num_rows
    with_events = len(pc.unique(history.events["lead"]))
    open_share, training, events = (count / max(leads, 1) for count in (open_leads, training_leads, with_events))
    return Coverage(leads=leads, open_share=open_share, training_share=training, with_events_share=events)


def freshness(history: History, as_of: int) -> dict[str, Freshness]:
    """By kind of fact, the newest one that was known at an instant."""
    tables = {name: getattr(history, name) for name in ("leads", "statements", "events", "outcomes")}
    return {name: _newest(table, as_of) for name, table in tables.items()}


def _newest(table: pa.Table, as_of: int) -> Freshness:
    known = table.filter((pc.field("occurred_at") <= as_of) & (pc.field("recorded_at") <= as_of))
    if not known.num_rows:
        return Freshness(occurred_at=None, recorded_at=None, hours_ago=None)
    occurred_at, recorded_at = (pc.max(known[name]).as_py() for name in ("occurred_at", "recorded_at"))
    return Freshness(
        occurred_at=instant_of(occurred_at),
        recorded_at=instant_of(recorded_at),
        hours_ago=round((as_of - recorded_at) / _HOUR, 3),
    )


def describe_features(open_leads: pa.Table, training: pa.Table, names: list[str]) -> dict[str, FeatureQuality]:
    """Each feature of the open leads, its outliers judged by the training rows where there are any."""
    return {name: _describe(open_leads[name], training[name]) for name in names}


def _describe(values: Any, past: Any) -> FeatureQuality:
    found = FeatureQuality(
        type=str(values.type),
        completeness=completeness(values),
        completeness_training=completeness(past),
        distinct=len(pc.unique(values.drop_null())),
    )
    numbers = numbers_of(values)
    if numbers is None or not len(numbers):
        return found
    usual = numbers_of(past)
    low, high = np.quantile(usual if usual is not None and len(usual) else numbers, [0.25, 0.75])
    beyond = FAR_OUT * (high - low)
    numeric = {
        "minimum": float(numbers.min()),
        "median": float(np.median(numbers)),
        "mean": float(numbers.mean()),
        "maximum": float(numbers.max()),
        "outliers": int(((numbers < low - beyond) | (numbers > high + beyond)).sum()) if beyond > 0 else 0,
    }
    return found.model_copy(update=numeric)


def completeness(values: Any) -> float | None:
    """The share of rows that have a value; None if there are no rows."""
    return None if not len(values) else 1 - values.null_count / len(values)


def numbers_of(values: Any) -> Floats | None:
    """The values that are not null, as numbers; None if they are texts."""
    if pa.types.is_string(values.type):
        return None
    return np.asarray(values.drop_null().cast(pa.float64()).to_numpy(), dtype=np.float64)


def moved(before: pa.Table, after: pa.Table, names: list[str]) -> dict[str, Moved]:
    """Those features of open leads that are clearly not as they were."""
    if not before.num_rows or not after.num_rows:
        return {}
    found = {name: _moved(before[name], after[name]) for name in names}
    return {name: each for name, each in found.items() if each is not None}


def _moved(before: Any, after: Any) -> Moved | None:
    change = (completeness(after) or 0.0) - (completeness(before) or 0.0)
    was, now = numbers_of(before), numbers_of(after)
    mean = None if was is None or now is None else _mean_moved_by(was, now)
    share = None if was is not None else _share_moved_by(before, after)
    if abs(mean or 0) < MOVED_BY and (share or 0) < SHARE_MOVED_BY and abs(change) < SHARE_MOVED_BY:
        return None
    return Moved(mean_moved_by=mean, share_moved_by=share, completeness_change=change)


def _mean_moved_by(was: Floats, now: Floats) -> float | None:
    if not len(was) or not len(now):
        return None
    deviation = float(was.std()) or float(now.std())
    return float(now.mean() - was.mean()) / deviation if deviation > 0 else 0.0


def _share_moved_by(was: Any, now: Any) -> float:
    """Half the sum of differences between shares of values: 0 if alike, 1 if they have nothing in common."""
    before, after = _shares(was), _shares(now)
    return sum(abs(before.get(each, 0.0) - after.get(each, 0.0)) for each in {*before, *after}) / 2


def _shares(texts: Any) -> Mapping[str | None, float]:
    counted = pc.value_counts(texts)
    return {each["values"]: each["counts"] / len(texts) for each in counted.to_pylist()}
