"""The facts behind a value are named as the history has them."""

import pyarrow as pa
from tests.targets import a_target

from leadwise.domain.history import EVENTS, LEADS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import Actor, EventKind, FieldKind, LeadField
from leadwise.features.evidence import Behind, evidence

HOUR = 3_600_000_000
TARGET = a_target(
    fields=(LeadField(name="price", title="Price", kind=FieldKind.NUMBER, missing="No price"),),
    events=tuple(
        EventKind(name=name, title=title, actor=actor, never="Never", once="Once", times="Often")
        for name, title, actor in (("received", "Replies", Actor.LEAD), ("sent", "Messages", Actor.STAFF))
    ),
)


def test_statements_and_events_are_named_by_the_positions_of_the_history() -> None:
    """Positions that are no places in time, and begin anew with each lead, as the store gives them."""
    said = [(2, "9", 1, 4), (1, "5", 1, 8), (1, "7", 3, 3), (1, "6", 2, 5)]
    happened = [(1, "sent", 2, 11), (1, "received", 6, 12), (1, "received", 4, 13), (2, "sent", 1, 11)]
    history = History(
        pa.table([[1, 2], ["crm"] * 2, ["A", "B"], [0, 0], [0, 0]], schema=LEADS),
        table([(lead, "price", text, float(text), at * HOUR, at * HOUR, place) for lead, text, at, place in said]),
        pa.table(list(zip(*[(ld, k, at * HOUR, at * HOUR, n) for ld, k, at, n in happened], strict=True)), EVENTS),
        OUTCOMES.empty_table(),
    )
    behind = evidence(TARGET, history, 1, 10 * HOUR)
    assert behind["Price"] == Behind(statements=(3,))
    assert behind["Price: changes"] == Behind(statements=(3, 5, 8))
    assert behind["Replies"] == Behind(events=(12, 13))
    assert behind["Hours to their first reply"] == Behind(events=(11, 13))
    assert behind["Hours of the longest silence"] == Behind(events=(12, 13))  # the gap before the one, and the last one


def table(rows: list[tuple[object, ...]]) -> pa.Table:
    return pa.table(list(zip(*rows, strict=True)), STATEMENTS)
