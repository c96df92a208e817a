import csv
import random
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from sqlalchemy import func, select, text

from leadwise.app import history_importing
from leadwise.app.forgetting import forget
from leadwise.app.history_importing import HistoryImport, HistoryResult, NothingStoredError
from leadwise.app.rejects import Rejects
from leadwise.connectors.records.columns import assign_columns
from leadwise.connectors.records.mapping import Mapping, RecordKind, Roles
from leadwise.domain.history import History
from leadwise.domain.progress import Silence
from leadwise.domain.score import Score
from leadwise.domain.target import EventKind, EventNumber, Target
from leadwise.store import tables
from leadwise.store.database import Database
from leadwise.store.events import EventRepository
from leadwise.store.history import read_history
from leadwise.store.leads import LeadRepository
from leadwise.store.ranking import RankingFilter, RankingRepository
from leadwise.store.scores import ScoreRepository

NOW = datetime(2026, 3, 1, tzinfo=UTC)
ORDER = EventKind(
    name="order", title="Orders", never="", once="", times="", numbers=(EventNumber(name="amount", title="Amount"),)
)
TARGET = Target(
    name="sold", title="Buys", entity="lead", horizon_days=9, open_days=9, ages_days=(0,), events=(ORDER,)
)  # fmt: skip


@dataclass
class Importer:
    """Imports columns as if they came from a file."""

    database: Database
    folder: Path
    rejected: list[dict[str, str]] = field(default_factory=list)

    def __call__(
        self, kind: RecordKind, columns: dict[str, list[Any]], roles: Roles | None = None, **options: bool
    ) -> HistoryResult:
        table = pa.table(columns)
        path = self.folder / "rejects.csv"
        mapping = Mapping(kind, roles or Roles())
        with Rejects(path) as rejects:
            work = HistoryImport(self.database, "default", assign_columns(mapping, table.column_names), NOW, **options)
            result = work.run(table, rejects, Silence())
        self.rejected = list(csv.DictReader(path.read_text().splitlines())) if path.exists() else []
        return result

    def leads(self, *names: str, **more: list[Any]) -> HistoryResult:
        same = {"source": ["web"] * len(names), "occurred_at": ["2026-01-05T09:30:00Z"] * len(names)}
        return self(RecordKind.LEADS, {**same, "recorded_at": same["occurred_at"], "external_id": [*names], **more})

    def events(self, *names: str, lead: str | list[str] = "1", **more: list[Any]) -> HistoryResult:
        count = len(names)
        columns: dict[str, list[Any]] = {
            "source": ["web"] * count,
            "external_id": [*names],
            "lead": [lead] * count if isinstance(lead, str) else lead,
            "kind": ["order"] * count,
            "occurred_at": ["2026-01-06T09:30:00Z"] * count,
            "recorded_at": ["2026-01-06T09:30:00Z"] * count,
        }
        return self(RecordKind.EVENTS, columns | more)

    def outcomes(self, *names: str, lead: str = "1", **more: list[Any]) -> HistoryResult:
        count = len(names)
        columns: dict[str, list[Any]] = {
            "source": ["crm"] * count,
            "external_id": [*names],
            "lead": [lead] * count,
            "lead_source": ["web"] * count,
            "target": ["sold"] * count,
            "won": ["yes"] * count,
            "occurred_at": ["2026-01-07T09:30:00Z"] * count,
        }
        return self(RecordKind.OUTCOMES, columns | more)

    def history(self) -> History:
        with self.database.transaction() as connection:
            return read_history(connection, "default", TARGET)

    def count(self, table: Any) -> int:
        with self.database.transaction() as connection:
            return int(connection.scalar(select(func.count()).select_from(table)) or 0)


@pytest.fixture
def load(database: Database, tmp_path: Path) -> Importer:
    return Importer(database, tmp_path)


def test_a_history_is_stored_once_however_often_it_is_imported(load: Importer):
    for added, unchanged in ((2, 0), (0, 2)):
        for result in (load.leads("1", "2"), load.events("a", "b"), load.outcomes("x", "y")):
            assert (result.added, result.unchanged, result.changed, result.rejected) == (added, unchanged, 0, 0)
    history = load.history()
    assert [table.num_rows for table in (history.leads, history.events, history.outcomes)] == [2, 2, 2]


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


def test_the_order_of_files_and_their_rows_does_not_matter(load: Importer, database: Database):
    leads = {"external_id": ["1", "2"] * 3, "recorded_at": [f"2026-01-0{day}T00:00:00Z" for day in (5, 5, 6, 7, 8, 8)]}
    leads |= {"budget": ["1", "2", "3", "2", "1", "4"]}
    events = {"external_id": list("abcabcde"), "lead": list("12121212"), "amount": list("12345678")}
    events["recorded_at"] = [f"2026-01-0{day}T00:00:00Z" for day in (9, 8, 7, 6, 7, 8, 9, 6)]
    contents = []
    for seed in range(4):
        with database.transaction() as connection:
            connection.execute(text("TRUNCATE leads CASCADE"))
        load.leads("1", "2", recorded_at=["2026-01-09T00:00:00Z"] * 2)
        for _ in range(2):
            for kind, columns in (("leads", leads), ("events", events)):
                order = random.Random(seed).sample(range(len(columns["external_id"])), len(columns["external_id"]))  # noqa: S311
                half = len(order) // 2
                for part in (order[:half], order[half:], order):
                    piece = {name: [values[at] for at in part] for name, values in columns.items()}
                    names = piece.pop("external_id")
                    getattr(load, kind)(*names, **{"lead": piece.pop("lead", "1")} if kind == "events" else {}, **piece)
        history = load.history()
        names = {row["lead"]: row["external_id"] for row in history.leads.to_pylist()}
        contents.append(
            {
                name: sorted(str({**row, "lead": names[row["lead"]]}) for row in table.to_pylist())
                for name, table in vars(history).items()
            }
        )
    assert all(content == contents[0] for content in contents)


def test_two_imports_at_once_wait_for_each_other_and_store_all_once(load: Importer, monkeypatch):
    monkeypatch.setattr(history_importing, "CHUNK_ROWS", 500)
    load.leads(*(str(number) for number in range(100)))
    names = [f"e{number}" for number in range(5_000)]
    of = [str(number % 100) for number in range(5_000)]
    failed: list[BaseException] = []

    def work(order: int, folder: Path) -> None:
        try:
            Importer(load.database, folder).events(*names[::order], lead=of[::order])
        except BaseException as error:  # noqa: BLE001 - any of them is a failure
            failed.append(error)

    threads = [threading.Thread(target=work, args=(order, load.folder / str(order))) for order in (1, -1)]
    for order in (1, -1):
        (load.folder / str(order)).mkdir()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert load.count(tables.events) == 5_000


def test_what_is_said_of_a_merged_lead_is_said_of_the_one_that_stands_for_it(load: Importer):
    load.leads("1", "2")
    load.events("before", lead="2")
    for _ in range(2):
        assert load.leads("2", merged_into=["1"]).rejected == 0
    load.events("after", lead="2")
    load.outcomes("x", lead="2")
    history = load.history()
    (lead,) = history.leads.to_pylist()
    assert lead["external_id"] == "1"
    assert set(history.events["lead"].to_pylist()) == set(history.outcomes["lead"].to_pylist()) == {lead["lead"]}
    assert history.events.num_rows == 2


@pytest.mark.parametrize("order", [["2", "3"], ["3", "2"]])
def test_chains_of_merges_end_at_the_same_lead_in_any_order(load: Importer, order: list[str]):
    load.leads("1", "2", "3")
    into = {"2": "1", "3": "2"}
    for name in order:
        load.leads(name, merged_into=[into[name]])
    assert load.history().leads["external_id"].to_pylist() == ["1"]


def test_merges_that_cannot_be_are_told(load: Importer):
    load.leads("1", "2")
    load.leads("2", merged_into=["1"])
    result = load.leads("1", "2", merged_into=["2", "nobody"])
    assert (result.rejected, result.unchanged) == (2, 2)
    assert [row["reason"].partition(",")[0] for row in load.rejected] == ["It is stored"] * 2


def test_an_erased_lead_stays_out_until_it_is_readmitted(load: Importer):
    load.leads("1", "2")
    load.events("a")
    load.outcomes("x")
    (receipt,) = forget(load.database, "default", [("web", "1")], "anna")
    assert receipt.counts == {"leads": 1, "statements": 1, "events": 1, "outcomes": 1, "scores": 0}
    assert load.count(tables.events) == 0
    with pytest.raises(NothingStoredError, match=r"It was erased on .* --readmit"):
        load.leads("1")
    assert load.leads("1", "2").rejected == 1
    columns = {"source": ["web"], "external_id": ["1"], "occurred_at": ["2026-01-05T09:30:00Z"]}
    assert load(RecordKind.LEADS, columns, readmit=True).added == 1
    assert load.leads("1").rejected == 0


def test_further_places_are_erased_from_too_and_an_error_there_keeps_the_lead(load: Importer):
    load.leads("1", "2")
    asked: list[tuple[str, object]] = []

    def snapshots(organisation: str, leads: object) -> dict[str, int]:
        asked.append((organisation, leads))
        return {"snapshots": 3}

    def broken(_organisation: str, _leads: object) -> dict[str, int]:
        raise FileNotFoundError

    (receipt,) = forget(load.database, "default", [("web", "1")], "anna", also=[snapshots])
    assert (receipt.counts["snapshots"], asked) == (3, [("default", [("web", "1")])])
    with pytest.raises(FileNotFoundError):
        forget(load.database, "default", [("web", "2")], "anna", also=[broken])
    assert load.history().leads["external_id"].to_pylist() == ["2"]


def test_a_merged_lead_is_erased_with_the_one_that_stands_for_it(load: Importer):
    load.leads("1", "2")
    load.leads("2", merged_into=["1"])
    (receipt,) = forget(load.database, "default", [("web", "2")], "anna")
    assert (receipt.counts["leads"], len(receipt.identifier_hashes)) == (2, 2)
    assert load.count(tables.leads) == 0
    # Erased already: the receipt of then.
    (again,) = forget(load.database, "default", [("web", "1")], "bert")
    assert (again.erased_by, again.counts["leads"]) == ("anna", 1)


def test_a_merged_lead_is_not_ranked_and_its_outcome_ends_the_one_that_stands_for_it(load: Importer):
    load.leads("1", "2", "3")
    load.leads("2", merged_into=["1"])
    at = datetime(2026, 1, 6, tzinfo=UTC)
    scores = [Score(("web", name), "sold", at, at, "v", 0.5, None, "A", "Call", 0.0, ()) for name in "123"]
    with load.database.transaction() as connection:
        ScoreRepository(connection).add_many(scores)

    def ranked() -> list[str]:
        with load.database.transaction() as connection:
            listed = RankingRepository(connection, "default", TARGET, at).list(RankingFilter(), limit=9)
        return [each.lead.external_id for each in listed]

    assert ranked() == ["1", "3"]
    load.outcomes("x", lead="2", occurred_at=["2026-01-05T12:00:00Z"], recorded_at=["2026-01-05T12:00:00Z"])
    assert ranked() == ["3"]
