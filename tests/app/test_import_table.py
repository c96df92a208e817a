from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pytest
from sqlalchemy import func, select

from leadwise.app.importing import ImportResult, NothingImportedError, import_leads
from leadwise.app.importing_roles import ImportOptions
from leadwise.app.importing_rows import NoDatesError
from leadwise.domain.lead import Lead
from leadwise.domain.progress import Silence
from leadwise.store import tables
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.leads import LeadRepository
from leadwise.store.outcomes import OutcomeRepository
from leadwise.training.errors import ColumnNotFoundError

MONDAY = datetime(2026, 1, 5, tzinfo=UTC)
DAY = timedelta(days=1)
BY_ID = ImportOptions("crm", id_column="id")


def run(database: Database, columns: dict[str, list[object]], options: ImportOptions, day: int = 0) -> ImportResult:
    return import_leads(database, pa.table(columns), options, MONDAY + day * DAY, Silence())


def leads(database: Database) -> list[Lead]:
    with database.transaction() as connection:
        return LeadRepository(connection).list()


def counts(result: ImportResult) -> tuple[int, int, int, int]:
    found = result.leads
    return found.added, found.unchanged, found.changed, len(found.rejected)


def test_the_same_table_again_changes_nothing(database: Database):
    table = {"id": ["1", "2"], "city": ["Pune", ""], "visits": ["3", "4"], "won": ["yes", "no"]}
    options = ImportOptions("crm", outcome="won", id_column="id")
    first, second = (run(database, table, options, day) for day in (0, 1))
    assert (counts(first), counts(second)) == ((2, 0, 0, 0), (0, 2, 0, 0))
    assert leads(database) == [
        Lead("crm", "1", MONDAY, MONDAY, {"city": "Pune", "visits": "3"}),
        Lead("crm", "2", MONDAY, MONDAY, {"city": None, "visits": "4"}),
    ]
    with database.transaction() as connection:
        outcomes = OutcomeRepository(connection).list("won")
        assert connection.scalar(select(func.count()).select_from(tables.events)) == 0
    assert [(each.lead[1], each.won, each.recorded_at) for each in outcomes] == [
        ("1", True, MONDAY),
        ("2", False, MONDAY),
    ]


def test_a_changed_cell_becomes_an_event_and_a_later_win_an_outcome(database: Database):
    options = ImportOptions("crm", outcome="won", id_column="id")
    run(database, {"id": ["1", "2", "3"], "city": ["Pune", "Oslo", "Rome"], "won": ["no", "", "yes"]}, options)
    again = run(database, {"id": ["1", "2"], "city": ["Goa", "Oslo"], "won": ["yes", "no"]}, options, day=1)
    assert counts(again) == (0, 1, 1, 0)
    with database.transaction() as connection:
        events = EventRepository(connection).list_visible(MONDAY + DAY)
        outcomes = OutcomeRepository(connection).list("won")
    assert [(event.lead[1], event.fields, event.recorded_at) for event in events] == [
        ("1", {"field": "city", "value": "Goa"}, MONDAY + DAY)
    ]
    assert [(each.lead[1], each.won) for each in outcomes if each.recorded_at > MONDAY] == [("1", True), ("2", False)]


def test_without_identifiers_equal_rows_stay_apart_and_are_found_again(database: Database):
    table = {"city": ["Pune", "Pune", "Oslo"], "visits": ["1", "1", "2"]}
    options = ImportOptions("crm")
    assert counts(run(database, table, options)) == (3, 0, 0, 0)
    turned = {name: [values[2], values[0], values[1]] for name, values in reversed(table.items())}
    assert counts(run(database, turned, options, day=1)) == (0, 3, 0, 0)


def test_the_first_column_of_identifiers_names_the_leads(database: Database):
    result = run(database, {"city": ["Pune"] * 30, "ref": [f"L-{at:04}" for at in range(30)]}, ImportOptions("crm"))
    assert result.roles.id_column == "ref"
    assert leads(database)[0].external_id == "L-0000"


def test_rows_without_an_identifier_of_their_own_are_rejected_with_the_reason(database: Database):
    result = run(database, {"id": ["1", None, "1", "2"], "city": list("abcd")}, BY_ID)
    assert counts(result) == (2, 0, 0, 2)
    assert [rejection.reason for rejection in result.leads.rejected] == [
        "Row 2 has nothing in 'id'.",
        "Row 3 repeats the identifier '1' of row 1.",
    ]


def test_nothing_imported_is_an_error(database: Database):
    with pytest.raises(NothingImportedError, match="None of the 2 rows"):
        run(database, {"id": ["", None], "city": ["a", "b"]}, BY_ID)


def test_times_say_when_leads_arrived_but_never_that_we_knew(database: Database):
    table = {"id": ["1", "2"], "seen": ["2025-11-30 14:30", "?"]}
    result = run(database, table, ImportOptions("crm", id_column="id", time_column="seen"))
    arrived = datetime(2025, 11, 30, 14, 30, tzinfo=UTC)
    assert [(lead.occurred_at, lead.recorded_at, lead.fields) for lead in leads(database)] == [
        (arrived, MONDAY, {}),
        (MONDAY, MONDAY, {}),
    ]
    assert result.unknown_times == 1


@pytest.mark.parametrize("values", [["a", "b"], ["a", "a"], ["", ""]])
def test_a_time_column_without_dates_is_refused(database: Database, values):
    with pytest.raises(NoDatesError, match="--time 'city'"):
        run(database, {"id": ["1", "2"], "city": values}, ImportOptions("crm", id_column="id", time_column="city"))


@pytest.mark.parametrize(("keep", "stored"), [((), False), (("lost_reason",), True)])
def test_what_is_known_only_after_the_outcome_is_no_field_unless_kept(database: Database, keep, stored):
    won = ["yes", "no"] * 100
    table = {
        "id": [f"L-{at:04}" for at in range(200)],
        "visits": [str(at % 7) for at in range(200)],
        "lost_reason": ["" if each == "yes" else ("price", "time", "other")[at % 3] for at, each in enumerate(won)],
        "won": won,
    }
    result = run(database, table, ImportOptions("crm", outcome="won", id_column="id", keep=keep))
    assert [report.name for report in result.roles.left_out] == ([] if stored else ["lost_reason"])
    assert ("lost_reason" in leads(database)[0].fields) is stored


def test_values_of_typed_tables_are_stored_as_json_has_them(database: Database):
    run(database, {"id": ["1"], "at": [MONDAY], "n": [1.5], "flag": [True], "raw": [b"x"]}, BY_ID)
    fields = leads(database)[0].fields
    assert fields == {"at": "2026-01-05T00:00:00+00:00", "n": 1.5, "flag": True, "raw": "b'x'"}


def test_an_unknown_column_is_told_with_the_nearest_name(database: Database):
    with pytest.raises(ColumnNotFoundError, match=r"--id names the column 'Id'.* did you mean 'id'"):
        run(database, {"id": ["1"]}, ImportOptions("crm", id_column="Id"))


def test_an_import_that_is_stopped_in_the_middle_leaves_nothing(database: Database):
    class Stopped(Silence):
        def step(self, doing: str) -> None:
            if doing.startswith("storing leads from row 20,001"):
                raise KeyboardInterrupt

    table = pa.table({"id": [str(at) for at in range(20_500)]})
    with pytest.raises(KeyboardInterrupt):
        import_leads(database, table, BY_ID, MONDAY, Stopped())
    assert leads(database) == []
