"""A history in parts of whole leads: nothing is lost, nothing stands twice, and no lead is in two parts."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from leadwise.domain.history import EVENTS, LEADS, MOMENTS, OUTCOMES, STATEMENTS, History
from leadwise.features.parts import split

leads = st.integers(-3, 9)


def history_of(said: list[int], happened: list[int]) -> History:
    places = list(range(13))
    return History(
        pa.table([[lead - 3 for lead in places], ["crm"] * 13, [str(lead) for lead in places], *[[0] * 13] * 2], LEADS),
        pa.table([said, *[["price"] * len(said)] * 2, *[range(len(said))] * 4], STATEMENTS),
        pa.table([happened, ["sent"] * len(happened), *[range(len(happened))] * 3], EVENTS),
        OUTCOMES.empty_table(),
    )


@given(st.lists(leads), st.lists(leads), st.lists(leads, min_size=1), st.integers(1, 5))
def test_each_moment_is_in_one_part_with_all_facts_of_its_lead(said, happened, asked, most):
    history = history_of(said, happened)
    moments = pa.table([asked, list(range(len(asked)))], MOMENTS)
    parts = split(history, moments, most)
    assert sorted(place for part in parts for place in part.places.tolist()) == list(range(len(asked)))
    seen: set[int] = set()
    for part in parts:
        own = set(part.moments["lead"].to_pylist())
        assert own
        assert not own & seen
        seen |= own
        assert part.moments.num_rows < most + max(asked.count(lead) for lead in own)
        for name in ("leads", "statements", "events"):
            whole, found = getattr(history, name), getattr(part.history, name)
            for lead in own:
                expected = [row for row in whole.to_pylist() if row["lead"] == lead]
                assert [row for row in found.to_pylist() if row["lead"] == lead] == expected
    assert sum(part.history.events.num_rows for part in parts) <= len(happened)
