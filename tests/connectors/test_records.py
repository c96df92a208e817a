import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.connectors.errors import TableNotFoundError
from leadwise.connectors.records.columns import RecordColumns, assign_columns
from leadwise.connectors.records.json_fields import json_objects
from leadwise.connectors.records.mapping import Mapping, Origin, RecordKind, read_mapping
from leadwise.connectors.records.mistakes import MappingError
from leadwise.connectors.records.reading import Records, read_records
from leadwise.connectors.records.stamps import read_stamps

NOW = datetime(2026, 1, 5, tzinfo=UTC)
STANDARD = ["source", "external_id", "lead", "kind", "occurred_at", "recorded_at"]


def mapped(tmp_path: Path, kind: RecordKind, text: str, names: list[str]) -> RecordColumns:
    path = tmp_path / "mapping.toml"
    path.write_text(text, encoding="utf-8")
    return assign_columns(read_mapping(path, kind), names)


def read(kind: RecordKind, columns: dict[str, list[Any]], mapping: Mapping | None = None) -> Records:
    table = pa.table(columns)
    return read_records(table, assign_columns(mapping or Mapping(kind), table.column_names), NOW)


def test_without_a_mapping_columns_have_the_standard_names_and_all_others_are_fields():
    columns = assign_columns(Mapping(RecordKind.EVENTS), [*STANDARD, "page", "value"])
    assert {role: origin.column for role, origin in columns.roles.items()} == {name: name for name in STANDARD}
    assert columns.fields == {"page": "page", "value": "value"}


def test_one_mapping_serves_files_of_all_kinds(tmp_path: Path):
    text = """
source = "crm"
entity = "customer"
timezone = "Europe/Berlin"
lead = "Customer No."

[leads]
occurred_at = "Created"
recorded_at = "occurred_at"
fields = { city = "Town" }

[events]
kind = { constant = "called" }
occurred_at = "When"
fields = ["Minutes"]

[outcomes]
target = "renewed"
won = "Result"
value = "Amount"
occurred_at = "Closed"
"""
    leads = mapped(tmp_path, RecordKind.LEADS, text, ["Customer No.", "Created", "Town", "Note"])
    assert (leads.entity, leads.timezone, leads.fields) == ("customer", "Europe/Berlin", {"city": "Town"})
    assert leads.left_alone == ("Note",)
    assert leads.roles["recorded_at"] == leads.roles["occurred_at"] == Origin(column="Created")
    events = mapped(tmp_path, RecordKind.EVENTS, text, ["Customer No.", "When", "Minutes"])
    assert events.roles["kind"] == Origin(constant="called")
    assert events.roles["source"] == Origin(constant="crm")
    outcomes = mapped(tmp_path, RecordKind.OUTCOMES, text, ["Customer No.", "Result", "Amount", "Closed"])
    assert outcomes.roles["target"] == Origin(constant="renewed")
    assert not outcomes.fields


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('source = "crm"\nlaed = "x"', 'line 2: laed is no key of a mapping; did you mean "lead"'),
        ('source = "crm"\n[events]\nkindd = "x"', 'line 3: events.kindd is no key of a mapping; did you mean "kind"'),
        ('timezone = "Europe/Berlinn"', 'line 1: timezone: there is no time zone "Europe/Berlinn"; did you mean'),
        ("lead = 5", "line 1: lead"),
        ('source = "crm', "it is no TOML"),
        ('lead = "Lead Id"', 'line 1: lead names the column "Lead Id", which is not there; did you mean "lead_id"'),
        ('[events]\nlead = "lead_id"\noccurred_at = "when"', 'line 3: occurred_at names the column "when"'),
        ("lead = {}", "line 1: lead needs either a column or a constant"),
        ('fields = ["pagee"]', 'line 1: fields names the column "pagee", which is not there; did you mean "page"'),
        ('lead = "lead_id"', 'nothing says source: add source = "..."'),
    ],
)
def test_a_mistake_in_a_mapping_is_told_with_line_and_suggestion(tmp_path: Path, text: str, said: str):
    with pytest.raises(MappingError) as raised:
        mapped(tmp_path, RecordKind.EVENTS, text, ["lead_id", "page", "kind", "happened"])
    assert said in str(raised.value)


def test_a_mapping_that_is_not_there_is_missing(tmp_path: Path):
    with pytest.raises(TableNotFoundError):
        read_mapping(tmp_path / "mapping.toml", RecordKind.LEADS)


def test_rows_become_records_and_the_others_have_a_reason():
    records = read(
        RecordKind.EVENTS,
        {
            "source": ["web"] * 5,
            "external_id": ["a", "b", " ", "d", "e"],
            "lead": ["1", "2", "3", None, "5"],
            "kind": ["visit"] * 5,
            "occurred_at": ["2026-01-05T09:30:00Z", "2026-01-05 09:30", "2026-01-05T09:30Z", "2026-01-05T09:30Z", "?"],
            "page": ["/price", "", "", "", ""],
        },
    )
    assert records.rows.tolist() == [0]
    (row,) = records.table.to_pylist()
    assert (row["external_id"], row["lead_external_id"], row["lead_source"]) == ("a", "1", "web")
    assert (row["fields"], row["recorded_at"]) == ('{"page":"/price"}', NOW)
    assert "no time zone" in records.rejected[1]
    assert records.rejected[2] == "Its external_id is empty."
    assert records.rejected[3] == "Its lead is empty."
    assert 'occurred_at "?" is no instant' in records.rejected[4]


def test_an_event_without_identifier_is_known_by_its_content():
    columns = {"source": ["web"] * 3, "lead": ["1"] * 3, "kind": ["visit"] * 3, "page": ["/a", "/a", "/b"]}
    stamps = {"occurred_at": ["2026-01-05T09:30:00Z"] * 3, "recorded_at": ["2026-01-06Z", "2026-01-07Z", "2026-01-06Z"]}
    stamps["recorded_at"] = [f"2026-01-0{day}T00:00:00Z" for day in (6, 7, 6)]
    records = read(RecordKind.EVENTS, columns | stamps)
    names = dict(zip(records.rows.tolist(), records.table["external_id"].to_pylist(), strict=True))
    first, again, other = (names[row] for row in range(3))
    assert first == again != other


def test_records_come_in_order_of_their_identifiers_with_the_rows_that_they_were():
    columns = {"external_id": ["c", "", "a", "b"], "lead": ["1"] * 4, "source": ["web"] * 4, "kind": ["visit"] * 4}
    records = read(RecordKind.EVENTS, columns | {"occurred_at": ["2026-01-05T09:30:00Z"] * 4})
    assert records.table["external_id"].to_pylist() == ["a", "b", "c"]
    assert (records.rows.tolist(), list(records.rejected)) == ([2, 3, 0], [1])


def test_how_it_ended_is_read_from_many_words():
    columns = {
        "source": ["crm"] * 6, "external_id": list("abcdef"), "lead": ["1"] * 6, "target": ["sold"] * 6,
        "won": ["Yes", "lost", "1", "maybe", "no", "TRUE"], "value": ["10", "", "1e3", "5", "12,5", "-1.5"],
        "occurred_at": ["2026-01-05T00:00:00Z"] * 6,
    }  # fmt: skip
    records = read(RecordKind.OUTCOMES, columns)
    assert [(row["won"], row["value"]) for row in records.table.to_pylist()] == [
        (True, 10.0), (False, None), (True, 1000.0), (True, -1.5),
    ]  # fmt: skip
    assert records.rejected == {
        3: 'Its won "maybe" is neither yes nor no.',
        4: 'Its value "12,5" is no number such as 1234.5.',
    }


def test_typed_columns_of_parquet_and_excel_are_read_too():
    columns = {
        "source": pa.array(["crm"] * 2).dictionary_encode(),
        "external_id": [1, 2],
        "occurred_at": pa.array([NOW, NOW + timedelta(hours=1)], pa.timestamp("ns", "Europe/Berlin")),
        "price": [1.5, math.nan],
        "day": [date(2026, 1, 5), None],
    }
    table = pa.table(columns)
    records = read_records(table, assign_columns(Mapping(RecordKind.LEADS), table.column_names), NOW)
    assert records.table["external_id"].to_pylist() == ["1", "2"]
    assert records.table["occurred_at"].to_pylist() == [NOW, NOW + timedelta(hours=1)]
    assert records.table["fields"].to_pylist() == ['{"price":1.5,"day":"2026-01-05"}', '{"price":null,"day":null}']


@pytest.mark.parametrize(
    ("written", "zone", "form", "instant"),
    [
        ("2026-07-05T09:30:00+02:00", None, None, datetime(2026, 7, 5, 7, 30, tzinfo=UTC)),
        ("2026-07-05 09:30:00.1234567Z", None, None, datetime(2026, 7, 5, 9, 30, 0, 123_456, tzinfo=UTC)),
        (" 2026-07-05 ", "Europe/Berlin", None, datetime(2026, 7, 4, 22, tzinfo=UTC)),
        ("2026-10-25 02:30", "Europe/Berlin", None, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("05.07.2026 09:30", "UTC", "%d.%m.%Y %H:%M", datetime(2026, 7, 5, 9, 30, tzinfo=UTC)),
        ("05.07.2026 09:30 +0200", None, "%d.%m.%Y %H:%M %z", datetime(2026, 7, 5, 7, 30, tzinfo=UTC)),
        ("1783236600.5", None, "unix", datetime(2026, 7, 5, 7, 30, 0, 500_000, tzinfo=UTC)),
        ("1783236600500", None, "unix_ms", datetime(2026, 7, 5, 7, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-02-30T00:00:00Z", None, None, "is no instant"),
        ("05.07.2026", "UTC", None, "is no instant"),
        ("2026-07-05 09+02", None, None, datetime(2026, 7, 5, 7, tzinfo=UTC)),
        ("1850-01-01T00:00:00Z", None, None, "lies outside the years"),
        ("9999-12-31T23:59:59Z", None, None, "lies outside the years"),
        ("", "UTC", None, "is empty"),
        ("2026-07-05 09:30", None, None, "has no time zone"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("beside", [["2026"], []])
def test_stamps_are_read_or_refused_with_the_reason(
    written: str, zone: str | None, form: str | None, instant: object, beside: list[str]
):
    # A value without a zone beside it makes no difference.
    (found, *_), (reason, *_) = (
        side.to_pylist() for side in read_stamps("occurred_at", pa.array([written, *beside]), zone, form)
    )
    assert found == instant if isinstance(instant, datetime) else (found is None and str(instant) in reason)


ZONES = st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours)))
INSTANTS = st.datetimes(datetime(1900, 1, 2), datetime(2199, 12, 30), timezones=ZONES)  # noqa: DTZ001


@given(instants=st.lists(INSTANTS, min_size=1, max_size=5), spoil=st.booleans())
def test_any_instant_with_a_zone_is_read_exactly(instants: list[datetime], *, spoil: bool):
    written = [at.isoformat() for at in instants] + (["?"] if spoil else [])
    found, reasons = read_stamps("occurred_at", pa.array(written), None, None)
    assert found.to_pylist()[: len(instants)] == instants
    assert reasons.null_count == len(instants)


@given(st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2030, 1, 1)), min_size=1))  # noqa: DTZ001
def test_local_times_are_those_of_the_zone(instants: list[datetime]):
    zone = ZoneInfo("UTC")
    found, _ = read_stamps("occurred_at", pa.array([at.isoformat(" ") for at in instants]), "UTC", None)
    assert found.to_pylist() == [at.replace(tzinfo=zone) for at in instants]


ROWS = st.tuples(st.text(), st.none() | st.floats(), st.integers(-(2**63), 2**63 - 1))


@given(rows=st.lists(ROWS, min_size=1, max_size=5), name=st.text(min_size=1), with_nulls=st.booleans())
def test_fields_are_json_whatever_stands_in_them(rows: list[tuple[Any, ...]], name: str, *, with_nulls: bool):
    texts, numbers, wholes = zip(*rows, strict=True)
    columns = {name: pa.array(texts), name + "2": pa.array(numbers, pa.float64()), name + "3": pa.array(wholes)}
    expected = []
    for text, number, whole in rows:
        finite = number if number is not None and math.isfinite(number) else None
        told = {name: text or None, name + "2": finite, name + "3": whole}
        expected.append({key: value for key, value in told.items() if with_nulls or value is not None})
    made = json_objects(columns, len(rows), with_nulls=with_nulls).to_pylist()
    assert [json.loads(each) for each in made] == expected
