from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.targets import a_target

from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS, History
from leadwise.domain.target import EventKind
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.engines.sqlite import MOST_COLUMNS, STATEMENTS_KEPT, SQLiteEngine
from leadwise.features.history import compute, definitions

COUNT = "WITH counted AS (SELECT count(*) AS n, max(a) AS most FROM facts) SELECT n, most FROM counted"


def facts(rows: int) -> pa.Table:
    return pa.table({"a": pa.array(range(rows), pa.int64())})


def test_a_kept_statement_sees_new_rows_each_time() -> None:
    engine = SQLiteEngine()
    assert [engine.run(COUNT, {"facts": facts(rows)})["n"][0].as_py() for rows in (3, 0, 500, 1)] == [3, 0, 500, 1]


def test_more_statements_than_are_kept_can_be_run() -> None:
    engine = SQLiteEngine()
    numbers = [*range(STATEMENTS_KEPT + 2)] * 2
    run = partial(engine.run, tables={"facts": facts(1)})
    found = [run(f"SELECT a + {each} AS b FROM facts")["b"][0].as_py() for each in numbers]  # noqa: S608 - numbers
    assert found == numbers


def test_values_of_all_types_pass_through() -> None:
    table = pa.table(
        {
            "i": pa.array([1, None], pa.int32()),
            "x": [1e300, float("inf")],
            "t": ["it's \\ 🙂 \n", None],
            "b": [True, None],
            "n": pa.array([None, None], pa.float64()),
            "l": pa.array([-(2**62), 2**63 - 1], pa.int64()),
        }
    )
    assert SQLiteEngine().run("SELECT * FROM facts", {"facts": table}, table.schema).equals(table)


def test_an_empty_result_keeps_its_columns() -> None:
    columns = pa.schema([("a", pa.int64()), ("b", pa.bool_())])
    found = SQLiteEngine().run("SELECT a, a AS b FROM facts", {"facts": facts(0)}, columns)
    assert (found.num_rows, found.schema) == (0, columns)


def test_what_fails_leaves_nothing_behind() -> None:
    engine = SQLiteEngine()
    with pytest.raises(OverflowError):
        engine.run(COUNT, {"facts": pa.table({"a": pa.array([1, 2**64 - 1], pa.uint64())})})
    assert engine.run(COUNT, {"facts": facts(2)})["n"].to_pylist() == [2]


def test_threads_may_share_an_engine() -> None:
    engine = SQLiteEngine()
    with ThreadPoolExecutor(4) as pool:
        found = pool.map(lambda rows: engine.run(COUNT, {"facts": facts(rows)})["n"][0].as_py(), range(40))
    assert list(found) == list(range(40))


@given(st.one_of(st.integers(-9, 9).map(lambda half: half / 2), st.floats(-1e18, 1e18)), st.integers(0, 2**40))
def test_the_functions_of_features_are_as_duckdb_has_them(number: float, bits: int) -> None:
    tables = {"facts": pa.table({"x": [number, None], "bits": [bits, None], "none": pa.array([None] * 2, pa.int64())})}
    columns = pa.schema([(name, pa.float64()) for name in "abcdef"])
    statement = """SELECT round(x) AS a, floor(x) AS b, bit_count(bits) AS c, greatest(bits, 5, none) AS d,
        greatest(none, none) AS e, 1 << 40 AS f FROM facts"""
    assert SQLiteEngine().run(statement, tables, columns) == ENGINE.run(
        statement.replace("1 <<", "1::BIGINT <<"), tables, columns
    )


def test_bits_of_all_rows_are_joined() -> None:
    statement = "SELECT bit_or(a) AS bits, bit_or(CASE WHEN a > 9 THEN a END) AS none FROM facts"
    assert SQLiteEngine().run(statement, {"facts": facts(5)}).to_pylist() == [{"bits": 7, "none": None}]


def test_a_target_of_more_features_than_sqlite_can_have_is_computed() -> None:
    kinds = [EventKind(name=f"k{place}", title=f"K{place}", never="", once="", times="") for place in range(400)]
    target = a_target(name="x", title="X").model_copy(update={"events": tuple(kinds)})
    assert len(definitions(target)) > MOST_COLUMNS
    history = History(
        pa.table([[1], ["crm"], ["L1"], [5], [5]], schema=LEADS),
        STATEMENTS.empty_table(),
        pa.table([[1, 1], ["k7", "k7"], [6, 7], [6, 9], [0, 1]], schema=EVENTS),
        OUTCOMES.empty_table(),
    )
    found = compute(target, history, pa.table([[1], [8]], schema=MOMENTS), ENGINE)
    assert (found["K7"].to_pylist(), found["K8"].to_pylist()) == ([1], [0])


ENGINE = DuckDBEngine()
