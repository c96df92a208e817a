"""What was recorded of leads, out of the store in the form that engines take."""

from collections.abc import Sequence

import pyarrow as pa
from sqlalchemy import Connection

from leadwise.domain.history import EVENTS, LEADS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import FIELD_CHANGED, Target
from leadwise.store.copying import copy_table, prepare

# A lead that was merged into another is that one; whoever asks for one lead gets what is said of all parts of it.
_OF_LEADS = """
    leads.organisation_id = %(organisation)s AND leads.entity = %(entity)s
    AND (%(leads)s::bigint[] IS NULL OR coalesce(leads.merged_into, leads.id) = ANY (%(leads)s::bigint[]))
"""

_LEADS = f"""
SELECT id, source, external_id, occurred_at, recorded_at
FROM leads
WHERE {_OF_LEADS} AND merged_into IS NULL
ORDER BY source COLLATE "C", external_id COLLATE "C"
"""  # noqa: S608 - our own statement

# One lead is found by its number, which keeps the plan to its own rows.
_STATEMENTS = """
SELECT said.lead_id, field, nullif(value #>> '{}', ''), number_of(value #>> '{}'), said.occurred_at, said.recorded_at,
    row_number() OVER (
        PARTITION BY said.lead_id ORDER BY said.occurred_at, said.recorded_at, is_arrival DESC,
        said.source COLLATE "C", said.external_id COLLATE "C", field COLLATE "C", value
    )
FROM field_statements AS said
JOIN leads ON leads.id = said.said_of
WHERE field = ANY (%(fields)s) AND {of_leads}
""".replace("{of_leads}", _OF_LEADS)

_EVENTS = """
SELECT coalesce(leads.merged_into, leads.id), kind, events.occurred_at, events.recorded_at,
    row_number() OVER (
        PARTITION BY coalesce(leads.merged_into, leads.id) ORDER BY events.occurred_at, events.recorded_at,
        events.source COLLATE "C", events.external_id COLLATE "C"
    ){numbers}
FROM events
JOIN leads ON leads.id = events.lead_id
WHERE events.kind <> %(field_changed)s AND {of_leads}
""".replace("{of_leads}", _OF_LEADS)

_OUTCOMES = f"""
SELECT coalesce(leads.merged_into, leads.id) AS lead, won, value, outcomes.occurred_at, outcomes.recorded_at
FROM outcomes
JOIN leads ON leads.id = outcomes.lead_id
WHERE outcomes.target = %(target)s AND {_OF_LEADS}
ORDER BY lead, outcomes.occurred_at, outcomes.recorded_at, outcomes.source COLLATE "C",
    outcomes.external_id COLLATE "C"
"""  # noqa: S608 - our own statement


def read_history(
    connection: Connection, organisation: str, target: Target, leads: Sequence[int] | None = None
) -> History:
    """All that is on record for a target, whenever it happened: of all leads of its entity, or of some.

    Statements are those of the target's fields: what each delivery of a lead said, and what events of kind
    `field_changed` said, which are therefore not among the events. A text that is no number has none. What was merged
    into a lead is the lead's.

    Args:
        connection: Its transaction sees one state of the store; its time zone becomes UTC.
        organisation: Whose.
        target: Names the entity, the fields, the outcomes, and the numbers among events' particulars.
        leads: The numbers (`History.leads`) of the leads that matter; None for all.
    """
    given = {
        "organisation": organisation,
        "entity": target.entity,
        "target": target.name,
        "leads": None if leads is None else list(leads),
        "fields": [field.name for field in target.fields],
        "field_changed": FIELD_CHANGED,
    }
    prepare(connection)
    numbers = {f"number_{position}": name for position, name in enumerate(target.numbers)}
    columns = "".join(f", number_of(events.fields ->> %({key})s)" for key in numbers)
    events = pa.schema([*EVENTS, *(pa.field(name, pa.float64()) for name in target.numbers)])
    return History(
        leads=copy_table(connection, _LEADS, given, LEADS),
        statements=copy_table(connection, _STATEMENTS, given, STATEMENTS),
        events=copy_table(connection, _EVENTS.replace("{numbers}", columns), {**given, **numbers}, events),
        outcomes=copy_table(connection, _OUTCOMES, given, OUTCOMES),
    )
