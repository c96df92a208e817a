"""A new snapshot: all open leads as of now, and past leads to learn from, of which unchanged rows are taken over."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from leadwise.domain.history import MOMENTS, History, microseconds
from leadwise.domain.target import Target
from leadwise.features.engines import Engine
from leadwise.features.engines.duckdb import DuckDBDialect
from leadwise.features.found_kinds import count_kinds, find_kinds, with_kinds
from leadwise.features.history import compute, definitions, statement
from leadwise.features.markets import with_medians
from leadwise.training.feature_store.digests import digests
from leadwise.training.feature_store.quality import (
    Comparison,
    Quality,
    RowCounts,
    cover,
    describe_features,
    freshness,
    moved,
    own_version,
)
from leadwise.training.feature_store.snapshot import Shelf, Snapshot
from leadwise.training.landmarks import GROUP, NOT_FEATURES, OUTCOME, learnable_landmarks, moment_table, open_lead_table

DIGEST = "digest"
"""A column of training rows: what their features were made of (`digests`)."""


@dataclass(frozen=True)
class Made:
    """What is to be written, and how many training rows did not have to be computed."""

    features: pa.Table
    training: pa.Table
    taken_over: int


def fingerprint(target: Target) -> str:
    """A digest of the target and all definitions, which changes when a feature may mean something else."""
    parts = [own_version(), target.model_dump_json(), statement(target, DuckDBDialect())]
    parts += [f"{each.name}: {each.dtype}" for each in definitions(target)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def refresh(
    shelf: Shelf,
    target: Target,
    history: History,
    engine: Engine,
    *,
    organisation: str,
    as_of: datetime,
    made_at: datetime,
) -> Quality:
    """Write a snapshot and let it be in force; gives what `quality.json` says of it.

    Rows of past landmarks whose lead had the same facts then are taken over from the snapshot before, as long as
    definitions stay; labels and open leads are made anew, as they change with time.

    Args:
        shelf: Where; the caller holds its folder alone, from before the history was read.
        target: What is predicted; frequent kinds of events that it does not name get words of their own.
        history: All that is on record.
        engine: What computes features.
        organisation: Whose history it is.
        as_of: The instant that open leads' features are of, and up to which outcomes are known.
        made_at: Now.
    """
    before = None if shelf.find_latest() is None else shelf.get()
    kept = before.found_kinds if before is not None else ()
    found_kinds = find_kinds(target, count_kinds(history, microseconds(as_of)), kept)
    target = with_kinds(target, found_kinds)
    mark = fingerprint(target)
    made = make(target, history, engine, as_of, before if before is not None and before.fingerprint == mark else None)
    names = [each.name for each in definitions(target)]
    training_leads = len(pc.unique(made.training[GROUP]))
    quality = Quality(
        target=target.name,
        organisation=organisation,
        as_of=as_of,
        made_at=made_at,
        leadwise_version=own_version(),
        fingerprint=mark,
        found_kinds=found_kinds,
        rows=RowCounts(
            open_leads=made.features.num_rows,
            training=made.training.num_rows,
            training_leads=training_leads,
            taken_over=made.taken_over,
            computed=made.training.num_rows - made.taken_over,
        ),
        coverage=cover(history, made.features.num_rows, training_leads),
        freshness=freshness(history, microseconds(as_of)),
        features=describe_features(made.features, made.training, names),
        comparison=None if before is None else _compare(before, made.features, mark),
    )
    shelf.publish(quality, made.features, made.training)
    return quality


def make(target: Target, history: History, engine: Engine, as_of: datetime, before: Snapshot | None) -> Made:
    """The tables of a snapshot; rows that `before` has are not computed again."""
    moments, outcome = learnable_landmarks(target, history, as_of)
    moments = with_medians(target, history, moments, engine)
    marks = digests(history, moments)
    place = _places(marks, before)
    fresh = place.is_null()
    computed = compute(target, history, moments.filter(fresh), engine).drop_columns(MOMENTS.names)
    features = computed if before is None else _merge(before.training, place, computed)
    training = moment_table(history, moments, features).append_column(OUTCOME, outcome).append_column(DIGEST, marks)
    open_leads = open_lead_table(target, history, engine, as_of=as_of)
    return Made(open_leads, training, moments.num_rows - computed.num_rows)


def _places(marks: Any, before: Snapshot | None) -> Any:
    """Where each row stands in the snapshot before; null where it does not."""
    if before is None:
        return pa.chunked_array([pa.nulls(len(marks), pa.int32())])
    return pc.index_in(marks, value_set=before.training[DIGEST].combine_chunks())


def _merge(old: pa.Table, place: Any, computed: pa.Table) -> pa.Table:
    """Rows from the old table where they have a place there, the others from the computed ones, in order."""
    fresh = np.asarray(place.is_null().to_numpy())
    row = np.where(fresh, np.cumsum(fresh) - 1 + old.num_rows, place.fill_null(0).to_numpy()).astype(np.int64)
    both = pa.concat_tables([old.select(computed.column_names).cast(computed.schema), computed])
    return both.take(row)


def _compare(before: Snapshot, features: pa.Table, mark: str) -> Comparison:
    was, now = (
        [name for name in table.column_names if name not in NOT_FEATURES] for table in (before.features, features)
    )
    old, new = set(before.features[GROUP].to_pylist()), set(features[GROUP].to_pylist())
    alike = [name for name in now if name in was and before.features[name].type == features[name].type]
    return Comparison(
        snapshot=before.name,
        same_definitions=before.fingerprint == mark,
        new_features=tuple(name for name in now if name not in was),
        vanished_features=tuple(name for name in was if name not in now),
        new_leads=len(new - old),
        vanished_leads=len(old - new),
        moved=moved(before.features, features, alike),
    )
