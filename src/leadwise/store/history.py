"""What was recorded of leads, out of the store in the form that engines take."""

from collections.abc import Sequence

import pyarrow as pa
from sqlalchemy import Connection, text

from leadwise.domain.history import EVENTS, LEADS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import FIELD_CHANGED, OWN_KINDS, Target
from leadwise.store.copying import copy_table, fetch_tables, joined_whole, prepare

FEW = 100
"""Up to so many leads are found one by one by index; for more, tables are read whole."""

# A lead that was merged into another is that one; whoever asks for one lead gets what is said of all parts of it.
_OF_LEADS = "leads.organisation_id = %(organisation)s AND leads.entity = %(entity)s{of_parts}"
_OF_PARTS = " AND leads.id = ANY (%(parts)s)"
_OF_SAID = " AND said_of = ANY (%(parts)s)"  # once more within the view, or all that was ever said is read
_PARTS = """
SELECT id FROM leads WHERE id = ANY (%(leads)s)
UNION SELECT id FROM leads WHERE merged_into = ANY (%(leads)s)
"""

_LEADS = f"""
SELECT id, source, external_id, occurred_at, recorded_at
FROM leads
WHERE {_OF_LEADS} AND merged_into IS NULL
ORDER BY source COLLATE "C", external_id COLLATE "C"
"""  # noqa: S608 - our own statement

_STATEMENTS = """
SELECT said.lead_id, field, nullif(value #>> '{}', ''), number_of(value #>> '{}'), said.occurred_at,
    greatest(said.recorded_at, leads.merged_at),
    row_number() OVER (
        PARTITION BY said.lead_id ORDER BY said.occurred_at, said.recorded_at, is_arrival DESC,
        said.source COLLATE "C", said.external_id COLLATE "C", field COLLATE "C", value
    )
FROM field_statements AS said
JOIN leads ON leads.id = said_of
WHERE field = ANY (%(fields)s) AND {of_leads}{of_said}
""".replace("{of_leads}", _OF_LEADS)

_EVENTS = """
SELECT coalesce(leads.merged_into, leads.id), kind, events.occurred_at, greatest(events.recorded_at, leads.merged_at),
    row_number() OVER (
        PARTITION BY coalesce(leads.merged_into, leads.id) ORDER BY events.occurred_at, events.recorded_at,
        events.source COLLATE "C", events.external_id COLLATE "C"
    ){numbers}
FROM events
JOIN leads ON leads.id = events.lead_id
WHERE events.kind <> ALL (%(kinds_aside)s) AND {of_leads}
""".replace("{of_leads}", _OF_LEADS)

_OUTCOMES = f"""
SELECT coalesce(leads.merged_into, leads.id) AS lead, won, value, outcomes.occurred_at,
    greatest(outcomes.recorded_at, leads.merged_at)
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
    `field_changed` said, which are therefore not among the events; nor are those of our own, unless the target names
    them: what follows from scores says nothing of a lead. A text that is no number has none. What was merged
    into a lead is the lead's, recorded of it when the merge was: before that, nobody knew. A history of some leads does
    not say what others ask for: `scoring.lead_history` adds the medians of markets.

    Args:
        connection: Its transaction sees one state of the store; its time zone becomes UTC.
        organisation: Whose.
        target: Names the entity, the fields, the outcomes, and the numbers among events' particulars.
        leads: The numbers (`History.leads`) of the leads that matter; None for all.
    """
    given: dict[str, object] = {
        "organisation": organisation,
        "entity": target.entity,
        "target": target.name,
        "fields": [field.name for field in target.fields],
        "kinds_aside": [FIELD_CHANGED, *OWN_KINDS.difference(kind.name for kind in target.events)],
    }
    of_parts = of_said = ""
    if leads is not None:
        # By their numbers, so that the rows of some leads are found by index.
        given["parts"] = list(connection.exec_driver_sql(_PARTS, {"leads": list(leads)}).scalars())
        of_parts, of_said = _OF_PARTS, _OF_SAID
    numbers = {f"number_{position}": name for position, name in enumerate(target.numbers)}
    columns = "".join(f", number_of(events.fields ->> %({key})s)" for key in numbers)
    events = pa.schema([*EVENTS, *(pa.field(name, pa.float64()) for name in target.numbers)])
    prepare(connection)

    def told(query: str) -> str:
        return query.replace("{of_parts}", of_parts).replace("{of_said}", of_said).replace("{numbers}", columns)

    asked = [
        (told(_LEADS), LEADS),
        (told(_STATEMENTS), STATEMENTS),
        (told(_EVENTS), events),
        (told(_OUTCOMES), OUTCOMES),
    ]
    if leads is not None and len(leads) <= FEW:
        tables = fetch_tables(connection, asked, {**given, **numbers})
    else:
        with joined_whole(connection, many=True):
            tables = [copy_table(connection, query, {**given, **numbers}, schema) for query, schema in asked]
    own, said, happened, ended = tables
    return History(own, said, happened, ended, medians=None if leads is None else {})


def read_ends(connection: Connection, organisation: str, target: Target) -> History:
    """All leads of a target's entity and how they ended, and nothing of what happened in between."""
    given = {"organisation": organisation, "entity": target.entity, "target": target.name}
    prepare(connection)
    with joined_whole(connection, many=True):
        leads, outcomes = (
            copy_table(connection, query.replace("{of_parts}", ""), given, schema)
            for query, schema in ((_LEADS, LEADS), (_OUTCOMES, OUTCOMES))
        )
    return History(leads, STATEMENTS.empty_table(), EVENTS.empty_table(), outcomes)


_FIND = """
SELECT source, coalesce(merged_into, id) AS lead
FROM leads
WHERE organisation_id = :organisation AND entity = :entity AND external_id = :external_id
    AND source = coalesce(:source, source)
"""


def find_numbers(
    connection: Connection, organisation: str, entity: str, external_id: str, source: str | None = None
) -> dict[str, int]:
    """The numbers (`History.leads`) of the leads of an identifier, by source; of that source alone, if one is given.

    A lead that was merged into another has that one's number.
    """
    given = {"organisation": organisation, "entity": entity, "external_id": external_id, "source": source}
    return {row.source: row.lead for row in connection.execute(text(_FIND), given)}
