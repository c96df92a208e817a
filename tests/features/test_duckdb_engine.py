from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from leadwise.domain.errors import Unavailable
from leadwise.features.engines.duckdb import FEW_ROWS, DuckDBEngine

COUNT = "WITH counted AS (SELECT count(*) AS n, max(a) AS most FROM facts) SELECT n, most FROM counted"


def facts(rows: int) -> pa.Table:
    return pa.table({"a": pa.array(range(rows), pa.int64())})


@pytest.mark.parametrize("rows", [0, 1, FEW_ROWS, FEW_ROWS + 1])
def test_few_rows_and_many_give_the_same(rows: int) -> None:
    engine = DuckDBEngine()
    for _ in range(3):
        found = engine.run(COUNT, {"facts": facts(rows)})
        assert found.to_pylist() == [{"n": rows, "most": rows - 1 if rows else None}]


def test_a_kept_plan_sees_new_rows_each_time() -> None:
    engine = DuckDBEngine()
    assert [engine.run(COUNT, {"facts": facts(rows)})["n"][0].as_py() for rows in (3, 0, 500, 1)] == [3, 0, 500, 1]


def test_values_of_all_types_pass_through_a_kept_plan() -> None:
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int32()),
            "x": [1e300, float("inf")],
            "t": ["it's \\ 🙂 \n", None],
            "b": [True, None],
            "l": pa.array([-(2**62), 2**62], pa.int64()),
        }
    )
    engine = DuckDBEngine()
    for _ in range(2):
        assert engine.run("WITH all_of AS (SELECT * FROM facts) SELECT * FROM all_of", {"facts": table}).equals(table)


def test_an_empty_result_keeps_its_columns() -> None:
    engine = DuckDBEngine()
    for _ in range(2):
        found = engine.run("WITH w AS (SELECT * FROM facts) SELECT a, 'x' AS t FROM w", {"facts": facts(0)})
        assert (found.num_rows, found.schema.names) == (0, ["a", "t"])


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
