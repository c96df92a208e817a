"""Every feature of every blueprint has the same value on every engine."""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest
from tests.features.random_histories import ODD, random_history, random_moments
from tests.features.spark_cluster import BRIEF

from leadwise.blueprints.blueprint import list_blueprints, load_blueprint
from leadwise.domain.history import MOMENTS
from leadwise.domain.target import EventKind, EventNumber, FieldKind, LeadField, Target
from leadwise.features.engines import Engine
from leadwise.features.engines.choice import get_engine
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.engines.spark_session import stop
from leadwise.features.history import compute, definitions

pytest.importorskip("pyspark", reason="not offered by the other side: the extra `spark` is not installed")

HOSTILE = Target(
    name="'; DROP TABLE leads; --",
    title="<script>",
    entity="lead",
    horizon_days=1,
    open_days=1,
    ages_days=(0,),
    fields=tuple(
        LeadField(name=f"{name}{kind}", title=f"{name} {kind}", kind=kind, missing="")
        for name, kind in zip([str(odd) for odd in ODD], FieldKind, strict=False)
    ),
    events=tuple(
        EventKind(
            name=f"{name} 2",
            title=f"{name} 2",
            never="",
            once="",
            times="",
            numbers=(EventNumber(name=f"{name} 3", title=f"{name} 3"),),
        )
        for name in ("SELECT", "row", "🚗", "{count}", "`x`", '"y"')
    ),
)
DUCKDB, SQLITE = DuckDBEngine(few_rows=0), DuckDBEngine(few_rows=1_000_000)
BLUEPRINTS = list_blueprints()
OWN = {name: load_blueprint(name).target for name in BLUEPRINTS}
ALL = {name: target.model_copy(update={"features": ()}) for name, target in OWN.items()}
NAMED = {f"{name}, under its own names": target for name, target in OWN.items() if target.features}
TARGETS = {**ALL, **NAMED, "hostile": HOSTILE}


@pytest.fixture(scope="module")
def spark() -> Iterator[Engine]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JDK_JAVA_OPTIONS", BRIEF)
        yield get_engine("spark-local", memory="1g")
        stop()


def test_all_blueprints_are_seen():
    assert len(ALL) == len(BLUEPRINTS) >= 6
    assert NAMED


@pytest.mark.parametrize("name", TARGETS)
def test_every_feature_is_the_same_on_spark_and_for_a_few_rows(spark, name):
    target = TARGETS[name]
    history = random_history(target, seed=len(name))
    moments = random_moments(history, seed=len(name))
    expected, found, few = (compute(target, history, moments, engine) for engine in (DUCKDB, spark, SQLITE))
    assert found.schema == few.schema == expected.schema
    assert found.select(MOMENTS.names) == moments
    unlike = [each.name for each in definitions(target) if not same(found[each.name], expected[each.name])]
    assert unlike == []
    assert [each.name for each in definitions(target) if not same(few[each.name], expected[each.name])] == []
    empty = [each.name for each in definitions(target) if expected[each.name].null_count == len(moments)]
    assert empty == []  # or else nothing was compared


def same(found: pa.ChunkedArray, expected: pa.ChunkedArray) -> bool:
    """Floats to 1e-9, all else to the last digit; null where the other is."""
    if not pa.types.is_floating(expected.type):
        return found.equals(expected)
    one, other = found.to_numpy(), expected.to_numpy()  # null as NaN, which no feature is
    return found.is_null().equals(expected.is_null()) and np.allclose(one, other, 1e-9, 1e-9, equal_nan=True)


def test_no_moments_give_a_table_without_rows(spark):
    target = ALL["crm-leads"]
    history = random_history(target, seed=1, leads=2, events=2)
    expected, found = (compute(target, history, MOMENTS.empty_table(), engine) for engine in (DuckDBEngine(), spark))
    assert found == expected == compute(target, history, MOMENTS.empty_table(), DUCKDB)
