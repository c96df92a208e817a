from datetime import UTC, datetime

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from leadwise.blueprints.blueprint import load_blueprint
from leadwise.domain.history import MOMENTS, microseconds
from leadwise.domain.lead import Lead
from leadwise.features.arrival import features_on_arrival
from leadwise.features.aspects import aspects
from leadwise.features.engines.duckdb import DuckDBEngine
from leadwise.features.history import compute
from leadwise.features.records import history_of

AT = datetime(2026, 3, 4, 5, 6, 7, 890_123, tzinfo=UTC)
TARGETS = [load_blueprint(name).target for name in ("b2b-leads", "customer-value")]
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**12),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=12),
    st.sampled_from(
        [
            "CEO",
            "Head of IT",
            "ada@gmail.com",
            "a@firm.de",
            "+49 30 901820",
            "2010-05-01",
            "1.2.1999",
            "yes",
            "0",
            "12.5",
        ]
    ),
)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: target.name)
@given(data=st.data())
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_fields_that_a_caller_gives_are_read_as_those_of_stored_leads(target, data):
    leads = data.draw(
        st.lists(st.dictionaries(st.sampled_from([f.name for f in target.fields]), VALUES), min_size=1, max_size=8)
    )
    history = history_of(
        target, [Lead("web", f"{at:03}", AT, AT, fields, target.entity) for at, fields in enumerate(leads)], []
    )
    moments = pa.table([list(range(len(leads))), [microseconds(AT)] * len(leads)], schema=MOMENTS)
    computed = compute(target, history, moments, DuckDBEngine()).to_pylist()
    names = [aspect.field.title + aspect.suffix for aspect in aspects(target)]
    for fields, row in zip(leads, computed, strict=True):
        found = features_on_arrival(target, fields, microseconds(AT))
        expected = {name: row[name] for name in names}
        assert dict.fromkeys(names) | found == pytest.approx(expected, nan_ok=True)
