import random
import threading
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.app.importer import TARGET, Importer

from leadwise.app import history_importing
from leadwise.app.forgetting import forget
from leadwise.app.history_importing import NothingStoredError
from leadwise.connectors.records.mapping import RecordKind
from leadwise.domain.score import Score
from leadwise.domain.target import FieldKind, LeadField
from leadwise.store import tables
from leadwise.store.database import Database
from leadwise.store.history import read_history
from leadwise.store.ranking import RankingFilter, RankingRepository
from leadwise.store.scores import ScoreRepository


def microseconds_to_day(stamp: int) -> str:
    return f"{datetime.fromtimestamp(stamp / 1e6, UTC):%Y-%m-%d}"


def test_a_history_is_stored_once_however_often_it_is_imported(load: Importer):
    for added, unchanged in ((2, 0), (0, 2)):
        for result in (load.leads("1", "2"), load.events("a", "b"), load.outcomes("x", "y")):
            assert (result.added, result.unchanged, result.changed, result.rejected) == (added, unchanged, 0, 0)
    history = load.history()
    assert [table.num_rows for table in (history.leads, history.events, history.outcomes)] == [2, 2, 2]


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
                name: sorted(str({**row, "lead": names[row["lead"]]}) for row in getattr(history, name).to_pylist())
                for name in ("leads", "statements", "events", "outcomes")
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


def test_a_merge_lets_nothing_be_known_earlier_than_the_merge_itself(load: Importer):
    load.leads("1", "2", "3", budget=["7"] * 3, recorded_at=["2026-01-05T00:00:00Z"] * 3)
    for lead in "123":
        load.events(f"event of {lead}", lead=lead, recorded_at=["2026-01-06T00:00:00Z"])
    load.leads("3", merged_into=["2"], recorded_at=["2026-02-01T00:00:00Z"])
    load.leads("2", merged_into=["1"], recorded_at=["2026-03-01T00:00:00Z"])
    budget = LeadField(name="budget", title="Budget", kind=FieldKind.NUMBER, missing="")
    with load.database.transaction() as connection:
        history = read_history(connection, "default", TARGET.model_copy(update={"fields": (budget,)}))
    known = sorted(microseconds_to_day(stamp) for stamp in history.events["recorded_at"].to_pylist())
    assert known == ["2026-01-06", "2026-03-01", "2026-03-01"]
    said = history.statements.to_pylist()
    assert {microseconds_to_day(row["recorded_at"]) for row in said} == {"2026-01-05", "2026-03-01"}


@pytest.mark.parametrize("order", [["2", "3"], ["3", "2"]])
def test_chains_of_merges_end_at_the_same_lead_in_any_order(load: Importer, order: list[str]):
    load.leads("1", "2", "3")
    into = {"2": "1", "3": "2"}
    for name in order:
        load.leads(name, merged_into=[into[name]])
    assert load.history().leads["external_id"].to_pylist() == ["1"]


WORDS = st.lists(st.tuples(st.sampled_from("1234"), st.sampled_from("1234"), st.integers(1, 3)), min_size=1, max_size=6)


def standing(load: Importer, words: Iterable[tuple[str, str, int]]) -> dict[str, str]:
    """Who stands for whom after these words, each a delivery of its own: part, whole, the day it was recorded."""
    with load.database.transaction() as connection:
        connection.execute(text("DELETE FROM leads"))
    load.leads(*"1234", recorded_at=["2026-01-05T00:00:00Z"] * 4)
    for part, whole, day in words:
        load.leads(part, merged_into=[whole], recorded_at=[f"2026-01-1{day}T00:00:00Z"])
    query = "SELECT part.external_id, whole.external_id FROM leads part JOIN leads whole ON whole.id = part.merged_into"
    with load.database.transaction() as connection:
        return {part: whole for part, whole in connection.execute(text(query))}  # noqa: C416 - rows are no pairs


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(words=WORDS, seed=st.integers(0, 99))
def test_merges_said_in_any_order_and_repeatedly_give_the_same_state(
    load: Importer, words: list[tuple[str, str, int]], seed: int
):
    shuffled = random.Random(seed).sample(words * 2, 2 * len(words))  # noqa: S311 - no secret
    found = standing(load, words)
    assert standing(load, shuffled) == found
    assert not set(found) & set(found.values())


def test_the_last_recorded_word_counts_and_a_lead_merged_into_itself_stands_alone_again(load: Importer):
    assert standing(load, [("2", "1", 1), ("3", "2", 1), ("2", "4", 2)]) == {"2": "4", "3": "4"}
    assert standing(load, [("2", "4", 2), ("3", "2", 1), ("2", "1", 1)]) == {"2": "4", "3": "4"}
    assert standing(load, [("2", "1", 1), ("3", "2", 1), ("2", "2", 2)]) == {"3": "2"}
    assert standing(load, [("1", "2", 1), ("2", "3", 2), ("3", "1", 1), ("4", "1", 1)]) == dict.fromkeys("134", "2")


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
            listed = RankingRepository(connection, "default", TARGET, at).rank(RankingFilter(), limit=9).leads
        return [each.lead.external_id for each in listed]

    assert ranked() == ["1", "3"]
    load.outcomes("x", lead="2", occurred_at=["2026-01-05T12:00:00Z"], recorded_at=["2026-01-05T12:00:00Z"])
    assert ranked() == ["3"]
