"""Which leads there are, when they converted, and how much of that was known when."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadwise.domain.errors import LeadwiseError
from leadwise.training.options import FitOptions
from leadwise.training.time_errors import DatesNotUnderstoodError, DatesReversedError, UntilNotUnderstoodError
from leadwise.training.timeline import Timeline, read_timeline

OPTIONS = FitOptions(created="met", converted_at="won")


def read(met: list[object], won: list[object], until: str | None = None) -> Timeline:
    options = FitOptions(created="met", converted_at="won", until=until)
    return read_timeline(pa.table({"met": met, "won": won}), options)


def test_open_leads_are_watched_until_the_end_of_the_latest_day():
    timeline = read(["2026-01-01", "2026-01-08"], ["", "2026-01-10"])
    assert timeline.spans.converted.tolist() == [False, True]
    np.testing.assert_allclose(timeline.spans.days, [10, 2], atol=1e-4)


def test_leads_stand_in_the_order_of_their_creation():
    timeline = read(["2026-01-08", "2026-01-01", "2026-01-05"], ["", "", ""])
    assert timeline.rows.tolist() == [1, 2, 0]


@pytest.mark.parametrize(
    "kind", [str, date.fromisoformat, lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)]
)
def test_dates_are_read_whatever_type_they_came_in(kind):
    timeline = read([kind("2026-01-01"), kind("2026-01-02")], [kind("2026-01-03"), None])
    assert timeline.spans.converted.tolist() == [True, False]
    assert timeline.spans.days[0] == 2


def test_until_makes_later_conversions_open_and_leaves_out_later_leads():
    timeline = read(["2026-01-01", "2026-01-02", "2026-01-09"], ["2026-01-20", "2026-01-04", ""], until="2026-01-05")
    assert timeline.rows.tolist() == [0, 1]
    assert timeline.spans.converted.tolist() == [False, True]
    assert timeline.notes == ("1 row has a creation after 2026-01-05, the moment of observation, and was left out.",)


def test_a_conversion_before_its_lead_is_left_out_and_told():
    timeline = read(["2026-01-05", "2026-01-01", "2026-01-02"], ["2026-01-02", "2026-01-03", "2026-01-04"])
    assert timeline.rows.tolist() == [1, 2]
    assert "1 row has a date in 'won' that comes before that in 'met'" in timeline.notes[0]


def test_a_conversion_earlier_on_the_same_day_happened_at_once():
    timeline = read(["2026-01-05 14:00", "2026-01-01"], ["2026-01-05", ""])
    assert timeline.spans.days[timeline.spans.converted].tolist() == [0]


def test_columns_that_were_mixed_up_are_refused():
    with pytest.raises(DatesReversedError, match="2 of 2 dates in 'won' come before"):
        read(["2026-01-05", "2026-01-06", "2026-01-07"], ["2026-01-02", "2026-01-03", ""])


def test_a_date_in_the_future_does_not_stretch_the_watch():
    ahead = (datetime.now(UTC) + timedelta(days=400)).date().isoformat()
    timeline = read(["2026-01-01", "2026-01-02", "2026-01-03"], [ahead, "2026-01-05", ""])
    assert timeline.rows.tolist() == [1, 2]
    assert timeline.spans.days.max() < 4
    assert "in the future" in timeline.notes[0]


def test_rows_without_a_creation_are_left_out_and_told():
    timeline = read(["2026-01-01", "", "2026-01-03"] * 10, ["", "", "2026-01-05"] * 10)
    assert len(timeline) == 20
    assert "10 rows have no date in 'met'" in timeline.notes[0]


@pytest.mark.parametrize("name", ["met", "won"])
def test_a_column_of_something_else_is_refused(name):
    columns = {"met": ["2026-01-01", "2026-01-02"], "won": ["2026-01-03", ""]} | {name: ["yes", "no"]}
    with pytest.raises(DatesNotUnderstoodError, match="should hold dates, but 100% of what it holds are none"):
        read_timeline(pa.table(columns), OPTIONS)


@pytest.mark.parametrize("nothing", ["", "N/A", "0000-00-00", "0000-00-00 00:00:00"])
def test_what_means_no_date_means_not_yet(nothing):
    assert read(["2026-01-01", "2026-01-02"], ["2026-01-03", nothing]).spans.converted.tolist() == [True, False]


def test_until_must_be_a_date():
    with pytest.raises(UntilNotUnderstoodError, match="is 'soon'"):
        read(["2026-01-01"], [""], until="soon")


@pytest.mark.parametrize("columns", [{"met": ["2026-01-01"]}, {"won": [""]}])
def test_both_columns_must_be_there(columns):
    with pytest.raises(LeadwiseError, match="names the column"):
        read_timeline(pa.table(columns), OPTIONS)


@given(
    leads=st.lists(st.tuples(st.integers(0, 60), st.none() | st.integers(0, 60)), min_size=1, max_size=30),
    instant=st.integers(0, 130),
)
def test_what_happens_later_changes_nothing_that_was_known(leads, instant):
    """Leads created later and conversions that come later leave no trace in an earlier view."""
    created = np.array([float(met) for met, _ in leads])
    won = np.array([np.nan if wait is None else met + float(wait) for met, wait in leads])
    order = np.argsort(created, kind="stable")
    whole = Timeline(order, created[order], won[order], 200.0, ~np.isnan(won[order]))
    kept = created[order] <= instant
    past = np.where(won[order][kept] <= instant, won[order][kept], np.nan)
    alone = Timeline(order[kept], created[order][kept], past, float(instant), ~np.isnan(past))
    seen = whole.known_at(instant)
    np.testing.assert_array_equal(seen.spans.days, alone.spans.days)
    np.testing.assert_array_equal(seen.spans.converted, alone.spans.converted)
    assert (seen.spans.days <= seen.watched).all()
