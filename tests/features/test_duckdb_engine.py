from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadwise.domain.errors import Unavailable
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.engines.sqlite import MOST_COLUMNS, SQLiteEngine

COUNT = "WITH counted AS (SELECT count(*) AS n, max(a) AS most FROM facts) SELECT n, most FROM counted"


def facts(rows: int) -> pa.Table:
    return pa.table({"a": pa.array(range(rows), pa.int64())})


@pytest.mark.parametrize("rows", [0, 1, 3_000])
def test_tables_in_memory_are_read(rows: int) -> None:
    found = DuckDBEngine().run(COUNT, {"facts": facts(rows)})
    assert found.to_pylist() == [{"n": rows, "most": rows - 1 if rows else None}]


def test_a_result_has_the_columns_that_are_asked_for() -> None:
    columns = pa.schema([("n", pa.float64()), ("most", pa.int32())])
    assert DuckDBEngine().run(COUNT, {"facts": facts(2)}, columns).schema == columns


def test_few_rows_are_for_sqlite_and_many_rows_or_columns_are_not() -> None:
    engine = DuckDBEngine(few_rows=10)
    assert isinstance(engine.suited_to(10, 100), SQLiteEngine)
    assert engine.suited_to(11, 100) is engine
    assert engine.suited_to(1, MOST_COLUMNS + 1) is engine


def test_parquet_files_and_folders_of_them_are_read_in_place(tmp_path: Path) -> None:
    for part in range(2):
        pq.write_table(facts(3), tmp_path / f"{part}.parquet")
    engine = DuckDBEngine()
    assert engine.run(COUNT, {"facts": tmp_path})["n"].to_pylist() == [6]
    assert engine.run(COUNT, {"facts": tmp_path / "0.parquet"})["n"].to_pylist() == [3]


def test_threads_may_share_an_engine() -> None:
    engine = DuckDBEngine()
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda rows: engine.run(COUNT, {"facts": facts(rows)})["n"][0].as_py(), range(40))
    assert list(found) == list(range(40))


def test_too_little_memory_is_told_with_a_next_step(tmp_path: Path) -> None:
    engine = DuckDBEngine(memory_limit="1MB", temp_directory=tmp_path / "full")
    with pytest.raises(Unavailable, match=r"computed by DuckDB, but it stopped.*Free memory"):
        engine.run("SELECT a, count(*) AS n FROM facts GROUP BY a ORDER BY a", {"facts": facts(2_000_000)})
