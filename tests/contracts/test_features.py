"""The contract that every feature keeps, of a target that has all kinds of fields, and events of all sorts."""

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.targets import a_target

from leadwise.blueprints.blueprint import list_blueprints, load_blueprint
from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import Actor, EventKind, EventNumber, FieldKind, LeadField
from leadwise.features.definition import families
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute, definitions
from leadwise.features.markets import WINDOW_DAYS, beginning_of_day, find_medians

HOUR = 3_600_000_000
ARRIVAL = 20_000 * 24 * HOUR
SAID = {
    FieldKind.NUMBER: ("100", "90.5", "on request", None),
    FieldKind.TEXT: ("Ford", "Opel", None),
    FieldKind.YES_NO: ("true", "false", "perhaps", None),
    FieldKind.LONG_TEXT: ("Is it still there?", "", None),
    FieldKind.DATE: ("2024-11-01", "1.12.2024", "soon", None),
    FieldKind.EMAIL: ("ada@gmail.com", "ada@lovelace.org", "ada", None),
    FieldKind.PHONE: ("+49 89 63648018", "call me", None),
    FieldKind.JOB_TITLE: ("CEO", "Nurse", None),
    FieldKind.PHOTOS: ("3", "a.jpg b.jpg", "[]", None),
}
KINDS = {"received": Actor.LEAD, "sent": Actor.STAFF, "ordered": None}
TARGET = a_target(
    fields=tuple(
        LeadField(
            name=kind,
            title=f"The {kind}",
            kind=kind,
            market=("text",) if kind is FieldKind.NUMBER else (),
            missing=f"We know no {kind}",
        )
        for kind in FieldKind
    ),
    events=tuple(
        EventKind(
            name=name,
            title=f"Events {name}",
            actor=actor,
            never=f"Nothing {name}",
            once=f"Once {name}",
            times=f"{{value}} times {name}",
            numbers=(EventNumber(name="amount", title="Amount", unit="EUR"),) if actor is None else (),
        )
        for name, actor in KINDS.items()
    ),
)
DEFINITIONS = definitions(TARGET)
ENGINE = DuckDBEngine()
AT_ONCE = DuckDBEngine(moments_at_once=2, few_rows=0)

hours = st.integers(0, 900)
stamps = st.tuples(hours, hours)
happened = st.tuples(st.sampled_from([*KINDS, "unheard of"]), stamps, st.integers(0, 4))
said = st.sampled_from(list(FieldKind)).flatmap(
    lambda kind: st.tuples(st.just(kind), st.sampled_from(SAID[kind]), stamps)
)
events_strategy, statements_strategy = st.lists(happened, max_size=8), st.lists(said, max_size=8)
quick = settings(max_examples=25, deadline=None)


def at(hour: int) -> int:
    return ARRIVAL + hour * HOUR


def number_of(text: str | None) -> float | None:
    return float(text) if text and text[0].isdigit() and text.replace(".", "", 1).isdigit() else None


def _prices_of_others() -> pa.Table:
    rows = [
        [lead, field, text, number_of(text), ARRIVAL, ARRIVAL, place]
        for lead in range(100, 105)
        for place, (field, text) in enumerate((("text", "Ford"), ("number", str(lead))))
    ]
    return table(rows, STATEMENTS)


def facts(events, statements, lead: int = 1) -> History:
    """A history of one lead. Positions come from the content, as the store has them."""
    events, statements = sorted(events), sorted(statements, key=repr)
    rows = [[lead, kind, at(o), at(r), n, float(amount)] for n, (kind, (o, r), amount) in enumerate(events)]
    texts = [[lead, k, t, number_of(t), at(o), at(r), n] for n, (k, t, (o, r)) in enumerate(statements)]
    return History(
        leads=table([[lead, "crm", f"L{lead}", ARRIVAL, ARRIVAL]], LEADS),
        statements=table(texts, STATEMENTS),
        events=table(rows, EVENTS.append(pa.field("amount", pa.float64()))),
        outcomes=OUTCOMES.empty_table(),
    )


def table(rows, schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [[] for _ in schema]
    return pa.table(
        [pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema=schema
    )


def together(*histories: History) -> History:
    names = ("leads", "statements", "events", "outcomes")
    tables = {name: pa.concat_tables([getattr(each, name) for each in histories]) for name in names}
    return History(**tables)


def everybody(history: History) -> History:
    """With what further leads ask for."""
    return replace(history, statements=pa.concat_tables([history.statements, _prices_of_others()]))


def rows_of(history: History, *moments: tuple[int, int], engine: DuckDBEngine = ENGINE) -> list[dict[str, object]]:
    asked = table([[lead, at(hour)] for lead, hour in moments], MOMENTS)
    return compute(TARGET, everybody(history), asked, engine).to_pylist()


def row_alone(history: History, among: History, hour: int) -> dict[str, object]:
    """Of a history of one lead, with the medians that were found among all."""
    moments = table([[history.leads["lead"][0].as_py(), at(hour)]], MOMENTS)
    medians = find_medians(TARGET, everybody(among).statements, [beginning_of_day(at(hour))], ENGINE)
    return compute(TARGET, replace(history, medians=medians), moments, ENGINE).to_pylist()[0]


def is_hidden(stamp: tuple[int, int], hour: int) -> bool:
    return max(stamp) > hour


def test_all_families_were_found() -> None:
    assert [each.__name__ for each in families()] == [
        "activity",
        "amounts",
        "calendar",
        "contact",
        "counts",
        "fields",
        "prices",
    ]
    assert len(DEFINITIONS) == 80


@quick
@given(events_strategy, statements_strategy, events_strategy, statements_strategy, hours)
def test_adding_what_comes_later_changes_nothing(events, statements, more_events, more_statements, hour):
    added = [each for each in more_events if is_hidden(each[1], hour)]
    told = [each for each in more_statements if is_hidden(each[2], hour)]
    before = rows_of(facts(events, statements), (1, hour))
    assert rows_of(facts(events + added, statements + told), (1, hour)) == before


@quick
@given(events_strategy, statements_strategy, hours)
def test_deleting_what_comes_later_changes_nothing(events, statements, hour):
    left = facts(
        [each for each in events if not is_hidden(each[1], hour)],
        [each for each in statements if not is_hidden(each[2], hour)],
    )
    assert rows_of(left, (1, hour)) == rows_of(facts(events, statements), (1, hour))


@quick
@given(events_strategy, statements_strategy, hours, happened, said)
def test_editing_what_comes_later_changes_nothing(events, statements, hour, other_event, other_statement):
    edited = facts(
        [(other_event[0], each[1], 99) if is_hidden(each[1], hour) else each for each in events],
        [(*other_statement[:2], each[2]) if is_hidden(each[2], hour) else each for each in statements],
    )
    assert rows_of(edited, (1, hour)) == rows_of(facts(events, statements), (1, hour))


@quick
@given(events_strategy, statements_strategy, hours, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(events, statements, hour, random):
    def shuffled(rows: pa.Table) -> pa.Table:
        order = list(range(rows.num_rows))
        random.shuffle(order)
        return rows.take(pa.array(order, pa.int64()))

    history = facts(events, statements)
    mixed = replace(history, events=shuffled(history.events), statements=shuffled(history.statements))
    assert rows_of(mixed, (1, hour)) == rows_of(history, (1, hour))


@quick
@given(st.lists(st.tuples(events_strategy, statements_strategy), min_size=1, max_size=4), st.lists(hours, min_size=1))
def test_many_at_once_are_as_each_alone(each_lead, at_hours):
    histories = [facts(*given_facts, lead=lead) for lead, given_facts in enumerate(each_lead)]
    history = together(*histories)
    moments = [(lead, hour) for hour in at_hours[:3] for lead in range(len(each_lead))]
    in_batches = rows_of(history, *moments, engine=AT_ONCE)
    assert rows_of(history, *moments) == in_batches
    for (lead, hour), row in zip(moments, in_batches, strict=True):
        assert row_alone(histories[lead], history, hour) == row


EMPTY = rows_of(facts([], []), (1, 0))[0]
FULL = rows_of(
    facts(
        [("received", (2, 2), 1), ("sent", (3, 3), 1), ("received", (9, 9), 1), ("ordered", (30, 30), 3)],
        [(kind, texts[place], (5 - 5 * place,) * 2) for kind, texts in SAID.items() for place in (0, 1)],
    ),
    (1, 40),
)[0]


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_every_feature_is_described(definition) -> None:
    assert definition.entity == "lead"
    assert definition.unit or definition.dtype in {pa.string(), pa.bool_(), pa.float64()}
    for value in (EMPTY[definition.name], FULL[definition.name]):
        sentence = definition.sentence(value)
        assert sentence[0].isupper() or sentence[0].isdigit()
        assert "{" not in sentence
        assert "None" not in sentence


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_every_null_has_a_meaning(definition) -> None:
    assert FULL[definition.name] is not None
    if EMPTY[definition.name] is None:
        assert definition.missing


@pytest.mark.parametrize("definition", DEFINITIONS, ids=lambda each: each.name)
def test_every_feature_reads_only_what_its_window_says(definition) -> None:
    """What happened before a window is nothing to the feature, but for what it says of all time."""
    if not definition.window:
        return
    if definition.window == f"{WINDOW_DAYS} days":
        return  # of others' prices: tests/features/test_markets.py
    days = {"24 hours": 1, "7 days": 7, "14 days": 14, "30 days": 30}[definition.window]
    old = [(kind, (1, 1), 2) for kind in KINDS]
    far = 24 * days + 1
    none, some = (rows_of(facts(events, []), (1, far))[0][definition.name] for events in ([], old))
    assert none == some
    assert rows_of(facts(old, []), (1, 2))[0][definition.name] != none or "details" in definition.name


@pytest.mark.parametrize("name", list_blueprints())
def test_every_blueprints_features_can_be_computed(name: str) -> None:
    target = load_blueprint(name).target
    numbers = [pa.field(number, pa.float64()) for number in target.numbers]
    history = replace(facts([], []), events=pa.schema([*EVENTS, *numbers]).empty_table())
    found = compute(target, history, table([[1, ARRIVAL]], MOMENTS), ENGINE)
    assert found.column_names == ["lead", "as_of", *(each.name for each in definitions(target))]
    for definition in definitions(target):
        value = found[definition.name][0].as_py()
        assert value is not None or definition.missing
        assert not isinstance(value, float) or np.isfinite(value)
