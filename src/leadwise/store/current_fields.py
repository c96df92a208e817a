"""What is known of leads' fields as of an instant: the last word on each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from leadwise.domain.lead import Fields
from leadwise.store.copying import joined_whole
from leadwise.store.history import FEW

# What is said of each field last; the order is that of `store.history`.
_CURRENT_FIELDS = """
SELECT lead_id, jsonb_object_agg(field, value) AS fields
FROM (
    SELECT DISTINCT ON (lead_id, field) lead_id, field, value
    FROM field_statements
    WHERE organisation_id = :organisation AND entity = :entity AND field = ANY (:fields)
        AND greatest(occurred_at, recorded_at) <= :as_of {of_leads}
    ORDER BY lead_id, field, occurred_at DESC, recorded_at DESC, is_arrival, source COLLATE "C" DESC,
        external_id COLLATE "C" DESC, value DESC
) AS said
GROUP BY lead_id
"""
_PARTS = "SELECT id FROM leads WHERE id = ANY (:leads) UNION SELECT id FROM leads WHERE merged_into = ANY (:leads)"


def read_current_fields(
    connection: Connection,
    organisation: str,
    entity: str,
    fields: Sequence[str],
    as_of: datetime,
    leads: Sequence[int] | None = None,
) -> dict[int, Fields]:
    """What was said last of these fields, by the number of the lead: of all leads, or of some."""
    given: dict[str, Any] = {"organisation": organisation, "entity": entity, "fields": list(fields), "as_of": as_of}
    if leads is not None:
        # By their numbers, so that what is said of some leads is found by index.
        given["parts"] = list(connection.scalars(text(_PARTS), {"leads": list(leads)}))
    statement = text(_CURRENT_FIELDS.format(of_leads="" if leads is None else "AND said_of = ANY (:parts)"))
    with joined_whole(connection, many=leads is None or len(leads) > FEW):
        return {row.lead_id: row.fields for row in connection.execute(statement, given)}


def as_text(value: object) -> str:
    """A field's value as leads are searched and grouped by it; empty where none is given."""
    return "" if value is None else str(value)
