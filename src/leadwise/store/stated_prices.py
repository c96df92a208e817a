"""What leads say of prices, and of what prices are compared by: no more of it than can have a part in a market."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import Connection

from leadwise.domain.history import LEAD, STAMPS, STATEMENTS
from leadwise.store.copying import copy_table, joined_whole, prepare

# One row per delivery, with a few columns for each field: one row per field takes three times as long.
_DELIVERIES = """
SELECT lead_id, occurred_at, greatest(recorded_at, merged_at){columns}
FROM (
    SELECT *, max(occurred_at) FILTER (WHERE fields ?| %(prices)s) OVER (PARTITION BY lead_id) AS last_priced_at
    FROM deliveries
    WHERE organisation_id = %(organisation)s AND entity = %(entity)s
        AND fields ?| %(fields)s AND recorded_at <= %(until)s
) AS said
WHERE last_priced_at > %(since)s
"""
# What was not given is an empty text here, as what is not spoken of is null. The order is that of `store.history`.
_OF_FIELD = """, CASE WHEN fields ? %(field_#)s THEN coalesce(fields ->> %(field_#)s, '') END, {number},
    row_number() OVER (
        PARTITION BY lead_id ORDER BY occurred_at, recorded_at, is_arrival DESC, source COLLATE "C",
        external_id COLLATE "C", fields -> %(field_#)s
    )"""
_NUMBER, _NO_NUMBER = "number_of(fields ->> %(field_#)s)", "NULL"


def read_stated_prices(
    connection: Connection,
    organisation: str,
    entity: str,
    prices: Sequence[str],
    compared_by: Sequence[str],
    *,
    since: datetime,
    until: datetime,
) -> pa.Table:
    """What was said of some fields, of all leads that may have stated a price in a time, as `History.statements`.

    Args:
        connection: Its transaction sees one state of the store.
        organisation: Whose.
        entity: Which kind of leads.
        prices: The fields that hold prices; only they have numbers.
        compared_by: Other fields that are wanted, whenever something was said of them.
        since: Leads that said nothing of a price after this instant are left out.
        until: What was recorded after this instant is left out.
    """
    fields = list(dict.fromkeys([*prices, *compared_by]))
    given: dict[str, object] = {"organisation": organisation, "entity": entity, "since": since, "until": until}
    given |= {"prices": list(prices), "fields": fields}
    given |= {f"field_{place}": name for place, name in enumerate(fields)}
    columns = [
        _OF_FIELD.replace("{number}", _NUMBER if name in prices else _NO_NUMBER).replace("#", str(place))
        for place, name in enumerate(fields)
    ]
    prepare(connection)
    with joined_whole(connection, many=True):
        query = _DELIVERIES.replace("{columns}", "".join(columns))
        said = copy_table(connection, query, given, _schema(len(fields)))
    return pa.concat_tables([_of_field(said, place, name) for place, name in enumerate(fields)])


def _schema(fields: int) -> pa.Schema:
    columns = ("text", pa.string()), ("number", pa.float64()), ("position", pa.int64())
    of_fields = [pa.field(f"{name}_{place}", kind) for place in range(fields) for name, kind in columns]
    return pa.schema([LEAD, *STAMPS, *of_fields])


def _of_field(said: pa.Table, place: int, name: str) -> pa.Table:
    """The deliveries that speak of a field."""
    spoken = said.filter(said[f"text_{place}"].is_valid())
    text: Any = spoken[f"text_{place}"]
    columns = {
        "lead": spoken["lead"],
        "field": pa.repeat(pa.scalar(name), spoken.num_rows),
        "text": pc.if_else(pc.equal(text, pa.scalar("")), pa.scalar(None, pa.string()), text),
        "number": spoken[f"number_{place}"],
        "occurred_at": spoken["occurred_at"],
        "recorded_at": spoken["recorded_at"],
        "position": spoken[f"position_{place}"],
    }
    return pa.table(columns, schema=STATEMENTS)
