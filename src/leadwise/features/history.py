"""Features of leads as of moments, from the history of those leads: one code for training and scoring, on any engine.

Nothing that happened or became known after a moment can change a value: all that features see comes through one join
that applies the rule of `domain.clock.visible` (`features.compiling`).
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from difflib import get_close_matches
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from leadwise.domain.errors import Invalid, Missing
from leadwise.domain.history import MOMENTS, History, instant_of
from leadwise.domain.target import NamedFeature, Target
from leadwise.features.compiling import compile_features
from leadwise.features.definition import FeatureDefinition, Known, Value, families
from leadwise.features.engines import Dialect, Engine
from leadwise.features.markets import with_medians
from leadwise.features.parts import split
from leadwise.features.succession import NEVER
from leadwise.features.tables import engine_tables
from leadwise.features.texts import WholeColumn

__all__ = [
    "FeatureDefinition",
    "FeatureNotFoundError",
    "FeaturesOfOneNameError",
    "LeadNotKnownYetError",
    "Value",
    "compute",
    "definitions",
    "describe",
    "statement",
]


_WORTH_A_STATEMENT = 10_000
"""Fewer moments are not divided among processors."""
_OWN_COLUMNS: "list[pa.Field[Any]]" = [pa.field("row", pa.int64()), pa.field("known_since", pa.int64())]


class FeatureNotFoundError(Missing):
    """A feature was asked for that the target's leads do not have."""

    code = "feature_not_found"

    def __init__(self, name: str, names: Iterable[str]) -> None:
        self.name = name
        near = get_close_matches(name, list(names), n=1)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        super().__init__(f"There is no feature {name!r}.{hint}")


class FeaturesOfOneNameError(Invalid):
    """Two features of a target would have the same name."""

    code = "features_of_one_name"

    def __init__(self, names: Iterable[str]) -> None:
        self.names = tuple(names)
        super().__init__(
            f"Each feature must have a name of its own, but these stand twice: {', '.join(self.names)}. "
            "Give the field or the kind of event another title."
        )


class LeadNotKnownYetError(Missing):
    """A lead was asked for as of an instant at which it was not known."""

    code = "lead_not_known_yet"

    def __init__(self, lead: str, as_of: datetime, known_since: datetime | None) -> None:
        self.lead, self.as_of, self.known_since = lead, as_of, known_since
        step = f"ask for {known_since.isoformat()} or later" if known_since else "import it first"
        super().__init__(f"The lead {lead} was not known at {as_of.isoformat()}; {step}.")


@lru_cache(maxsize=64)
def definitions(target: Target, dialect: Dialect | None = None) -> tuple[FeatureDefinition, ...]:
    """All features of a target's leads, in the order of the table; those that the target names, if it names any.

    Raises:
        FeatureNotFoundError: if the target names one that its leads do not have.
        FeaturesOfOneNameError: if fields or kinds of events are called so that two features have one name.
    """
    if dialect is None:
        from leadwise.features.engines.duckdb import DuckDBDialect  # noqa: PLC0415 - engines load when used

        dialect = DuckDBDialect()
    found = [each for family in families() for each in family(target, dialect)]
    names = [each.name for each in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise FeaturesOfOneNameError(twice)
    if not target.features:
        return tuple(found)
    by_name = dict(zip(names, found, strict=True))
    return tuple(_renamed(named, by_name) for named in target.features)


def _renamed(named: NamedFeature, by_name: dict[str, FeatureDefinition]) -> FeatureDefinition:
    if named.of not in by_name:
        raise FeatureNotFoundError(named.of, by_name)
    usual = by_name[named.of]
    return usual.under(named.name, named.times)


@lru_cache(maxsize=64)
def statement(target: Target, dialect: Dialect, without: frozenset[Known] = frozenset()) -> str:
    """The one SQL statement that computes all features of a target; see `features.compiling` for what it reads."""
    return compile_features(definitions(target, dialect), without)


def compute(target: Target, history: History, moments: pa.Table, engine: Engine) -> pa.Table:
    """The features of leads, each as of its own moment.

    Args:
        target: What is predicted; it has the words that features are made of.
        history: All that is on record of these leads, or of more.
        moments: `lead` and `as_of`, in any order; what `features.markets` added is not looked for again.
        engine: What runs the statement.

    Returns:
        One row per moment, in their order: `lead`, `as_of`, and one column for each of `definitions(target)`.

    Raises:
        LeadNotKnownYetError: if a lead was not known at its moment.
        EngineError: if the engine cannot go on.
    """
    moments = with_medians(target, history, moments, engine)
    each = -(-moments.num_rows // engine.statements_at_once)
    most = min(engine.moments_at_once, max(each, _WORTH_A_STATEMENT))
    if moments.num_rows <= most:
        return _features(target, history, moments, engine)
    parts = split(history, moments, most)
    with ThreadPoolExecutor(engine.statements_at_once) as pool:
        found = pa.concat_tables(pool.map(lambda part: _features(target, part.history, part.moments, engine), parts))
    return _ordered(found, np.concatenate([part.places for part in parts]))


def _features(target: Target, history: History, moments: pa.Table, engine: Engine) -> pa.Table:
    numbered = moments.append_column("row", pa.array(np.arange(moments.num_rows)))
    tables = {**engine_tables(target, history), "moments": numbered}
    without = frozenset(known for known in Known if not tables[known].num_rows)
    features = definitions(target)
    suited = engine.suited_to(sum(table.num_rows for table in tables.values()), len(features))
    found = suited.run(statement(target, suited.dialect, without), tables, _columns(target))
    found = _ordered(found, found["row"].to_numpy())
    _check_known(history, moments, found["known_since"])
    asked = moments.select(MOMENTS.names)
    given = found.columns[len(_OWN_COLUMNS) :]
    return pa.table([*asked.columns, *given], names=[*asked.column_names, *(each.name for each in features)])


@lru_cache(maxsize=64)
def _columns(target: Target) -> pa.Schema:
    """The columns of a statement's result."""
    features = [pa.field(f"feature_{place}", each.dtype) for place, each in enumerate(definitions(target))]
    return pa.schema([*_OWN_COLUMNS, *features])


def _ordered(found: pa.Table, row: NDArray[np.int64]) -> pa.Table:
    """By row; a statement that sorts a hundred columns takes longer."""
    return found if np.all(row[1:] > row[:-1]) else found.take(np.argsort(row))


def _check_known(history: History, moments: pa.Table, known_since: WholeColumn) -> None:
    unknown = np.flatnonzero(known_since.fill_null(pa.scalar(NEVER)).to_numpy() > moments["as_of"].to_numpy())
    if not len(unknown):
        return
    row = int(unknown[0])
    lead, as_of, since = moments["lead"][row].as_py(), moments["as_of"][row].as_py(), known_since[row].as_py()
    found = history.leads.filter(pc.equal(history.leads["lead"], lead)).to_pylist()
    name = f"{found[0]['external_id']} of {found[0]['source']}" if found else str(lead)
    raise LeadNotKnownYetError(name, instant_of(as_of), None if since is None else instant_of(since))


def describe(target: Target, name: str, value: Value) -> str:
    """What sales reads of a feature's value.

    Raises:
        FeatureNotFoundError: if the target's leads have no such feature.

    >>> from leadwise.domain.target import EventKind
    >>> kind = EventKind(name="reply", title="Replies", never="Silent", once="Wrote once", times="Wrote {value} times")
    >>> target = Target(name="sold", title="Buys", entity="lead", horizon_days=60, open_days=30, ages_days=(0,),
    ...                 events=(kind,))
    >>> describe(target, "Replies in the last 7 days", 3), describe(target, "Replies: days since the last", None)
    ('Wrote 3 times in the last 7 days', 'Silent')
    >>> describe(target, "Reply", 3)
    Traceback (most recent call last):
    leadwise.features.history.FeatureNotFoundError: There is no feature 'Reply'. Did you mean 'Replies'?
    """
    by_name = {each.name: each for each in definitions(target)}
    if name not in by_name:
        raise FeatureNotFoundError(name, by_name)
    return by_name[name].sentence(value)
