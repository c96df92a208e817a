"""All features of a target as one SQL statement: one pass over the events, and the rule of visibility once.

No word of a user's becomes part of it: kinds, fields and columns are numbers (`features.tables`).

The statement reads the tables of `features.tables` and `moments` (`row`, and what `features.markets` gives). It gives,
in any order, `row`, `known_since` (null for a lead that is not there) and one column `feature_<place>` for each
definition. A source of which nothing is asked is not read, nor one of which it is known that it has nothing.
"""

import re
from collections.abc import Collection, Mapping, Sequence

from leadwise.features.definition import Aggregate, FeatureDefinition, Known

_NAME = re.compile(r"\{(\w+)\}")

_ASKED = """asked AS (
  SELECT moments.*, leads.occurred_at AS arrived_at,
    greatest(leads.occurred_at, leads.recorded_at) AS known_since
  FROM moments LEFT JOIN leads ON leads.lead = moments.lead
)"""
_MOMENT = "row, as_of, arrived_at, known_since"


def _visible(table: str, more: str = "") -> str:
    """What a table knows as of each moment that is asked for: the only way by which facts reach features."""
    return (
        f"SELECT {_MOMENT}, asked.as_of - fact.occurred_at AS age, fact.*{more} FROM asked JOIN {table} AS fact "
        "ON fact.lead = asked.lead AND fact.known_at <= asked.as_of AND asked.as_of < fact.until"
    )


_SOURCES = {
    Known.EVENTS: _visible("events", ", fact.ours_known_at <= asked.as_of AS after_ours"),
    Known.STATEMENTS: _visible("statements"),
    Known.CHANGES: _visible("changes"),
}

_Names = dict[Aggregate, str]
"""What each distinct aggregate is called in the statement: features that need the same one share it."""
Evidence = Mapping[str, Sequence[tuple[Aggregate, str]]]
"""By feature, the aggregates behind it and what each is called."""


def compile_features(definitions: Sequence[FeatureDefinition], without: Collection[Known] = ()) -> str:
    """The statement that computes these features; for tables that have nothing of some sources, if it says so."""
    names: _Names = {}
    values = [f"{_value(definition, names)} AS feature_{place}" for place, definition in enumerate(definitions)]
    tables, joins = [_ASKED], []
    for known in Known:
        columns = [f"{aggregate.sql} AS {name}" for aggregate, name in names.items() if aggregate.over is known]
        if columns:
            anything = " WHERE 1 = 0" if known in without else ""  # the columns keep their types
            tables.append(f"of_{known} AS (\n  {_aggregated(known, columns, 'row', anything)} GROUP BY row\n)")
            joins.append(f"LEFT JOIN of_{known} ON of_{known}.row = asked.row")
    listed = ",\n  ".join(["asked.row AS row", "known_since", *values])
    return "\n".join([f"WITH {', '.join(tables)}", f"SELECT {listed}", "FROM asked", *joins])


def compile_evidence(definitions: Sequence[FeatureDefinition]) -> tuple[dict[Known, str], Evidence]:
    """Statements that say what each single fact gives to the aggregates behind features, by source.

    Each gives one row per fact, with its `position`, and one without a position for all facts together. The second
    result names the columns behind each feature, with the source and the aggregate of each.
    """
    names: _Names = {}
    behind = {each.name: list(_own(each, names).values()) for each in definitions}
    by_column = {name: aggregate for aggregate, name in names.items()}
    evidence = {name: [(by_column[column], column) for column in columns] for name, columns in behind.items()}
    columns = {
        known: [f"{aggregate.sql} AS {name}" for aggregate, name in names.items() if aggregate.over is known]
        for known in Known
    }
    return {
        known: f"WITH {_ASKED}\n{_aggregated(known, listed, 'position')} GROUP BY position\n"
        f"UNION ALL {_aggregated(known, listed, 'NULL AS position')}"
        for known, listed in columns.items()
        if listed
    }, evidence


def _aggregated(known: Known, columns: Sequence[str], key: str, anything: str = "") -> str:
    return f"SELECT {', '.join([key, *columns])} FROM ({_SOURCES[known]}) AS known{anything}"


def _value(definition: FeatureDefinition, names: _Names) -> str:
    """The definition's expression with the names of its aggregates, which are added to `names`."""
    return _fill(definition.value, _own(definition, names))


def _own(definition: FeatureDefinition, names: _Names) -> dict[str, str]:
    """What each of the definition's aggregates is called in the statement."""
    return {
        name: names.setdefault(aggregate, f"{aggregate.over}_{len(names)}")
        for name, aggregate in definition.aggregates.items()
    }


def _fill(sql: str, own: Mapping[str, str]) -> str:
    return _NAME.sub(lambda found: own[found[1]], sql)
