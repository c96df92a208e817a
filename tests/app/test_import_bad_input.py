from datetime import UTC, datetime, timedelta

import pytest
from tests.app.importer import NOW, Importer, files_no_larger_than

from leadwise.app import history_importing
from leadwise.app.history_importing import NothingStoredError
from leadwise.app.rejects import RejectsNotWrittenError
from leadwise.connectors.records.mapping import Mapping, RecordKind, Roles
from leadwise.connectors.tables import read_table
from leadwise.store import tables
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository


def test_events_of_unknown_leads_are_rejected_with_their_row_and_the_reason(load: Importer):
    load.leads("1")
    result = load.events("a", "b", "c", lead=["1", "nobody", "1"], page=["=1+1", "x", "y"])
    assert (result.added, result.rejected) == (2, 1)
    assert result.reasons == {'There is no lead "nobody" from "web".': 1}
    (row,) = load.rejected
    assert (row["row"], row["reason"], row["page"]) == ("2", 'There is no lead "nobody" from "web".', "x")


def test_rejected_rows_of_later_pieces_have_the_numbers_of_the_file(load: Importer, monkeypatch):
    monkeypatch.setattr(history_importing, "CHUNK_ROWS", 2)
    load.leads("1")
    result = load.events(*"abcde", lead=["1", "1", "1", "nobody", "nobody"], occurred_at=["2026-01-06T09:30:00Z"] * 5)
    assert (result.added, [row["row"] for row in load.rejected]) == (3, ["4", "5"])


def test_rows_with_a_wrong_number_of_values_are_rejected_as_they_stand_in_the_file(load: Importer):
    load.leads("1")
    head, stamp = "source,external_id,lead,kind,occurred_at", "2026-01-06T09:30:00Z"
    lines = [head, f"web,a,1,visit,{stamp}", "web,b,1", f"web,c,nobody,visit,{stamp}", f"web,d,1,visit,{stamp},5,=6"]
    load.folder.joinpath("events.csv").write_text("\n".join([*lines, f"web,e,1,visit,{stamp}"]))
    file = read_table(load.folder / "events.csv")
    result = load.file(file, Mapping(RecordKind.EVENTS))
    assert (result.rows, result.added, result.rejected) == (5, 2, 3)
    told = {row["row"]: (row["reason"], row["external_id"], row["line"]) for row in load.rejected}
    assert told == {
        "2": ("It has 3 values, but the header names 5.", "", "web,b,1"),
        "3": ('There is no lead "nobody" from "web".', "c", ""),
        "4": ("It has 7 values, but the header names 5.", "", lines[4]),
    }


def test_a_full_disk_while_rejects_are_written_keeps_what_is_stored_and_another_run_completes_it(
    load: Importer, monkeypatch
):
    monkeypatch.setattr(history_importing, "CHUNK_ROWS", 500)
    load.leads("1")
    names, of = [f"e{number}" for number in range(2_000)], ["1", "nobody"] * 1_000
    notes = ["x" * 500] * len(names)
    with (
        files_no_larger_than(1 << 16),
        pytest.raises(RejectsNotWrittenError, match=r"What was stored until then stays"),
    ):
        load.events(*names, lead=of, note=notes)
    assert not (load.folder / "rejects.csv").exists()
    assert 0 < load.count(tables.events) < 1_000
    result = load.events(*names, lead=of, note=notes)
    assert (result.added + result.unchanged, result.rejected, load.count(tables.events)) == (1_000, 1_000, 1_000)


def test_a_file_of_which_nothing_can_be_stored_is_an_error(load: Importer):
    with pytest.raises(NothingStoredError, match=r"none is. The first: There is no lead .*rejects.csv"):
        load.events("a")


def test_the_rejects_of_an_earlier_run_do_not_stay(load: Importer):
    load.leads("1")
    load.events("a", "b", lead=["1", "nobody"])
    load.events("a")
    assert not (load.folder / "rejects.csv").exists()


def test_what_lies_in_the_future_is_stored_and_told_and_seen_from_then_on(load: Importer, database: Database):
    load.leads("1")
    result = load.events("a", "b", occurred_at=["2026-01-06T00:00:00Z", "2026-05-01T00:00:00Z"])
    assert (result.added, result.in_future) == (2, 1)
    with database.transaction() as connection:
        events = EventRepository(connection)
        assert [event.external_id for event in events.list_visible(NOW)] == ["a"]
        assert len(events.list_visible(NOW + timedelta(days=90))) == 2


def test_stamps_without_a_zone_are_rejected_unless_the_mapping_says_one(load: Importer):
    load.leads("1")
    stamps = {"occurred_at": ["2026-01-06 09:30", "2026-01-06T09:30:00Z"]}
    assert load.events("a", "b", **stamps).rejected == 1
    assert "no time zone" in load.rejected[0]["reason"]
    columns = {"external_id": ["a"], "lead": ["1"], "kind": ["order"], "occurred_at": ["2026-01-06 09:30"]}
    roles = Roles.model_validate(
        {"source": "web", "timezone": "Europe/Berlin", "recorded_at": "occurred_at"}
    )  # fmt: skip
    assert load(RecordKind.EVENTS, columns, roles).added == 1
    assert load.history().events["occurred_at"].to_pylist().count(1_767_688_200_000_000) == 1  # 08:30 UTC


def test_what_the_file_does_not_say_is_recorded_now(load: Importer):
    load.leads("1")
    load.outcomes("x")
    assert load.history().outcomes["recorded_at"].to_pylist() == [int(NOW.timestamp() * 1_000_000)]


def test_a_lead_won_twice_has_both_outcomes(load: Importer):
    load.leads("1")
    load.outcomes("first", "second", value=["10", "20"])
    assert sorted(load.history().outcomes["value"].to_pylist()) == [10.0, 20.0]


def test_a_hundred_thousand_events_of_one_lead_are_all_stored(load: Importer):
    load.leads("1")
    count = 100_000
    result = load.events(*(f"e{number}" for number in range(count)), amount=["1.5"] * count)
    assert result.added == count
    events = load.history().events
    assert sorted(events["position"].to_pylist()) == list(range(1, count + 1))


def test_names_like_sql_or_html_and_of_any_script_are_names_like_others(load: Importer):
    odd = ["'; DROP TABLE leads; --", "<script>alert(1)</script>", "שלום", "🚗", "%(x)s", "a\nb", '"']
    load.leads(*odd, **{"<b>field</b>": odd})
    load.events(*odd, lead=odd, kind=odd, **{"'; DROP TABLE events; --": odd})
    assert sorted(load.history().events["kind"].to_pylist()) == sorted(odd)
    assert sorted(load.history().leads["external_id"].to_pylist()) == sorted(odd)


def test_what_the_database_cannot_hold_is_rejected_or_replaced(load: Importer):
    load.leads("1", note=["a\x00b"])
    result = load.events("ok", "x" * 501, "nul\x00", note=["\x00", "", ""])
    assert (result.added, result.rejected) == (1, 2)
    assert "501 characters" in load.rejected[0]["reason"]
    with load.database.transaction() as connection:
        assert LeadRepository(connection).get("web", "1").fields == {"note": "a\N{REPLACEMENT CHARACTER}b"}


def test_ten_thousand_kinds_of_events_are_kinds_like_others(load: Importer):
    load.leads("1")
    names = [f"kind {number}" for number in range(10_000)]
    assert load.events(*names, kind=names).added == len(names)


def test_an_event_by_a_clock_that_is_hours_ahead_is_seen_once_that_hour_has_come(load: Importer, database: Database):
    load.leads("1")
    ahead = {"occurred_at": ["2026-01-06T12:30:00Z"], "recorded_at": ["2026-01-06T09:30:00Z"]}
    behind = {"occurred_at": ["2026-01-06T06:30:00Z"], "recorded_at": ["2026-01-06T09:30:00Z"]}
    assert (load.events("ahead", **ahead).added, load.events("behind", **behind).added) == (1, 1)
    with database.transaction() as connection:
        events = EventRepository(connection)

        def seen(hour: int) -> list[str]:
            at = datetime(2026, 1, 6, hour, 30, tzinfo=UTC)
            return [event.external_id for event in events.list_visible(at)]

        assert [seen(hour) for hour in (8, 9, 12)] == [[], ["behind"], ["behind", "ahead"]]


def test_what_happened_before_its_lead_arrived_is_stored_as_it_was_told(load: Importer):
    load.leads("1")
    assert load.events("early", occurred_at=["2025-12-24T18:00:00Z"], recorded_at=["2025-12-24T18:00:00Z"]).added == 1
    history = load.history()
    assert history.events["occurred_at"].to_pylist()[0] < history.leads["occurred_at"].to_pylist()[0]
